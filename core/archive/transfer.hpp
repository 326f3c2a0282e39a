#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/archive/archive.hpp"
#include "core/archive/row_source.hpp"
#include "core/store/store.hpp"

/// \file
/// A whole store from one place to another: from a backup or a database into an empty database of any engine. The
/// tables are made by the migrations that made them at the source, in the dialect of the target; what arrived is read
/// again and compared.

namespace qiao::core {

struct TransferReport {
  std::size_t tables = 0;
  std::int64_t rows = 0;
};

/// Called for each table: when it begins (0 rows), now and then, and with all rows when it is compared.
using Progress = std::function<void(std::string_view table, std::int64_t rows, bool compared)>;

/// Fills a store that is empty, or that an earlier attempt left unfinished: that one is emptied first. Until it is
/// complete a hub does not start on it. The source is only read. Waits.
/// Errors: `transfer.not_empty`, `transfer.no_schema`, `transfer.other_schema`, `transfer.differs`, those of both
/// sides.
Result<TransferReport> fill_store(Store& target, RowSource& source, const Progress& progress);

/// Errc::unavailable `transfer.unfinished` when the database was filled only in part. In a read.
Result<void> check_complete(Session& session);

/// What a transfer needs to know of a database that is not opened by a hub.
std::string_view engine_of(const StoreSettings& settings);

/// One committed state of a database, beside a hub that may be running on it.
class Snapshot {
 public:
  /// Errors: `backup.no_database`, those of the store.
  static Result<std::unique_ptr<Snapshot>> open(const StoreSettings& settings);
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  [[nodiscard]] RowSource& source() noexcept { return *source_; }

 private:
  Snapshot(std::unique_ptr<StoreBackend> backend, std::unique_ptr<ReaderSession> session);
  const std::unique_ptr<StoreBackend> backend_;  // null for a file
  const std::unique_ptr<ReaderSession> session_;
  std::optional<SessionSource> source_;
};

}  // namespace qiao::core
