#include "core/store/sqlite/rows.hpp"

#include <sqlite3.h>

namespace qiao::core::sqlite {

SqliteRows::SqliteRows(Connection& connection, Statement& statement) : connection_(connection), statement_(&statement) {
  statement.in_use = true;
}

SqliteRows::~SqliteRows() {
  if (statement_ != nullptr) connection_.release(statement_);
}

bool SqliteRows::next() {
  if (statement_ == nullptr) return false;
  const int code = sqlite3_step(statement_->handle);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    error_ = std::make_unique<Error>(connection_.fail(code, sqlite3_sql(statement_->handle)));
  }
  connection_.release(statement_);
  statement_ = nullptr;
  return false;
}

Result<void> SqliteRows::status() const {
  if (error_) return *error_;
  return {};
}

// After the last row there is no statement; a column then reads as NULL does.
bool SqliteRows::null(int column) const {
  return statement_ == nullptr || sqlite3_column_type(statement_->handle, column) == SQLITE_NULL;
}

std::int64_t SqliteRows::integer(int column) const {
  return statement_ == nullptr ? 0 : sqlite3_column_int64(statement_->handle, column);
}

double SqliteRows::real(int column) const {
  return statement_ == nullptr ? 0 : sqlite3_column_double(statement_->handle, column);
}

std::string_view SqliteRows::text(int column) const {
  if (statement_ == nullptr) return {};
  // The length is asked for after the text: fetching it may convert the value.
  const void* bytes = sqlite3_column_type(statement_->handle, column) == SQLITE_BLOB
                          ? sqlite3_column_blob(statement_->handle, column)
                          : static_cast<const void*>(sqlite3_column_text(statement_->handle, column));
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(statement_->handle, column))};
}

}  // namespace qiao::core::sqlite
