#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/store.hpp"

namespace qiao::core {

/// What a failed call means for those who share the transaction, beyond the call itself.
enum class Trouble : std::uint8_t {
  none,      ///< the statement alone failed; the transaction stands
  retry,     ///< a deadlock, or a connection lost before the commit: undone; run again at once it may succeed
  full,      ///< no space: this transaction is lost, a later one may succeed
  io,        ///< an I/O error or no connection: this transaction is lost, a later one may succeed
  in_doubt,  ///< the connection was lost during the commit: `was_committed` tells later
  fatal,     ///< a sync failed or the file is damaged: what is on disk is unknown until the process starts again
};

/// What callers are told of a database that cannot be used now, which may be customers: that they should come again,
/// and when. Its own words, with addresses and causes, are for the log and the health report.
Error for_callers(const Error& error, Trouble trouble);

/// The one session that writes. Used by the writer thread alone.
class WriterSession : public Session {
 public:
  virtual Result<void> begin() = 0;
  /// Success means synced to disk.
  virtual Result<void> commit() = 0;
  virtual void rollback() noexcept = 0;
  /// A nested transaction for one job of a group.
  virtual Result<void> begin_nested() = 0;
  virtual Result<void> commit_nested() = 0;
  virtual Result<void> rollback_nested() = 0;

  /// Grows with every change, so that a failed job that changed nothing can be told from one that did.
  [[nodiscard]] virtual std::uint64_t changes() const noexcept = 0;
  /// The worst since `begin`.
  [[nodiscard]] virtual Trouble trouble() const noexcept = 0;
  /// What caused it, also when the job that met it did not pass it on.
  [[nodiscard]] virtual const Error& trouble_error() const noexcept = 0;
  /// Several statements, as in a migration; in the transaction.
  virtual Result<void> run_script(std::string_view sql) = 0;
  /// Between transactions: `idle` when nothing is waiting. An error is fatal.
  virtual Result<void> housekeep(bool idle) = 0;

  /// How often an idle writer asks with `probe` whether its database is still there; 0: it cannot go away.
  [[nodiscard]] virtual std::chrono::milliseconds probe_every() const noexcept { return {}; }
  /// Between transactions: whether the database answers. Connects again when it did not.
  virtual Result<void> probe() { return {}; }
  /// After a commit in doubt and before anything else: whether it happened. An error: nobody can tell yet.
  virtual Result<bool> was_committed() { return false; }

  void on_rollback(std::function<void()> undo) final { undo_.push_back(std::move(undo)); }
  [[nodiscard]] std::size_t undo_size() const noexcept { return undo_.size(); }
  /// Takes what was registered after the first `keep`, in order of registration.
  std::vector<std::function<void()>> take_undo(std::size_t keep);
  void forget_undo() noexcept { undo_.clear(); }

 private:
  std::vector<std::function<void()>> undo_;
};

/// A session for reading. One thread at a time.
class ReaderSession : public Session {
 public:
  /// Everything read until `end_snapshot` shows one committed state.
  virtual Result<void> begin_snapshot() = 0;
  virtual void end_snapshot() noexcept = 0;
  void on_rollback(std::function<void()>) final {}
};

/// A session for migrations, where changing a table ends a transaction. While it lives no other hub migrates the same
/// database. One thread at a time.
class SchemaSession : public Session {
 public:
  /// Runs what is missing of a step; after a crash in its midst it goes on from there.
  virtual Result<void> apply(const std::string& plugin, const Migration& step) = 0;
  void on_rollback(std::function<void()>) final {}
};

/// A database engine under the store. `Store` knows nothing else about it. Any thread.
class StoreBackend {
 public:
  virtual ~StoreBackend() = default;
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  virtual Result<std::unique_ptr<WriterSession>> open_writer() = 0;
  virtual Result<std::unique_ptr<ReaderSession>> open_reader() = 0;
  /// Null: changing tables is part of the writer's transaction like everything else. The tables in which migrations are
  /// noted are there.
  virtual Result<std::unique_ptr<SchemaSession>> open_schema() { return std::unique_ptr<SchemaSession>(); }
  /// What in the server's settings weakens the store's promises, a sentence each. Asks the server.
  virtual std::vector<std::string> warnings() { return {}; }
  /// The text of a migration as this engine takes it.
  [[nodiscard]] virtual std::string migration_sql(const Migration& step) const = 0;
  /// Figures for the metrics; 0 where the engine does not tell.
  struct Size {
    std::uint64_t data_bytes = 0;
    std::uint64_t log_bytes = 0;
  };
  [[nodiscard]] virtual Size size() const = 0;
};

}  // namespace qiao::core
