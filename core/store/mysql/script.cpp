#include "core/store/mysql/script.hpp"

#include <fmt/format.h>

#include <initializer_list>

#include "core/store/mysql/connection.hpp"

namespace qiao::core::mysql {
namespace {

constexpr std::string_view kTableOptions =
    " ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC";

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

/// Where the quoted text, name or comment at `at` ends; `at` when there is none. Comments end before their line does.
std::size_t skip_quoted(std::string_view sql, std::size_t at) {
  const char c = sql[at];
  if (c == '\'' || c == '"' || c == '`') {
    const auto end = sql.find(c, at + 1);
    return end == std::string_view::npos ? sql.size() : end + 1;
  }
  if (sql.substr(at, 2) == "--") return std::min(sql.find('\n', at), sql.size());
  if (sql.substr(at, 2) == "/*") {
    const auto end = sql.find("*/", at + 2);
    return end == std::string_view::npos ? sql.size() : end + 2;
  }
  return at;
}

bool is_comment(std::string_view sql, std::size_t at) { return sql[at] == '-' || sql[at] == '/'; }

/// Where the given words, separated by white space, end if they stand at `at`; 0 if they do not. Upper case only: that
/// is how types and keywords are written, unlike names.
std::size_t match_words(std::string_view sql, std::size_t at, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    at = std::min(sql.find_first_not_of(" \t\r\n", at), sql.size());
    if (sql.substr(at, word.size()) != word) return 0;
    at += word.size();
    if (at < sql.size() && is_word(sql[at])) return 0;
  }
  return at;
}

struct Replacement {
  std::initializer_list<std::string_view> words;
  std::string_view with;
};

std::string for_mysql(std::string_view sql) {
  static const Replacement kReplacements[] = {
      {{"WITHOUT", "ROWID"}, ""},
      {{"INTEGER", "PRIMARY", "KEY"}, "BIGINT NOT NULL PRIMARY KEY"},
      {{"TEXT"}, "MEDIUMTEXT"},
      {{"BLOB"}, "MEDIUMBLOB"},
  };
  std::string out;
  for (std::size_t at = 0; at < sql.size();) {
    if (const auto end = skip_quoted(sql, at); end != at) {
      out += sql.substr(at, end - at);
      at = end;
      continue;
    }
    if (at == 0 || !is_word(sql[at - 1])) {
      std::size_t end = 0;
      for (const Replacement& replacement : kReplacements) {
        end = match_words(sql, at, replacement.words);
        if (end == 0) continue;
        out += replacement.with;
        break;
      }
      if (end != 0) {
        at = end;
        continue;
      }
    }
    out += sql[at++];
  }
  return out;
}

/// Statements without comments and the white space around them.
std::vector<std::string> split(std::string_view sql) {
  std::vector<std::string> statements;
  std::string one;
  const auto finish = [&] {
    const auto first = one.find_first_not_of(" \t\r\n");
    if (first != std::string::npos) {
      const auto last = one.find_last_not_of(" \t\r\n");
      statements.push_back(one.substr(first, last - first + 1));
    }
    one.clear();
  };
  for (std::size_t at = 0; at < sql.size();) {
    if (const auto end = skip_quoted(sql, at); end != at) {
      if (!is_comment(sql, at)) one += sql.substr(at, end - at);
      at = end;
    } else if (sql[at] == ';') {
      finish();
      ++at;
    } else {
      one += sql[at++];
    }
  }
  finish();
  return statements;
}

}  // namespace

Result<std::vector<ScriptStatement>> script_of(const Migration& step) {
  std::vector<ScriptStatement> script;
  for (std::string& sql : split(step.mysql.empty() ? for_mysql(step.sql) : std::string(step.mysql))) {
    const std::string_view text = sql;
    bool changes_tables = false;
    for (const std::string_view word : {"CREATE", "ALTER", "DROP", "RENAME"}) {
      changes_tables = changes_tables || match_words(text, 0, {word}) != 0;
    }
    if (!changes_tables && !is_row_statement(text)) {
      return Error{Errc::bad_value, "store.forbidden_sql",
                   fmt::format("a migration changes tables and rows, nothing else (in: {})", text.substr(0, 160))};
    }
    if (match_words(text, 0, {"CREATE", "TABLE"}) != 0 && text.ends_with(')')) sql += kTableOptions;
    script.push_back({std::move(sql), changes_tables});
  }
  return script;
}

}  // namespace qiao::core::mysql
