#include "core/store/mysql/rows.hpp"

#include <cppconn/datatype.h>
#include <cppconn/exception.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <fmt/format.h>

namespace qiao::core::mysql {
namespace {

/// Columns that are not there read as NULL does.
template <class T, class Read>
T or_nothing(const Read& read) {
  try {
    return read();
  } catch (const sql::SQLException&) {
    return T{};
  }
}

std::uint32_t at(int column) { return static_cast<std::uint32_t>(column) + 1; }

}  // namespace

MysqlRows::MysqlRows(Connection& connection, Statement& statement, std::unique_ptr<sql::ResultSet> result)
    : connection_(connection), statement_(&statement), result_(std::move(result)) {
  statement.in_use = true;
}

MysqlRows::~MysqlRows() { finish(); }

void MysqlRows::finish() noexcept {
  result_.reset();
  if (statement_ != nullptr) connection_.release(statement_);
  statement_ = nullptr;
}

bool MysqlRows::next() {
  if (statement_ == nullptr) return false;
  try {
    if (result_->next()) {
      ++row_;
      return true;
    }
  } catch (const sql::SQLException& thrown) {
    error_ = std::make_unique<Error>(connection_.fail(thrown, statement_->sql));
  }
  finish();
  return false;
}

Result<void> MysqlRows::status() const {
  if (error_) return *error_;
  return {};
}

bool MysqlRows::null(int column) const {
  if (statement_ == nullptr) return true;
  try {
    return result_->isNull(at(column));
  } catch (const sql::SQLException&) {
    return true;
  }
}

std::int64_t MysqlRows::integer(int column) const {
  if (statement_ == nullptr) return 0;
  return or_nothing<std::int64_t>([&] { return result_->getInt64(at(column)); });
}

double MysqlRows::real(int column) const {
  if (statement_ == nullptr) return 0;
  return or_nothing<double>([&] { return static_cast<double>(result_->getDouble(at(column))); });
}

std::string_view MysqlRows::text(int column) const {
  if (statement_ == nullptr || column < 0) return {};
  const auto index = static_cast<std::size_t>(column);
  if (texts_.empty()) {  // all at once: growing would move what was handed out
    texts_.resize(or_nothing<std::size_t>([&] { return std::size_t{result_->getMetaData()->getColumnCount()}; }));
  }
  if (index >= texts_.size()) return {};
  Text& text = texts_[index];
  if (text.row != row_) {
    text.row = row_;
    text.value = or_nothing<std::string>([&]() -> std::string {
      const int type = result_->getMetaData()->getColumnType(at(column));
      if (type == sql::DataType::DOUBLE || type == sql::DataType::REAL) {
        return result_->isNull(at(column)) ? std::string() : fmt::format("{}", real(column));
      }
      sql::SQLString fetched = result_->getString(at(column));
      return std::move(*fetched.operator->());
    });
  }
  return text.value;
}

}  // namespace qiao::core::mysql
