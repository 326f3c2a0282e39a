#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qiao/store.hpp"

namespace qiao::core::mysql {

/// One statement of a migration.
struct ScriptStatement {
  std::string sql;
  /// CREATE, ALTER, DROP, RENAME: ends a transaction. Others change rows.
  bool changes_tables = false;
};

/// A migration's statements for MySQL, made from the common text unless it has one of its own. In the common text TEXT
/// and BLOB become types without SQLite's lack of limits in mind (16 MiB), and what only SQLite has goes. New tables
/// are InnoDB with utf8mb4 compared by code points, whatever the database's defaults.
Result<std::vector<ScriptStatement>> script_of(const Migration& step);

}  // namespace qiao::core::mysql
