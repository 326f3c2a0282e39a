#include "core/archive/place.hpp"

#include <fmt/format.h>

#include <system_error>

#include "core/archive/files.hpp"
#include "core/store/folder_lock.hpp"
#include "core/store/sqlite/backend.hpp"
#include "core/store/sqlite/replace.hpp"

namespace qiao::core {
namespace {

namespace fs = std::filesystem;

Result<TransferReport> open_and_fill(const StoreSettings& settings, RowSource& source, const OfflineHost& host,
                                     const Progress& progress) {
  auto store = Store::open(settings, {host.log, host.metrics, host.health});
  if (!store) return store.error();
  auto filled = fill_store(**store, source, progress);
  (*store)->stop();
  return filled;
}

struct Unfinished {
  fs::path folder;
  ~Unfinished() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
};

}  // namespace

Result<PlaceReport> fill_database(const StoreSettings& settings, RowSource& source, bool replace,
                                  const OfflineHost& host, const Progress& progress) {
  PlaceReport report;
  if (settings.mysql) {
    auto filled = open_and_fill(settings, source, host, progress);
    if (!filled) return filled.error();
    report.transfer = *filled;
    return report;
  }
  if (auto made = files::make_folders(settings.folder); !made) return made.error();
  auto lock = FolderLock::take(settings.folder);
  if (!lock) return lock.error();
  std::error_code error;
  if (!replace && fs::exists(settings.folder / sqlite::kDatabaseName, error)) {
    return Error{Errc::conflict, "transfer.not_empty",
                 fmt::format("there is a database in {} already; name an empty folder", settings.folder.string())};
  }
  StoreSettings beside = settings;
  beside.folder = settings.folder / "restore.part";
  fs::remove_all(beside.folder, error);
  const Unfinished unfinished{beside.folder};
  auto filled = open_and_fill(beside, source, host, progress);
  if (!filled) return filled.error();
  report.transfer = *filled;
  auto before = sqlite::replace_database(beside.folder / sqlite::kDatabaseName, settings.folder);
  if (!before) return before.error();
  report.before = *before;
  return report;
}

}  // namespace qiao::core
