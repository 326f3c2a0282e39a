#pragma once

#include <string>
#include <vector>

#include "core/archive/table.hpp"

namespace qiao::core {

/// Where the rows of a whole store come from: a snapshot of a database, or a backup. One thread.
class RowSource {
 public:
  virtual ~RowSource() = default;
  [[nodiscard]] virtual const std::vector<Table>& tables() const noexcept = 0;
  virtual Result<void> read(const Table& table, const TakeRow& take) = 0;
};

/// The tables of a database as one session sees them. The session is a snapshot and outlives this.
class SessionSource final : public RowSource {
 public:
  static Result<SessionSource> open(Session& session, std::string engine) {
    auto tables = read_tables(session, engine);
    if (!tables) return tables.error();
    return SessionSource(session, std::move(engine), std::move(*tables));
  }
  [[nodiscard]] const std::string& engine() const noexcept { return engine_; }
  [[nodiscard]] const std::vector<Table>& tables() const noexcept override { return tables_; }
  Result<void> read(const Table& table, const TakeRow& take) override { return read_rows(*session_, table, take); }

 private:
  SessionSource(Session& session, std::string engine, std::vector<Table> tables)
      : session_(&session), engine_(std::move(engine)), tables_(std::move(tables)) {}
  Session* session_;
  std::string engine_;
  std::vector<Table> tables_;
};

}  // namespace qiao::core
