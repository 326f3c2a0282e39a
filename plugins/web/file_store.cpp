#include "plugins/web/file_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

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

SealedPlace place(const char* column, Id file) { return {"web_file", column, file.value}; }

/// Whose key seals an upload: the visitor's; what agents send is the hub's own.
Id subject_of(std::string_view owner) {
  const auto visitor = owner.starts_with("v:") ? parse_id(owner.substr(2)) : Result<Id>(Id{});
  return visitor ? *visitor : Id{};
}

constexpr const char* kById = "SELECT id, name, media_type, size FROM web_file WHERE id = ?";

}  // namespace

FileStore::FileStore(Database& database, Vault& vault, Bus& bus, const Clock& clock, std::filesystem::path folder)
    : database_(database), vault_(vault), bus_(bus), clock_(clock), folder_(std::move(folder)) {
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
  // The row first: with it the key is committed, and sealing the bytes holds up nobody's write. What is interrupted in
  // between is a row that no message names.
  if (auto inserted = insert(about, owner); !inserted) return inserted.error();
  const File file{about, path_of(about.id)};
  if (auto written = write_sealed(file, owner, bytes); !written) {
    if (auto undone = remove({file}, {}); !undone) return undone.error();
    return written.error();
  }
  return about;
}

Result<void> FileStore::insert(const contract::Attachment& about, const std::string& owner) {
  return database_.write_and_wait([&](Session& s) -> Result<void> {
    auto name = vault_.seal(s, subject_of(owner), place("name", about.id), about.name);
    if (!name) return name.error();
    auto rows = s.run("INSERT INTO web_file (id, owner, name, media_type, size, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                      about.id, owner, SqlArg::blob(*name), about.media_type, about.size, clock_.now());
    if (!rows) return rows.error();
    return {};
  });
}

Result<void> FileStore::write_sealed(const File& file, const std::string& owner, const std::string& bytes) {
  std::string sealed;
  auto done = database_.read([&](Session& s) -> Result<void> {
    auto made = vault_.seal(s, subject_of(owner), place("content", file.about.id), bytes);
    if (!made) return made.error();
    sealed = std::move(*made);
    return {};
  });
  if (!done) return done;
  std::error_code ignored;
  std::filesystem::create_directories(file.path.parent_path(), ignored);
  return write_synced(file.path, sealed);
}

Result<std::string> FileStore::content(const File& file) {
  std::ifstream in(file.path, std::ios::binary);
  const std::string sealed((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::string bytes;
  auto done = database_.read([&](Session& s) -> Result<void> {
    auto opened = vault_.open(s, place("content", file.about.id), sealed);
    if (!opened) return opened.error();
    bytes = std::move(*opened);
    return {};
  });
  if (!done) return done.error();
  if (!in || static_cast<std::int64_t>(bytes.size()) != file.about.size) {
    return Error{Errc::internal, "web.file_damaged", fmt::format("{} is not as it was stored", file.path.string())};
  }
  return bytes;
}

Result<FileStore::File> FileStore::read_row(Session& session, const Rows& row) const {
  const Id id = row.id(0);
  auto name = vault_.open(session, place("name", id), row.text(1));
  if (!name) return name.error();
  return File{{.id = id, .name = std::move(*name), .media_type = row.str(2), .size = row.integer(3)}, path_of(id)};
}

Result<FileStore::File> FileStore::open(Id file) {
  File found;
  auto done = database_.read([&](Session& s) -> Result<void> {
    auto rows = s.query(kById, file);
    if (!rows->next()) {
      if (auto status = rows->status(); !status) return status;
      return Error{Errc::not_found, fmt::format("there is no file {}", file.str())};
    }
    auto row = read_row(s, *rows);
    if (!row) return row.error();
    found = std::move(*row);
    return {};
  });
  if (!done) return done.error();
  return found;
}

Result<std::vector<FileStore::File>> FileStore::of(const std::vector<std::string>& owners,
                                                   const std::vector<Id>& files) {
  std::vector<File> found;
  auto done = database_.read([&](Session& s) -> Result<void> {
    for (const std::string& owner : owners) {
      auto rows = s.query("SELECT id, name, media_type, size FROM web_file WHERE owner = ? ORDER BY id", owner);
      while (rows->next()) {
        auto row = read_row(s, *rows);
        if (!row) return row.error();
        found.push_back(std::move(*row));
      }
      if (auto status = rows->status(); !status) return status;
    }
    for (const Id file : files) {
      if (std::any_of(found.begin(), found.end(), [&](const File& f) { return f.about.id == file; })) continue;
      auto rows = s.query(kById, file);
      if (rows->next()) {
        auto row = read_row(s, *rows);
        if (!row) return row.error();
        found.push_back(std::move(*row));
      }
      if (auto status = rows->status(); !status) return status;
    }
    return {};
  });
  if (!done) return done.error();
  return found;
}

Result<std::int64_t> FileStore::remove(const std::vector<File>& files, const std::vector<Id>& visitors) {
  for (const File& file : files) {
    std::error_code failed;
    std::filesystem::remove(file.path, failed);
    if (failed) {
      return Error{Errc::unavailable, "web.file_not_removed",
                   fmt::format("cannot remove {}: {}", file.path.string(), failed.message())};
    }
  }
  std::int64_t count = 0;
  auto done = database_.write_and_wait([&](Session& s) -> Result<void> {
    count = 0;
    for (const File& file : files) {
      auto gone = s.run("DELETE FROM web_file WHERE id = ?", file.about.id);
      if (!gone) return gone.error();
      count += *gone;
    }
    return visitors.empty() ? Result<void>() : vault_.forget(s, visitors);
  });
  if (!done) return done.error();
  return count;
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
        auto rows = s.query(
            "SELECT id, name, media_type, size FROM web_file WHERE id = ? AND owner = ? AND given_up_at IS NULL", file,
            owner);
        if (!rows->next()) {
          if (auto status = rows->status(); !status) return status;
          return Error{Errc::not_found, fmt::format("there is no upload {} of yours; upload it first", file.str())};
        }
        auto row = read_row(s, *rows);
        if (!row) return row.error();
        found.push_back(std::move(row->about));
      }
      return {};
    });
    if (!read) return (*answer)(read.error());
    (*answer)(std::move(found));
  });
  if (!queued) (*answer)(Error{Errc::overloaded, "too many files are being looked up; send it again in a moment"});
}

}  // namespace qiao::web
