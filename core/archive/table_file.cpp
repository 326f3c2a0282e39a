#include "core/archive/table_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/archive/row_file.hpp"

namespace qiao::core {
namespace {

constexpr std::int64_t kAskEvery = 1000;

std::string_view kind_name(ColumnKind kind) {
  constexpr std::string_view kNames[] = {"integer", "real", "text", "blob"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool safe_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

Error damaged_backup(const std::filesystem::path& path, std::string_view why) {
  return {Errc::bad_value, "backup.damaged",
          fmt::format("{} cannot be used: {}; use another backup", path.string(), why)};
}

Result<Table> table_of(const ArchivedTable& about) {
  if (!safe_name(about.name)) return Error{Errc::bad_value, "backup.damaged", "a table has no proper name"};
  Table table{about.name, {}, {}};
  for (const ArchivedColumn& column : about.columns) {
    const auto kinds = {ColumnKind::integer, ColumnKind::real, ColumnKind::text, ColumnKind::blob};
    const auto* kind =
        std::find_if(kinds.begin(), kinds.end(), [&](ColumnKind k) { return kind_name(k) == column.kind; });
    if (kind == kinds.end() || !safe_name(column.name)) {
      return Error{Errc::bad_value, "backup.damaged", "a column has no proper name or kind"};
    }
    table.columns.push_back({column.name, *kind});
  }
  return table;
}

Result<ArchivedTable> write_table_file(RowSource& source, const Table& table, const std::filesystem::path& path,
                                       const std::function<bool()>& give_up) {
  auto file = RowFileWriter::create(path);
  if (!file) return file.error();
  RowSum sum;
  auto read = source.read(table, [&](const Row& row) -> Result<void> {
    sum.add(table, row);
    if (give_up && sum.rows() % kAskEvery == 0 && give_up()) {
      return Error{Errc::cancelled, "backup.interrupted", "the hub is being stopped; the backup was given up"};
    }
    return (*file)->add(table, row);
  });
  if (!read) return read.error();
  if (auto done = (*file)->finish(); !done) return done.error();
  ArchivedTable about{table.name, {}, {}, sum.rows(), sum.digest(), false};
  for (const Column& column : table.columns)
    about.columns.push_back({column.name, std::string(kind_name(column.kind))});
  for (const std::size_t column : table.key) about.key.push_back(table.columns[column].name);
  return about;
}

Result<void> verify_table_file(const std::filesystem::path& file, const Table& table, const ArchivedTable& expected) {
  RowSum sum;
  auto done = read_row_file(file, table, [&](const Row& row) -> Result<void> {
    sum.add(table, row);
    return {};
  });
  if (!done) return done;
  if (sum.rows() == expected.rows && sum.digest() == expected.digest) return {};
  return damaged_backup(file,
                        fmt::format("{} rows were expected, {} with another sum are in it", expected.rows, sum.rows()));
}

}  // namespace qiao::core
