#pragma once

#include <optional>

#include "core/store/mysql/reconnect.hpp"

namespace qiao::core::mysql {

/// Each group of writes that changes something counts up this writer's row of `qiao_commit` in its own transaction.
/// When the connection is lost while a COMMIT is under way, that row tells afterwards whether it happened, and its lock
/// waits for a server that is still at it.
class MysqlWriter final : public WriterSession {
 public:
  static Result<std::unique_ptr<WriterSession>> open(const Settings& settings);

  Result<std::int64_t> execute(std::string_view sql, std::span<const SqlArg> args) override;
  std::unique_ptr<Rows> select(std::string_view sql, std::span<const SqlArg> args) override;
  Result<void> begin() override;
  Result<void> commit() override;
  void rollback() noexcept override;
  Result<void> begin_nested() override { return own("SAVEPOINT one_job"); }
  Result<void> commit_nested() override { return own("RELEASE SAVEPOINT one_job"); }
  Result<void> rollback_nested() override { return own("ROLLBACK TO SAVEPOINT one_job"); }
  [[nodiscard]] std::uint64_t changes() const noexcept override { return changes_; }
  [[nodiscard]] Trouble trouble() const noexcept override { return link_.troubles().worst; }
  [[nodiscard]] const Error& trouble_error() const noexcept override { return link_.troubles().error; }
  Result<void> run_script(std::string_view sql) override;
  Result<void> housekeep(bool) override { return {}; }
  [[nodiscard]] std::chrono::milliseconds probe_every() const noexcept override { return std::chrono::seconds(2); }
  Result<void> probe() override;
  Result<bool> was_committed() override;

 private:
  explicit MysqlWriter(const Settings& settings);
  Result<void> own(const std::string& sql);
  Result<void> mark();
  /// The error of a session whose connection went away.
  [[nodiscard]] Error gone() const;

  Reconnecting link_;
  const std::int64_t writer_;  // this row of qiao_commit
  std::int64_t group_ = 0;     // the last that was marked
  std::uint64_t doubtful_connection_ = 0;
  std::uint64_t changes_ = 0;
  std::uint64_t changes_at_begin_ = 0;
  bool used_ = false;  // since begin: the server has a transaction open
};

/// Connects with its first snapshot, so that the back-off of one that cannot is its own.
class MysqlReader final : public ReaderSession {
 public:
  static Result<std::unique_ptr<ReaderSession>> open(const Settings& settings);

  Result<std::int64_t> execute(std::string_view sql, std::span<const SqlArg> args) override;
  std::unique_ptr<Rows> select(std::string_view sql, std::span<const SqlArg> args) override;
  Result<void> begin_snapshot() override;
  void end_snapshot() noexcept override;

 private:
  explicit MysqlReader(const Settings& settings) : link_(settings, Role::reader) {}
  Reconnecting link_;
};

}  // namespace qiao::core::mysql
