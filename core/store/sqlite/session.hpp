#pragma once

#include "core/store/sqlite/checkpointer.hpp"
#include "core/store/sqlite/connection.hpp"
#include "core/store/sqlite/log_plan.hpp"

namespace qiao::core::sqlite {

class SqliteWriter final : public WriterSession {
 public:
  static Result<std::unique_ptr<WriterSession>> open(const ConnectionSettings& settings);
  ~SqliteWriter() override;

  Result<std::int64_t> execute(std::string_view sql, std::span<const SqlArg> args) override {
    return connection_->execute(sql, args);
  }
  std::unique_ptr<Rows> select(std::string_view sql, std::span<const SqlArg> args) override {
    return connection_->select(sql, args);
  }
  Result<void> begin() override;
  Result<void> commit() override;
  void rollback() noexcept override;
  Result<void> begin_nested() override { return connection_->step_own(*savepoint_); }
  Result<void> commit_nested() override { return connection_->step_own(*release_); }
  Result<void> rollback_nested() override;
  [[nodiscard]] std::uint64_t changes() const noexcept override { return connection_->changes(); }
  [[nodiscard]] Trouble trouble() const noexcept override { return connection_->trouble(); }
  [[nodiscard]] const Error& trouble_error() const noexcept override { return connection_->trouble_error(); }
  Result<void> run_script(std::string_view sql) override { return connection_->script(sql); }
  Result<void> housekeep(bool idle) override;

 private:
  SqliteWriter(std::unique_ptr<Connection> connection, std::unique_ptr<Checkpointer> checkpointer);
  Result<void> prepare_all();
  Result<void> checkpoint(int mode);

  const std::unique_ptr<Connection> connection_;
  const std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<Statement> begin_, commit_, rollback_, savepoint_, release_, rollback_to_;
  [[nodiscard]] int kib(int pages) const noexcept { return static_cast<int>(pages * page_bytes_ / 1024); }
  std::int64_t page_bytes_ = kPageBytes;  // older databases have larger pages
  int log_pages_ = 0;                     // in the write-ahead log after the last commit
  LogPlan plan_;
};

class SqliteReader final : public ReaderSession {
 public:
  static Result<std::unique_ptr<ReaderSession>> open(const ConnectionSettings& settings);

  Result<std::int64_t> execute(std::string_view sql, std::span<const SqlArg> args) override {
    return connection_->execute(sql, args);
  }
  std::unique_ptr<Rows> select(std::string_view sql, std::span<const SqlArg> args) override {
    return connection_->select(sql, args);
  }
  Result<void> begin_snapshot() override;
  void end_snapshot() noexcept override;

 private:
  explicit SqliteReader(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
  const std::unique_ptr<Connection> connection_;
  std::unique_ptr<Statement> begin_, end_;
};

}  // namespace qiao::core::sqlite
