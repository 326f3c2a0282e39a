#include "core/store/sqlite/replace.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/store/sqlite/backend.hpp"
#include "core/store/sqlite/connection.hpp"
#include "qiao/time.hpp"

namespace qiao::core::sqlite {
namespace {

namespace fs = std::filesystem;

Error failed(const fs::path& path, std::string_view what, int code) {
  return {Errc::unavailable, "backup.failed",
          fmt::format("{} {}: {}", what, path.string(), std::error_code(code, std::generic_category()).message())};
}

Result<void> sync_path(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed(path, "cannot open", errno);
  const int code = fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (code != 0) return failed(path, "cannot sync", code);
  return {};
}

/// Moves what is in the log into the file, so that the file alone is the database. A damaged one keeps its log.
void fold_log(const fs::path& database) {
  if (auto old = Connection::open({database, false, 1024, {}, 0})) {
    const auto mode = (*old)->text("PRAGMA journal_mode=DELETE");
    static_cast<void>(mode);
  }
}

/// Gives the folder's database a second name, so that at every instant there is one under the first. Empty when there
/// was none.
Result<fs::path> keep_old(const fs::path& database) {
  std::error_code error;
  const bool there = fs::exists(database, error);
  if (there) fold_log(database);
  std::string stamp = to_iso8601(system_clock().now());
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':' || c == '.'; });
  const fs::path aside = fmt::format("{}.before-restore-{}", database.string(), stamp);
  if (there && ::link(database.c_str(), aside.c_str()) != 0) {
    return failed(aside, "cannot keep the old database as", errno);
  }
  for (const char* suffix : {"-wal", "-shm"}) {
    // Left behind, the log of the old database would be played into the new one; also when somebody has moved the
    // database away without it.
    const std::string log = database.string() + suffix;
    if (::rename(log.c_str(), (aside.string() + suffix).c_str()) != 0 && errno != ENOENT) {
      return failed(log, "cannot move", errno);
    }
  }
  return there ? aside : fs::path();
}

}  // namespace

Result<fs::path> replace_database(const fs::path& fresh, const fs::path& folder) {
  fold_log(fresh);
  if (auto synced = sync_path(fresh); !synced) return synced.error();
  const fs::path database = folder / kDatabaseName;
  auto before = keep_old(database);
  if (!before) return before.error();
  if (::rename(fresh.c_str(), database.c_str()) != 0) return failed(database, "cannot write", errno);
  if (auto synced = sync_path(folder); !synced) return synced.error();
  return before;
}

}  // namespace qiao::core::sqlite
