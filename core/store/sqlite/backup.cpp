#include "core/store/sqlite/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/store/folder_lock.hpp"
#include "core/store/sqlite/backend.hpp"
#include "core/store/sqlite/connection.hpp"
#include "qiao/time.hpp"

namespace qiao::core {
namespace {

using sqlite::Connection;

constexpr int kPagesAStep = 2048;

Error failed(std::string what) { return {Errc::unavailable, "backup.failed", std::move(what)}; }
Error failed(const std::filesystem::path& path, std::string_view what, int code) {
  return failed(
      fmt::format("{} {}: {}", what, path.string(), std::error_code(code, std::generic_category()).message()));
}

/// Of a file or a folder; a renamed file stays renamed after a power cut only once its folder is synced.
Result<void> sync_path(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed(path, "cannot open", errno);
  const int code = fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (code != 0) return failed(path, "cannot sync", code);
  return {};
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

Result<void> make_empty(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed(path, "cannot write", errno);
  ::close(fd);
  return {};
}

/// Removes an unfinished copy unless it was renamed.
struct Unfinished {
  std::filesystem::path path;
  ~Unfinished() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    std::filesystem::remove(path.string() + "-journal", ignored);
    std::filesystem::remove(path.string() + "-wal", ignored);
    std::filesystem::remove(path.string() + "-shm", ignored);
  }
};

/// Copies one snapshot of `source` into `target`, as a file that needs no log beside it.
Result<void> copy_database(Connection& source, Connection& target, const std::filesystem::path& path) {
  // An open read transaction pins the snapshot; without it every commit of a hub would start the copy anew.
  if (auto begun = source.exec("BEGIN"); !begun) return begun;
  if (auto pinned = source.number("SELECT count(*) FROM sqlite_schema"); !pinned) return pinned.error();
  sqlite3_backup* backup = sqlite3_backup_init(target.raw(), "main", source.raw(), "main");
  if (backup == nullptr) return failed(fmt::format("{}: {}", path.string(), sqlite3_errmsg(target.raw())));
  int code = SQLITE_OK;
  while (code == SQLITE_OK) code = sqlite3_backup_step(backup, kPagesAStep);
  sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE) return failed(fmt::format("{}: {}", path.string(), sqlite3_errstr(code)));
  if (auto ended = source.exec("COMMIT"); !ended) return ended;
  const auto mode = target.text("PRAGMA journal_mode=DELETE");
  if (!mode) return mode.error();
  return {};
}

Error damaged(const std::filesystem::path& path, std::string_view why) {
  return {Errc::bad_value, "backup.damaged",
          fmt::format("{} cannot be used: {}; use another backup", path.string(), why)};
}

Result<void> check_integrity(Connection& connection, const std::filesystem::path& path) {
  const auto verdict = connection.text("PRAGMA integrity_check(1)");
  if (!verdict) return damaged(path, verdict.error().message);
  if (*verdict != "ok") return damaged(path, *verdict);
  return {};
}

Result<std::unique_ptr<Connection>> open_source(const std::filesystem::path& path) {
  return Connection::open({path, true, 1024, {}, 0});
}

Result<std::unique_ptr<Connection>> open_backup(const std::filesystem::path& path) {
  auto source = open_source(path);
  if (!source) return damaged(path, source.error().message);
  const auto application = (*source)->number("PRAGMA application_id");
  if (!application) return damaged(path, application.error().message);
  if (*application == 0) return damaged(path, "it is no backup of a hub");
  if (auto usable = sqlite::check_format(**source, path); !usable) return usable.error();
  if (auto sound = check_integrity(**source, path); !sound) return sound.error();
  return source;
}

/// Copies into `path` and makes sure of it.
Result<void> copy_checked(Connection& source, const std::filesystem::path& path) {
  if (auto made = make_empty(path); !made) return made;
  {
    auto target = Connection::open({path, false, 1024, {}, 0});
    if (!target) return target.error();
    if (auto copied = copy_database(source, **target, path); !copied) return copied;
    if (auto sound = check_integrity(**target, path); !sound) return sound;
  }
  return sync_path(path);
}

Result<void> rename_synced(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failed(to, "cannot write", errno);
  return sync_path(folder_of(to));
}

std::uint64_t size_of(const std::filesystem::path& path) {
  std::error_code ignored;
  const auto size = std::filesystem::file_size(path, ignored);
  return ignored ? 0 : size;
}

/// Moves what is in the log into the file, so that the file alone is the database. A damaged one keeps its log.
void fold_log(const std::filesystem::path& database) {
  if (auto old = Connection::open({database, false, 1024, {}, 0})) {
    const auto mode = (*old)->text("PRAGMA journal_mode=DELETE");
    static_cast<void>(mode);
  }
}

/// Gives the folder's database a second name, so that at every instant there is one under the first.
Result<std::filesystem::path> keep_old(const std::filesystem::path& database) {
  fold_log(database);
  std::string stamp = to_iso8601(system_clock().now());
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':' || c == '.'; });
  const std::filesystem::path aside = fmt::format("{}.before-restore-{}", database.string(), stamp);
  if (::link(database.c_str(), aside.c_str()) != 0) return failed(aside, "cannot keep the old database as", errno);
  for (const char* suffix : {"-wal", "-shm"}) {
    // Left behind, the log of the old database would be played into the restored one.
    const std::string log = database.string() + suffix;
    if (::rename(log.c_str(), (aside.string() + suffix).c_str()) != 0 && errno != ENOENT) {
      return failed(log, "cannot move", errno);
    }
  }
  return aside;
}

}  // namespace

Result<BackupReport> backup_database(const std::filesystem::path& folder, const std::filesystem::path& target) {
  const auto database = folder / sqlite::kDatabaseName;
  if (!std::filesystem::exists(database)) {
    return Error{Errc::not_found, "backup.no_database",
                 fmt::format("there is no database in {}; name the hub's data folder", folder.string())};
  }
  if (std::filesystem::exists(target)) {
    return Error{Errc::conflict, "backup.target_exists",
                 fmt::format("{} exists already; name another file", target.string())};
  }
  auto source = open_source(database);
  if (!source) return source.error();
  const Unfinished part{target.string() + ".part"};
  if (auto copied = copy_checked(**source, part.path); !copied) return copied.error();
  if (auto renamed = rename_synced(part.path, target); !renamed) return renamed.error();
  return BackupReport{target, size_of(target), {}};
}

Result<BackupReport> restore_database(const std::filesystem::path& backup, const std::filesystem::path& folder) {
  if (!std::filesystem::is_regular_file(backup)) {
    return Error{Errc::not_found, "backup.no_file", fmt::format("there is no backup file {}", backup.string())};
  }
  std::error_code error;
  if (std::filesystem::create_directories(folder, error)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  }
  auto lock = FolderLock::take(folder);
  if (!lock) return lock.error();
  auto source = open_backup(backup);
  if (!source) return source.error();
  const auto database = folder / sqlite::kDatabaseName;
  const Unfinished part{database.string() + ".restoring"};
  if (auto copied = copy_checked(**source, part.path); !copied) return copied.error();
  BackupReport report{database, 0, {}};
  if (std::filesystem::exists(database)) {
    auto kept = keep_old(database);
    if (!kept) return kept.error();
    report.before = *kept;
  }
  if (auto renamed = rename_synced(part.path, database); !renamed) return renamed.error();
  report.bytes = size_of(database);
  return report;
}

}  // namespace qiao::core
