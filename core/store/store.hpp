#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/observe/metrics_text.hpp"
#include "core/store/backend.hpp"
#include "core/store/folder_lock.hpp"
#include "core/store/group_writer.hpp"
#include "core/store/mysql/settings.hpp"
#include "core/store/reader_pool.hpp"
#include "core/store/report_readers.hpp"
#include "qiao/time.hpp"

namespace qiao::core {

struct StoreSettings {
  std::filesystem::path folder;          ///< the data folder; made when missing
  std::size_t group_max = 64;            ///< writes that share one commit
  std::size_t queue_capacity = 16384;    ///< writes that may wait, a priority
  std::size_t readers = 4;               ///< snapshots at a time
  std::int64_t max_pages = 0;            ///< a limit of the data file in pages; 0: the disk's
  std::optional<mysql::Settings> mysql;  ///< a server keeps the data, instead of a file in the folder
  std::string vfs;                       ///< SQLite's file layer; empty: the system's. For tests that break the disk
};

/// The engine that the settings name. Takes no lock.
Result<std::unique_ptr<StoreBackend>> open_backend(const StoreSettings& settings);

/// What the store borrows; all of it outlives the store.
struct StoreHost {
  Logger& log;
  Metrics& metrics;
  Health& health;
  const Clock& clock = system_clock();
  /// True on threads that must never wait (bus workers, I/O threads); empty: no thread is one.
  std::function<bool()> must_not_wait = {};
  /// Called once, on the writer thread, when nothing can be written any more: the process should end, and start again.
  GroupWriter::OnFatal on_fatal = {};
};

/// One instance's database, as its host holds it.
class InstanceStore : public Database {
 public:
  /// Waits until every write queued so far is done and told; false: not before `patience` was over.
  virtual bool wait_written(std::chrono::milliseconds patience) = 0;
};

/// The hub's database: one writer thread with group commit, reading sessions beside it, migrations a plugin. Any
/// thread.
class Store {
 public:
  /// Takes the folder's lock, opens or makes the database. Errors: `store.locked`, `store.cannot_open`,
  /// `store.foreign_file`, `store.newer_file`, `store.damaged`; of a server also `store.access_denied`, `store.tls`,
  /// `store.io_error`.
  static Result<std::unique_ptr<Store>> open(const StoreSettings& settings, StoreHost host);
  /// Stops as `stop` does. Databases handed out are gone before.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// The database as an instance sees it. Migrations are counted for `plugin` (empty: the instance's name), since
  /// instances of one plugin share its tables. Destroying it waits until the instance's queued writes are done, so that
  /// the plugin's code may go afterwards; not from within such a write.
  [[nodiscard]] std::unique_ptr<InstanceStore> for_instance(std::string instance, std::string plugin = {});

  /// Finishes what is queued and refuses what comes later.
  void stop();
  /// "sqlite" or "mysql".
  [[nodiscard]] std::string_view engine() const noexcept;
  [[nodiscard]] GroupWriter::State state() const noexcept { return writer_->state(); }
  /// Queue lengths and file sizes, for the metrics.
  void collect(MetricsText& out) const;

 private:
  class InstanceDatabase;
  Store(StoreHost host, FolderLock lock, std::unique_ptr<StoreBackend> backend);

  StoreHost host_;
  FolderLock lock_;  // before the backend: released after the last connection has been closed
  std::unique_ptr<StoreBackend> backend_;
  std::unique_ptr<ReaderPool> readers_;
  std::unique_ptr<ReportReaders> reports_;  ///< null: there are no replicas
  std::unique_ptr<GroupWriter> writer_;
};

}  // namespace qiao::core
