#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/store/mysql/connection.hpp"

namespace qiao::core::mysql {

/// Rows that the client library has fetched from the server, all of them.
class MysqlRows final : public Rows {
 public:
  MysqlRows(Connection& connection, Statement& statement, std::unique_ptr<sql::ResultSet> result);
  ~MysqlRows() override;
  bool next() override;
  [[nodiscard]] Result<void> status() const override;
  [[nodiscard]] bool null(int column) const override;
  [[nodiscard]] std::int64_t integer(int column) const override;
  [[nodiscard]] double real(int column) const override;
  [[nodiscard]] std::string_view text(int column) const override;

 private:
  struct Text {
    std::string value;
    std::uint64_t row = 0;  // for which it was fetched
  };
  void finish() noexcept;

  Connection& connection_;
  Statement* statement_;                    // null once all rows were read
  std::unique_ptr<sql::ResultSet> result_;  // gone before the statement is used again
  std::uint64_t row_ = 0;
  mutable std::vector<Text> texts_;
  std::unique_ptr<Error> error_;
};

}  // namespace qiao::core::mysql
