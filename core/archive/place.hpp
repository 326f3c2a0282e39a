#pragma once

#include <filesystem>

#include "core/archive/transfer.hpp"

namespace qiao::core {

/// Who stands by while a database is filled that no hub runs on.
struct OfflineHost {
  Logger& log;
  Metrics& metrics;
  Health& health;
};

struct PlaceReport {
  TransferReport transfer;
  std::filesystem::path before;  ///< the database that was there until then; empty when there was none
};

/// Fills the database that the settings name. A file is made beside the one in the folder, which it replaces when it is
/// complete; the old one is kept under another name, or with `replace` false refused (`transfer.not_empty`). A server's
/// database must be empty. No hub may run on the folder (`store.locked`).
Result<PlaceReport> fill_database(const StoreSettings& settings, RowSource& source, bool replace,
                                  const OfflineHost& host, const Progress& progress);

}  // namespace qiao::core
