#include "core/archive/table.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

namespace qiao::core {
namespace {

constexpr std::size_t kPage = 1000;
constexpr std::size_t kPageBytes = 8u << 20u;
constexpr std::size_t kMostValues = 900;  // SQLite's older limit of parameters is 999

bool kept(std::string_view name) {
  if (name.starts_with("qiao_")) return name == "qiao_migration" || name == "qiao_migration_text";
  return !name.starts_with("sqlite_") && name.find("_text_index") == std::string_view::npos &&
         !name.ends_with("_text_state");
}

ColumnKind kind_of(std::string type) {
  std::transform(type.begin(), type.end(), type.begin(), [](char c) { return static_cast<char>(c & ~0x20); });
  const auto has = [&](std::string_view part) { return type.find(part) != std::string::npos; };
  if (has("INT")) return ColumnKind::integer;
  if (has("DOUBLE") || has("FLOAT") || has("REAL")) return ColumnKind::real;
  if (has("BLOB") || has("BINARY")) return ColumnKind::blob;
  return ColumnKind::text;
}

struct KeyColumn {
  std::int64_t place;
  std::size_t column;
};

Result<void> read_columns(Session& session, std::string_view engine, Table& table) {
  std::vector<KeyColumn> key;
  auto rows = engine == "sqlite"
                  ? session.query("SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid", table.name)
                  : session.query(
                        "SELECT c.COLUMN_NAME, c.DATA_TYPE, COALESCE(k.ORDINAL_POSITION, 0) FROM "
                        "information_schema.COLUMNS c LEFT JOIN information_schema.KEY_COLUMN_USAGE k ON "
                        "k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME AND k.COLUMN_NAME = "
                        "c.COLUMN_NAME AND k.CONSTRAINT_NAME = 'PRIMARY' WHERE c.TABLE_SCHEMA = DATABASE() AND "
                        "c.TABLE_NAME = ? ORDER BY c.ORDINAL_POSITION",
                        table.name);
  while (rows->next()) {
    if (rows->integer(2) > 0) key.push_back({rows->integer(2), table.columns.size()});
    table.columns.push_back({rows->str(0), kind_of(rows->str(1))});
  }
  if (auto status = rows->status(); !status) return status;
  std::sort(key.begin(), key.end(), [](const KeyColumn& a, const KeyColumn& b) { return a.place < b.place; });
  for (const KeyColumn& column : key) table.key.push_back(column.column);
  return {};
}

SqlArg argument(const Column& column, const Value& value) {
  if (value.null) return nullptr;
  switch (column.kind) {
    case ColumnKind::integer:
      return value.integer;
    case ColumnKind::real:
      return value.real;
    case ColumnKind::blob:
      return SqlArg::blob(value.text);
    case ColumnKind::text:
      break;
  }
  return std::string_view(value.text);
}

std::string column_list(const Table& table) {
  std::string list;
  for (const Column& column : table.columns) list += (list.empty() ? "" : ", ") + column.name;
  return list;
}

/// "(a > ?) OR (a = ? AND b > ?)", which every engine takes from its key; and the columns of its parameters.
std::string after_key(const Table& table, std::vector<std::size_t>& parameters) {
  std::string sql;
  for (std::size_t n = 0; n < table.key.size(); ++n) {
    sql += n == 0 ? "(" : " OR (";
    for (std::size_t i = 0; i <= n; ++i) {
      sql += fmt::format("{}{} {} ?", i == 0 ? "" : " AND ", table.columns[table.key[i]].name, i == n ? ">" : "=");
      parameters.push_back(table.key[i]);
    }
    sql += ")";
  }
  return sql;
}

void read_row(const Rows& rows, const Table& table, Row& row) {
  row.resize(table.columns.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    Value& value = row[i];
    const int column = static_cast<int>(i);
    value.null = rows.null(column);
    if (value.null) continue;
    switch (table.columns[i].kind) {
      case ColumnKind::integer:
        value.integer = rows.integer(column);
        break;
      case ColumnKind::real:
        value.real = rows.real(column);
        break;
      case ColumnKind::text:
      case ColumnKind::blob:
        value.text.assign(rows.text(column));
        break;
    }
  }
}

void append_number(std::string& out, std::uint64_t number) {
  for (int i = 0; i < 8; ++i, number >>= 8u) out += static_cast<char>(number & 0xFFu);
}

}  // namespace

void RowSum::add(const Table& table, const Row& row) {
  bytes_.clear();
  for (std::size_t i = 0; i < row.size(); ++i) {
    const Value& value = row[i];
    if (value.null) {
      bytes_ += 'n';
      continue;
    }
    std::uint64_t bits = 0;
    switch (table.columns[i].kind) {
      case ColumnKind::integer:
        bytes_ += 'i';
        append_number(bytes_, static_cast<std::uint64_t>(value.integer));
        break;
      case ColumnKind::real:
        bytes_ += 'r';
        std::memcpy(&bits, &value.real, sizeof(bits));
        append_number(bytes_, bits);
        break;
      case ColumnKind::text:
      case ColumnKind::blob:
        bytes_ += 't';
        append_number(bytes_, value.text.size());
        bytes_ += value.text;
        break;
    }
  }
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size(), hash);
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::memcpy(&low, hash, sizeof(low));
  std::memcpy(&high, hash + sizeof(low), sizeof(high));
  low_ += low;
  high_ += high;
  ++rows_;
}

std::string RowSum::digest() const { return fmt::format("{:016x}{:016x}", high_, low_); }

Result<std::vector<Table>> read_tables(Session& session, std::string_view engine) {
  std::vector<Table> tables;
  {
    auto rows = session.query(engine == "sqlite"
                                  ? "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
                                  : "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() "
                                    "AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME");
    while (rows->next()) {
      if (kept(rows->text(0))) tables.push_back({rows->str(0), {}, {}});
    }
    if (auto status = rows->status(); !status) return status.error();
  }
  for (Table& table : tables) {
    if (auto read = read_columns(session, engine, table); !read) return read.error();
  }
  // Engines sort names by rules of their own.
  std::sort(tables.begin(), tables.end(), [](const Table& a, const Table& b) { return a.name < b.name; });
  return tables;
}

Result<void> read_rows(Session& session, const Table& table, const TakeRow& take) {
  const std::string columns = column_list(table);
  Row row;
  if (table.key.empty()) {
    auto rows = session.query(fmt::format("SELECT {} FROM {}", columns, table.name));
    while (rows->next()) {
      read_row(*rows, table, row);
      if (auto taken = take(row); !taken) return taken;
    }
    return rows->status();
  }
  std::string order;
  for (const std::size_t column : table.key) order += (order.empty() ? "" : ", ") + table.columns[column].name;
  std::vector<std::size_t> parameters;
  const std::string after = after_key(table, parameters);
  const std::string first = fmt::format("SELECT {} FROM {} ORDER BY {} LIMIT ?", columns, table.name, order);
  const std::string next =
      fmt::format("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT ?", columns, table.name, after, order);
  // Where the last page ended. A page of long texts is cut short, so that it needs no more memory than others.
  Row last;
  std::size_t page = kPage;
  for (bool more = true; more;) {
    std::vector<SqlArg> args;
    if (!last.empty()) {
      for (const std::size_t column : parameters) args.push_back(argument(table.columns[column], last[column]));
    }
    args.emplace_back(page);
    auto rows = session.select(last.empty() ? first : next, args);
    std::size_t count = 0;
    std::size_t bytes = 0;
    while (rows->next()) {
      read_row(*rows, table, row);
      for (const Value& value : row) bytes += value.text.size();
      ++count;
      if (auto taken = take(row); !taken) return taken;
    }
    if (auto status = rows->status(); !status) return status;
    more = count == page;
    if (more) last = row;
    if (bytes > kPageBytes) page = std::max<std::size_t>(page / 2, 1);
  }
  return {};
}

Result<void> insert_rows(Session& session, const Table& table, std::span<const Row> rows) {
  const std::size_t width = table.columns.size();
  if (width == 0) return {};
  const std::size_t most = std::max<std::size_t>(kMostValues / width, 1);
  std::string one = "(?";
  for (std::size_t i = 1; i < width; ++i) one += ", ?";
  one += ")";
  std::vector<SqlArg> args;
  while (!rows.empty()) {
    // Full statements and single rows: two texts, which are prepared once.
    const std::size_t count = rows.size() >= most ? most : 1;
    std::string sql = fmt::format("INSERT INTO {} ({}) VALUES {}", table.name, column_list(table), one);
    for (std::size_t i = 1; i < count; ++i) sql += ", " + one;
    args.clear();
    for (const Row& row : rows.first(count)) {
      for (std::size_t i = 0; i < width; ++i) args.push_back(argument(table.columns[i], row[i]));
    }
    if (auto done = session.execute(sql, args); !done) {
      Error error = done.error();
      error.message = fmt::format("table {}: {}", table.name, error.message);
      return error;
    }
    rows = rows.subspan(count);
  }
  return {};
}

}  // namespace qiao::core
