#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/store.hpp"

/// \file
/// The store's tables and their rows without knowing whose they are: what backup, restore and migration share. The same
/// for every engine.

namespace qiao::core {

enum class ColumnKind : std::uint8_t { integer, real, text, blob };

struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::text;
};

struct Table {
  std::string name;
  std::vector<Column> columns;
  std::vector<std::size_t> key;  ///< columns of the primary key, in its order; empty: it has none
};

/// One field of a row. Which member counts is the column's kind.
struct Value {
  bool null = true;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;
};
using Row = std::vector<Value>;

/// Tells whether two tables hold the same rows, in whatever order an engine gives them: a sum over the hashes of the
/// rows.
class RowSum {
 public:
  void add(const Table& table, const Row& row);
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  /// 32 hexadecimal digits.
  [[nodiscard]] std::string digest() const;
  bool operator==(const RowSum&) const = default;

 private:
  std::int64_t rows_ = 0;
  std::uint64_t low_ = 0;
  std::uint64_t high_ = 0;
  std::string bytes_;  // of the last row; keeps its memory
};

/// The tables of a store that are kept, by name. Left out is what an engine needs for itself and what is made anew from
/// other tables (search indexes).
Result<std::vector<Table>> read_tables(Session& session, std::string_view engine);

using TakeRow = std::function<Result<void>(const Row& row)>;
/// All rows of a table in the order of its key, a page at a time.
Result<void> read_rows(Session& session, const Table& table, const TakeRow& take);

/// Inserts rows, many with one statement. In a write.
Result<void> insert_rows(Session& session, const Table& table, std::span<const Row> rows);

}  // namespace qiao::core
