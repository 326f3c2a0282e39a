#include "plugins/web/file_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "plugins/web/media_type.hpp"

namespace qiao::web {
namespace {

const Lane kFileLane{.kind = Lane::blocking, .name = "files"};

Result<void> write_synced(const std::filesystem::path& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const auto failed = [&](const char* what) {
    const Error error{Errc::unavailable, "web.file_not_kept",
                      fmt::format("{} {}: {}", what, path.string(), std::strerror(errno))};
    if (fd >= 0) ::close(fd);
    return error;
  };
  if (fd < 0) return failed("cannot create");
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("cannot write");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(fd) != 0) return failed("cannot sync");
  ::close(fd);
  return {};
}

contract::Attachment read_row(Rows& rows) {
  return {.id = rows.id(0), .name = rows.str(1), .media_type = rows.str(2), .size = rows.integer(3)};
}

}  // namespace

FileStore::FileStore(Database& database, Bus& bus, const Clock& clock, std::filesystem::path folder)
    : database_(database), bus_(bus), clock_(clock), folder_(std::move(folder)) {
  std::filesystem::create_directories(folder_);
}

std::filesystem::path FileStore::path_of(Id file) const {
  return folder_ / fmt::format("{:02x}", static_cast<std::uint64_t>(file.value) % 251) / file.str();
}

Result<contract::Attachment> FileStore::keep(std::string_view name, std::string bytes, const std::string& owner) {
  contract::Attachment about{.id = new_id(), .name = safe_file_name(name), .media_type = media_type_of(bytes, name)};
  if (about.media_type.empty()) {
    return Error{Errc::bad_value, "web.file_type",
                 "this kind of file is not accepted: send a picture, PDF, office document, text, sound, video or zip"};
  }
  bytes = without_metadata(std::move(bytes), about.media_type);
  about.size = static_cast<std::int64_t>(bytes.size());
  const std::filesystem::path path = path_of(about.id);
  std::error_code ignored;
  std::filesystem::create_directories(path.parent_path(), ignored);
  if (auto written = write_synced(path, bytes); !written) return written.error();
  auto stored = database_.write_and_wait([&](Session& s) -> Result<void> {
    auto rows = s.run("INSERT INTO web_file (id, owner, name, media_type, size, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                      about.id, owner, about.name, about.media_type, about.size, clock_.now());
    if (!rows) return rows.error();
    return {};
  });
  if (!stored) {
    std::filesystem::remove(path, ignored);
    return stored.error();
  }
  return about;
}

Result<FileStore::File> FileStore::open(Id file) {
  File found;
  auto done = database_.read([&](Session& s) -> Result<void> {
    auto rows = s.query("SELECT id, name, media_type, size FROM web_file WHERE id = ?", file);
    if (!rows->next()) {
      if (auto status = rows->status(); !status) return status;
      return Error{Errc::not_found, fmt::format("there is no file {}", file.str())};
    }
    found = {read_row(*rows), path_of(file)};
    return {};
  });
  if (!done) return done.error();
  return found;
}

void FileStore::resolve(std::vector<Id> files, std::string owner,
                        std::function<void(Result<std::vector<contract::Attachment>>)> done) {
  if (files.empty()) return done(std::vector<contract::Attachment>{});
  // Kept outside the task: when the lane is full, the callback is still ours to call.
  auto answer = std::make_shared<decltype(done)>(std::move(done));
  const bool queued = bus_.post(kFileLane, [this, files = std::move(files), owner = std::move(owner), answer] {
    std::vector<contract::Attachment> found;
    auto read = database_.read([&](Session& s) -> Result<void> {
      for (const Id file : files) {
        auto rows = s.query("SELECT id, name, media_type, size FROM web_file WHERE id = ? AND owner = ?", file, owner);
        if (!rows->next()) {
          if (auto status = rows->status(); !status) return status;
          return Error{Errc::not_found, fmt::format("there is no upload {} of yours; upload it first", file.str())};
        }
        found.push_back(read_row(*rows));
      }
      return {};
    });
    if (!read) return (*answer)(read.error());
    (*answer)(std::move(found));
  });
  if (!queued) (*answer)(Error{Errc::overloaded, "too many files are being looked up; send it again in a moment"});
}

}  // namespace qiao::web
