#pragma once

#include "core/store/failed_rows.hpp"
#include "core/store/sqlite/connection.hpp"

namespace qiao::core::sqlite {

/// Rows straight from SQLite's own memory.
class SqliteRows final : public Rows {
 public:
  SqliteRows(Connection& connection, Statement& statement);
  ~SqliteRows() override;
  bool next() override;
  [[nodiscard]] Result<void> status() const override;
  [[nodiscard]] bool null(int column) const override;
  [[nodiscard]] std::int64_t integer(int column) const override;
  [[nodiscard]] double real(int column) const override;
  [[nodiscard]] std::string_view text(int column) const override;

 private:
  Connection& connection_;
  Statement* statement_;  // null once all rows were read
  std::unique_ptr<Error> error_;
};

}  // namespace qiao::core::sqlite
