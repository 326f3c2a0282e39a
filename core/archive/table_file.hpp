#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/archive/row_source.hpp"
#include "qiao/fields.hpp"

namespace qiao::core {

struct ArchivedColumn {
  std::string name;
  std::string kind;
};
QIAO_FIELDS(ArchivedColumn, name, kind)

struct ArchivedTable {
  std::string name;
  std::vector<ArchivedColumn> columns;
  std::vector<std::string> key;
  std::int64_t rows = 0;
  std::string digest;   ///< RowSum
  bool shared = false;  ///< its rows are with the keys of the folder
};
QIAO_FIELDS(ArchivedTable, name, columns, key, rows, digest, shared)

[[nodiscard]] Error damaged_backup(const std::filesystem::path& path, std::string_view why);

/// Errors: `backup.damaged` for names that are none.
Result<Table> table_of(const ArchivedTable& about);
/// Writes the rows of a table into a file. `give_up` is asked between rows; true: `backup.interrupted`.
Result<ArchivedTable> write_table_file(RowSource& source, const Table& table, const std::filesystem::path& file,
                                       const std::function<bool()>& give_up);
/// Reads it all and compares.
Result<void> verify_table_file(const std::filesystem::path& file, const Table& table, const ArchivedTable& expected);

}  // namespace qiao::core
