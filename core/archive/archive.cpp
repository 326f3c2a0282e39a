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
constexpr std::int64_t kAskEvery = 1000;

Error damaged(const fs::path& path, std::string_view why) {
  return {Errc::bad_value, "backup.damaged",
          fmt::format("{} cannot be used: {}; use another backup", path.string(), why)};
}

std::string_view kind_name(ColumnKind kind) {
  constexpr std::string_view kNames[] = {"integer", "real", "text", "blob"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool safe_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

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

Result<ArchivedTable> write_table(RowSource& source, const Table& table, const fs::path& folder, Sums& sums,
                                  const std::function<bool()>& give_up) {
  const fs::path name = table_file(table.name);
  auto file = RowFileWriter::create(folder / name);
  if (!file) return file.error();
  RowSum sum;
  auto read = source.read(table, [&](const Row& row) -> Result<void> {
    sum.add(table, row);
    if (give_up && sum.rows() % kAskEvery == 0 && give_up()) {
      return Error{Errc::cancelled, "backup.interrupted", "the hub is being stopped; the backup was given up"};
    }
    return (*file)->add(table, row);
  });
  if (!read) return read.error();
  if (auto done = (*file)->finish(); !done) return done.error();
  auto hash = files::sha256(folder / name);
  if (!hash) return hash.error();
  sums[name.string()] = *hash;
  ArchivedTable about{table.name, {}, {}, sum.rows(), sum.digest()};
  for (const Column& column : table.columns)
    about.columns.push_back({column.name, std::string(kind_name(column.kind))});
  for (const std::size_t column : table.key) about.key.push_back(table.columns[column].name);
  return about;
}

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
    auto written = write_table(source, table, part.path, sums, order.give_up);
    if (!written) return written.error();
    report.rows += written->rows;
    manifest.tables.push_back(std::move(*written));
  }
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
  if (!manifest) return damaged(folder / kManifest, manifest.error().message);
  if (manifest->format > kFormat) {
    return Error{Errc::unsupported, "backup.newer_format",
                 fmt::format("{} was written by a newer hub ({}); use that version", folder.string(), manifest->hub)};
  }
  std::unique_ptr<Archive> archive(new Archive(folder, std::move(*manifest)));
  for (const ArchivedTable& about : archive->manifest_.tables) {
    Table table{about.name, {}, {}};
    if (!safe_name(about.name)) return damaged(folder, "a table has no proper name");
    for (const ArchivedColumn& column : about.columns) {
      const auto kinds = {ColumnKind::integer, ColumnKind::real, ColumnKind::text, ColumnKind::blob};
      const auto* kind =
          std::find_if(kinds.begin(), kinds.end(), [&](ColumnKind k) { return kind_name(k) == column.kind; });
      if (kind == kinds.end() || !safe_name(column.name)) return damaged(folder, "a column has no proper name or kind");
      table.columns.push_back({column.name, *kind});
    }
    archive->tables_.push_back(std::move(table));
  }
  for (const ArchivedFile& file : archive->manifest_.files) {
    if (!safe_path(file.path)) return damaged(folder, "a file lies outside of it");
  }
  return archive;
}

Result<void> Archive::read(const Table& table, const TakeRow& take) {
  return read_row_file(folder_ / table_file(table.name), table, take);
}

Result<void> Archive::verify_table(const Table& table, const ArchivedTable& expected) {
  RowSum sum;
  auto done = read(table, [&](const Row& row) -> Result<void> {
    sum.add(table, row);
    return {};
  });
  if (!done) return done;
  if (sum.rows() == expected.rows && sum.digest() == expected.digest) return {};
  return damaged(folder_ / table_file(table.name),
                 fmt::format("{} rows were expected, {} with another sum are in it", expected.rows, sum.rows()));
}

Result<void> Archive::verify() {
  auto text = files::read(folder_ / kSums);
  if (!text) return damaged(folder_ / kSums, text.error().message);
  if (!text->ends_with('\n')) return damaged(folder_ / kSums, "it is cut off");
  std::size_t listed = 0;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const std::string_view line = std::string_view(*text).substr(at, end - at);
    at = end + 1;
    const std::string path(line.substr(std::min<std::size_t>(line.size(), 66)));
    if (line.size() < 67 || !safe_path(path)) return damaged(folder_ / kSums, "it is no list of checksums");
    auto hash = files::sha256(folder_ / path);
    if (!hash) return damaged(folder_ / path, hash.error().message);
    if (*hash != line.substr(0, 64)) return damaged(folder_ / path, "its checksum is another one");
    ++listed;
  }
  if (listed != manifest_.tables.size() + manifest_.files.size() + 1) {
    return damaged(folder_ / kSums, "it lists other files than the manifest");
  }
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    if (auto right = verify_table(tables_[i], manifest_.tables[i]); !right) return right;
  }
  return {};
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
      return damaged(folder_ / "files" / file.path, "its checksum is another one");
    }
    if (auto renamed = files::rename(part, to); !renamed) return renamed.error();
    ++copied;
  }
  return copied;
}

}  // namespace qiao::core
