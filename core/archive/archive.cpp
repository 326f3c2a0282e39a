#include "core/archive/archive.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <system_error>

#include "core/archive/files.hpp"
#include "core/archive/row_file.hpp"
#include "qiao/json.hpp"

namespace qiao::core {
namespace {

namespace fs = std::filesystem;

constexpr std::int32_t kFormat = 1;
constexpr const char* kManifest = "manifest.json";
constexpr const char* kSums = "SHA256SUMS";

/// Below a folder, without a way out of it.
bool safe_path(const std::string& path) {
  const fs::path p(path);
  return !path.empty() && p.is_relative() && std::none_of(p.begin(), p.end(), [](const fs::path& part) {
    return part == ".." || part == "." || part.empty();
  });
}

fs::path table_file(const std::string& table) { return fs::path("tables") / (table + ".gz"); }

/// Removes an unfinished backup.
struct Unfinished {
  fs::path path;
  ~Unfinished() {
    std::error_code ignored;
    if (!path.empty()) fs::remove_all(path, ignored);
  }
};

/// Collects what SHA256SUMS says.
using Sums = std::map<std::string, std::string>;

bool same_file(const fs::path& a, const fs::path& b) {
  struct stat first {};
  struct stat second {};
  return stat(a.c_str(), &first) == 0 && stat(b.c_str(), &second) == 0 && first.st_size == second.st_size &&
         first.st_mtim.tv_sec == second.st_mtim.tv_sec && first.st_mtim.tv_nsec == second.st_mtim.tv_nsec;
}

/// What plugins keep never changes once it is there, so a file that the backup before has is shared with it.
class FileCopier {
 public:
  FileCopier(const BackupOrder& order, fs::path folder) : order_(order), folder_(std::move(folder)) {
    if (order.previous.empty()) return;
    if (auto before = Archive::open(order.previous)) {
      for (const ArchivedFile& file : (*before)->manifest().files) known_[file.path] = file.sha256;
    }
  }

  Result<void> run(ArchiveManifest& manifest, Sums& sums, BackupReport& report) {
    std::error_code error;
    if (!fs::is_directory(order_.files, error)) return {};
    std::vector<fs::path> paths;
    for (fs::recursive_directory_iterator it(order_.files, error), end; !error && it != end; it.increment(error)) {
      std::error_code gone;
      if (it->is_regular_file(gone) && it->path().extension() != ".part") paths.push_back(it->path());
    }
    if (error) return files::failed(order_.files, "cannot read", error.value());
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths) {
      if (order_.give_up && order_.give_up()) {
        return Error{Errc::cancelled, "backup.interrupted", "the hub is being stopped; the backup was given up"};
      }
      ArchivedFile file{path.lexically_relative(order_.files).string(), 0, {}};
      const fs::path to = folder_ / "files" / file.path;
      if (auto made = files::make_folders(to.parent_path()); !made) return made;
      auto taken = take(path, to, file, report);
      if (!taken && taken.error().code == Errc::not_found) continue;  // deleted meanwhile
      if (!taken) return taken;
      sums["files/" + file.path] = file.sha256;
      manifest.files.push_back(std::move(file));
    }
    return {};
  }

 private:
  Result<void> take(const fs::path& from, const fs::path& to, ArchivedFile& file, BackupReport& report) {
    const auto known = known_.find(file.path);
    if (known != known_.end()) {
      const fs::path before = order_.previous / "files" / file.path;
      if (same_file(before, from) && ::link(before.c_str(), to.c_str()) == 0) {
        std::error_code ignored;
        file.bytes = static_cast<std::int64_t>(fs::file_size(to, ignored));
        file.sha256 = known->second;
        ++report.files_linked;
        return {};
      }
    }
    auto copied = files::copy(from, to);
    if (!copied) return copied.error();
    file.bytes = static_cast<std::int64_t>(copied->bytes);
    file.sha256 = std::move(copied->sha256);
    return {};
  }

  const BackupOrder& order_;
  const fs::path folder_;
  std::map<std::string, std::string> known_;
};

std::uint64_t bytes_in(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) bytes += it->file_size(ignored);
  }
  return bytes;
}

std::string sums_text(const Sums& sums) {
  std::string text;
  for (const auto& [path, hash] : sums) text += fmt::format("{}  {}\n", hash, path);
  return text;
}

}  // namespace

Result<BackupReport> write_archive(RowSource& source, const BackupOrder& order) {
  std::error_code error;
  if (fs::exists(order.target, error)) {
    return Error{Errc::conflict, "backup.target_exists",
                 fmt::format("{} exists already; name another folder", order.target.string())};
  }
  Unfinished part{order.target.string() + ".part"};
  fs::remove_all(part.path, error);
  for (const fs::path& folder : {part.path, part.path / "tables"}) {
    if (auto made = files::make_folders(folder); !made) return made.error();
  }

  BackupReport report;
  ArchiveManifest manifest;
  manifest.format = kFormat;
  manifest.hub = order.hub_version;
  manifest.taken_at = order.now;
  if (const auto* session = dynamic_cast<const SessionSource*>(&source)) manifest.engine = session->engine();
  Sums sums;
  for (const Table& table : source.tables()) {
    if (SharedKeys::has(table.name)) {
      manifest.tables.push_back({table.name, {}, {}, 0, {}, true});
      continue;
    }
    const fs::path name = table_file(table.name);
    auto written = write_table_file(source, table, part.path / name, order.give_up);
    if (!written) return written.error();
    auto hash = files::sha256(part.path / name);
    if (!hash) return hash.error();
    sums[name.string()] = *hash;
    report.rows += written->rows;
    manifest.tables.push_back(std::move(*written));
  }
  if (auto kept = SharedKeys::write(source, part.path.parent_path()); !kept) return kept.error();
  // After the rows: a row refers to its file only once the file is there.
  if (auto copied = FileCopier(order, part.path).run(manifest, sums, report); !copied) return copied.error();
  report.files = manifest.files.size();
  if (auto done = files::write(part.path / kManifest, to_json(manifest)); !done) return done.error();
  auto hash = files::sha256(part.path / kManifest);
  if (!hash) return hash.error();
  sums[kManifest] = *hash;
  if (auto done = files::write(part.path / kSums, sums_text(sums)); !done) return done.error();
  if (auto done = files::sync_folders(part.path); !done) return done.error();

  auto written = Archive::open(part.path);
  if (!written) return written.error();
  if (auto right = (*written)->verify(); !right) return right.error();
  report.bytes = bytes_in(part.path);
  if (auto done = files::rename(part.path, order.target); !done) return done.error();
  part.path.clear();
  report.folder = order.target;
  return report;
}

Archive::Archive(fs::path folder, ArchiveManifest manifest)
    : folder_(std::move(folder)), manifest_(std::move(manifest)) {}

Result<std::unique_ptr<Archive>> Archive::open(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder / kManifest, error)) {
    return Error{Errc::not_found, "backup.no_file",
                 fmt::format("{} is no backup: there is no {} in it", folder.string(), kManifest)};
  }
  auto text = files::read(folder / kManifest);
  if (!text) return text.error();
  auto manifest = from_json<ArchiveManifest>(*text);
  if (!manifest) return damaged_backup(folder / kManifest, manifest.error().message);
  if (manifest->format > kFormat) {
    return Error{Errc::unsupported, "backup.newer_format",
                 fmt::format("{} was written by a newer hub ({}); use that version", folder.string(), manifest->hub)};
  }
  std::unique_ptr<Archive> archive(new Archive(folder, std::move(*manifest)));
  for (const ArchivedTable& about : archive->manifest_.tables) {
    if (about.shared) {
      auto table = archive->shared(about.name);
      if (!table) return table.error();
      archive->tables_.push_back(std::move(*table));
      continue;
    }
    auto table = table_of(about);
    if (!table) return damaged_backup(folder, table.error().message);
    archive->tables_.push_back(std::move(*table));
  }
  for (const ArchivedFile& file : archive->manifest_.files) {
    if (!safe_path(file.path)) return damaged_backup(folder, "a file lies outside of it");
  }
  return archive;
}

/// The keys are looked for once they are needed.
Result<Table> Archive::shared(const std::string& name) {
  if (!keys_) {
    auto keys = SharedKeys::open(folder_.parent_path());
    if (!keys) return keys.error();
    keys_.emplace(std::move(*keys));
  }
  return keys_->table(name);
}

Result<void> Archive::read(const Table& table, const TakeRow& take) {
  if (SharedKeys::has(table.name) && keys_) return keys_->read(table, take);
  return read_row_file(folder_ / table_file(table.name), table, take);
}

Result<void> Archive::verify() {
  auto text = files::read(folder_ / kSums);
  if (!text) return damaged_backup(folder_ / kSums, text.error().message);
  if (!text->ends_with('\n')) return damaged_backup(folder_ / kSums, "it is cut off");
  std::size_t listed = 0;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const std::string_view line = std::string_view(*text).substr(at, end - at);
    at = end + 1;
    const std::string path(line.substr(std::min<std::size_t>(line.size(), 66)));
    if (line.size() < 67 || !safe_path(path)) return damaged_backup(folder_ / kSums, "it is no list of checksums");
    auto hash = files::sha256(folder_ / path);
    if (!hash) return damaged_backup(folder_ / path, hash.error().message);
    if (*hash != line.substr(0, 64)) return damaged_backup(folder_ / path, "its checksum is another one");
    ++listed;
  }
  const auto own = std::count_if(manifest_.tables.begin(), manifest_.tables.end(),
                                 [](const ArchivedTable& table) { return !table.shared; });
  if (listed != static_cast<std::size_t>(own) + manifest_.files.size() + 1) {
    return damaged_backup(folder_ / kSums, "it lists other files than the manifest");
  }
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    if (manifest_.tables[i].shared) continue;
    const fs::path file = folder_ / table_file(tables_[i].name);
    if (auto right = verify_table_file(file, tables_[i], manifest_.tables[i]); !right) return right;
  }
  return keys_ ? keys_->verify() : Result<void>();
}

Result<std::size_t> Archive::copy_files(const fs::path& instances) const {
  std::size_t copied = 0;
  for (const ArchivedFile& file : manifest_.files) {
    const fs::path to = instances / file.path;
    std::error_code error;
    if (fs::exists(to, error) && fs::file_size(to, error) == static_cast<std::uintmax_t>(file.bytes)) continue;
    if (auto made = files::make_folders(to.parent_path()); !made) return made.error();
    const fs::path part = to.string() + ".part";
    auto done = files::copy(folder_ / "files" / file.path, part);
    if (!done) return done.error();
    if (done->sha256 != file.sha256) {
      fs::remove(part, error);
      return damaged_backup(folder_ / "files" / file.path, "its checksum is another one");
    }
    if (auto renamed = files::rename(part, to); !renamed) return renamed.error();
    ++copied;
  }
  return copied;
}

}  // namespace qiao::core
