#include "qiao/text_index.hpp"

#include <fmt/format.h>

namespace qiao {
namespace {

// Changes of what is indexed are told apart by the version: an index of another version is made anew.
constexpr int kVersion = 1;

/// Letters and digits only, of one length, longer than the shortest word that an engine takes and none of its stop
/// words. Two terms with the same token cost a look at a row that does not match.
void append_token(std::string& out, std::string_view hashed) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : hashed) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  hash ^= hash >> 29u;
  hash *= 0xBF58476D1CE4E5B9ull;
  hash ^= hash >> 32u;
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";
  for (int i = 0; i < 10; ++i, hash >>= 5u) out += kDigits[hash & 31u];
}

Result<void> ran(Result<std::int64_t> result) {
  if (!result) return result.error();
  return {};
}

}  // namespace

TextIndex::Tables TextIndex::tables(std::string_view prefix) {
  constexpr std::string_view kState =
      "CREATE TABLE {0}_text_state (id INT NOT NULL PRIMARY KEY, engine VARCHAR(16) NOT NULL, version INT NOT NULL, "
      "position BIGINT NOT NULL);\n"
      "INSERT INTO {0}_text_state (id, engine, version, position) VALUES (1, '{1}', 1, 0)";
  return {fmt::format("CREATE VIRTUAL TABLE {0}_text_index USING fts5 (terms, content = '', detail = none, columnsize "
                      "= 0, tokenize = 'ascii');\n",
                      prefix) +
              fmt::format(kState, prefix, "sqlite"),
          fmt::format("CREATE TABLE {0}_text_index (id BIGINT NOT NULL PRIMARY KEY, terms MEDIUMTEXT CHARACTER SET "
                      "ascii NOT NULL, FULLTEXT KEY {0}_text_terms (terms));\n",
                      prefix) +
              fmt::format(kState, prefix, "mysql")};
}

TextIndex::TextIndex(Engine engine, std::string prefix, TermHash hash)
    : engine_(engine),
      hash_(std::move(hash)),
      position_sql_(fmt::format("SELECT position, version FROM {}_text_state WHERE id = 1", prefix)),
      advance_sql_(
          fmt::format("UPDATE {}_text_state SET position = ?, version = ? WHERE id = 1 AND position = ?", prefix)),
      restart_sql_(fmt::format("UPDATE {}_text_state SET position = 0, version = {} WHERE id = 1", prefix, kVersion)) {
  if (engine == Engine::sqlite) {
    add_sql_ = fmt::format("INSERT INTO {}_text_index (rowid, terms) VALUES (?, ?)", prefix);
    remove_sql_ =
        fmt::format("INSERT INTO {0}_text_index ({0}_text_index, rowid, terms) VALUES ('delete', ?, ?)", prefix);
    search_sql_ = fmt::format(
        "SELECT rowid FROM {0}_text_index WHERE {0}_text_index MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
        prefix);
    clear_sql_ = fmt::format("INSERT INTO {0}_text_index ({0}_text_index) VALUES ('delete-all')", prefix);
  } else {
    add_sql_ = fmt::format("INSERT INTO {}_text_index (id, terms) VALUES (?, ?)", prefix);
    remove_sql_ = fmt::format("DELETE FROM {}_text_index WHERE id = ?", prefix);
    search_sql_ = fmt::format(
        "SELECT id FROM {}_text_index WHERE MATCH (terms) AGAINST (? IN BOOLEAN MODE) AND id < ? ORDER BY id DESC "
        "LIMIT ?",
        prefix);
    clear_sql_ = fmt::format("DELETE FROM {}_text_index", prefix);
  }
}

Result<TextIndex> TextIndex::open(Database& database, std::string prefix, TermHash hash) {
  std::string engine;
  auto read = database.read([&](Session& session) -> Result<void> {
    auto rows = session.query(fmt::format("SELECT engine FROM {}_text_state WHERE id = 1", prefix));
    if (rows->next()) engine = rows->str(0);
    return rows->status();
  });
  if (!read) return read.error();
  if (engine != "sqlite" && engine != "mysql") {
    return Error{Errc::internal, "text_index.no_state",
                 fmt::format("{}_text_state has no row; was its migration applied?", prefix)};
  }
  return TextIndex(engine == "mysql" ? Engine::mysql : Engine::sqlite, std::move(prefix), std::move(hash));
}

std::string TextIndex::tokens(std::span<const std::string> terms, std::string_view before_each) const {
  std::string out;
  out.reserve(terms.size() * (11 + before_each.size()));
  for (const std::string& term : terms) {
    if (!out.empty()) out += ' ';
    out += before_each;
    append_token(out, hash_ ? hash_(term) : term);
  }
  return out;
}

Result<Id> TextIndex::position(Session& session) const {
  auto rows = session.query(position_sql_);
  Id position;
  if (rows->next() && rows->integer(1) == kVersion) position = rows->id(0);
  if (auto status = rows->status(); !status) return status.error();
  return position;
}

Result<void> TextIndex::advance(Session& session, Id from, Id to) {
  auto moved = session.run(advance_sql_, to.value, kVersion, from.value);
  if (!moved) return moved.error();
  if (*moved == 0) return Error{Errc::conflict, "text_index.moved", "somebody else indexes the same rows"};
  return {};
}

Result<void> TextIndex::add(Session& session, Id row, std::span<const std::string> terms) {
  if (terms.empty()) return {};
  return ran(session.run(add_sql_, row, tokens(terms, {})));
}

Result<void> TextIndex::remove(Session& session, Id row, std::span<const std::string> terms) {
  if (terms.empty()) return {};
  if (engine_ == Engine::mysql) return ran(session.run(remove_sql_, row));
  return ran(session.run(remove_sql_, row, tokens(terms, {})));
}

Result<std::vector<Id>> TextIndex::search(Session& session, std::span<const std::string> terms, Id before,
                                          std::size_t limit) const {
  std::vector<Id> found;
  if (terms.empty() || limit == 0) return found;
  const std::int64_t below = before ? before.value : std::numeric_limits<std::int64_t>::max();
  // FTS5 takes words side by side as "all of them", a boolean search those with a plus.
  auto rows = session.query(search_sql_, tokens(terms, engine_ == Engine::mysql ? "+" : ""), below, limit);
  while (rows->next()) found.push_back(rows->id(0));
  if (auto status = rows->status(); !status) return status.error();
  return found;
}

Result<void> TextIndex::clear(Session& session) {
  if (auto cleared = ran(session.run(clear_sql_)); !cleared) return cleared;
  return ran(session.run(restart_sql_));
}

}  // namespace qiao
