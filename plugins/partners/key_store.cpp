#include "plugins/partners/key_store.hpp"

#include <string>

namespace qiao::partners::store {
namespace {

constexpr Migration kMigrations[] = {
    {1, "partner keys and what they were used for", R"sql(
CREATE TABLE partners_key (
  id BIGINT NOT NULL PRIMARY KEY,
  name VARCHAR(100) NOT NULL,
  kind INT NOT NULL,
  hash VARCHAR(64) NOT NULL UNIQUE,
  prefix VARCHAR(16) NOT NULL,
  previous_hash VARCHAR(64) NOT NULL,
  previous_until BIGINT NOT NULL,
  scopes VARCHAR(200) NOT NULL,
  origins TEXT NOT NULL,
  skus TEXT NOT NULL,
  per_minute INT NOT NULL,
  per_day BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by VARCHAR(200) NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL
);
CREATE TABLE partners_usage (
  key_id BIGINT NOT NULL,
  day_utc VARCHAR(10) NOT NULL,
  status INT NOT NULL,
  hits BIGINT NOT NULL,
  PRIMARY KEY (key_id, day_utc, status)
)
)sql"},
};

constexpr const char* kColumns =
    "SELECT id, name, kind, hash, prefix, previous_hash, previous_until, scopes, origins, skus, per_minute, per_day, "
    "created_at, created_by, expires_at, revoked_at, last_used_at FROM partners_key";

/// None of the texts has a control character, so a line each is enough.
std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& text : list) out += (out.empty() ? "" : "\n") + text;
  return out;
}

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> list;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    list.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return list;
}

KeyRecord record(const Rows& row) {
  KeyRecord key;
  key.id = row.id(0);
  key.name = row.str(1);
  key.kind = static_cast<KeyKind>(row.integer(2));
  key.hash = row.str(3);
  key.prefix = row.str(4);
  key.previous_hash = row.str(5);
  key.previous_until = row.time(6);
  key.scopes = lines(row.text(7));
  key.origins = lines(row.text(8));
  key.skus = lines(row.text(9));
  key.per_minute = static_cast<std::int32_t>(row.integer(10));
  key.per_day = row.integer(11);
  key.created_at = row.time(12);
  key.created_by = row.str(13);
  key.expires_at = row.time(14);
  key.revoked_at = row.time(15);
  key.last_used_at = row.time(16);
  return key;
}

Result<void> plain(const Result<std::int64_t>& changed) {
  if (!changed) return changed.error();
  return {};
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

Result<std::vector<KeyRecord>> keys(Session& db) {
  std::vector<KeyRecord> list;
  auto rows = db.query(kColumns);
  while (rows->next()) list.push_back(record(*rows));
  if (auto ok = rows->status(); !ok) return ok.error();
  return list;
}

Result<void> insert(Session& db, const KeyRecord& key) {
  return plain(
      db.run("INSERT INTO partners_key (id, name, kind, hash, prefix, previous_hash, previous_until, scopes, origins, "
             "skus, per_minute, per_day, created_at, created_by, expires_at, revoked_at, last_used_at) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             key.id, key.name, key.kind, key.hash, key.prefix, key.previous_hash, key.previous_until,
             joined(key.scopes), joined(key.origins), joined(key.skus), key.per_minute, key.per_day, key.created_at,
             key.created_by, key.expires_at, key.revoked_at, key.last_used_at));
}

Result<void> update(Session& db, const KeyRecord& key) {
  return plain(db.run(
      "UPDATE partners_key SET name = ?, hash = ?, prefix = ?, previous_hash = ?, previous_until = ?, scopes = ?, "
      "origins = ?, skus = ?, per_minute = ?, per_day = ?, expires_at = ?, revoked_at = ? WHERE id = ?",
      key.name, key.hash, key.prefix, key.previous_hash, key.previous_until, joined(key.scopes), joined(key.origins),
      joined(key.skus), key.per_minute, key.per_day, key.expires_at, key.revoked_at, key.id));
}

Result<void> set_last_used(Session& db, Id key, Time at) {
  return plain(db.run("UPDATE partners_key SET last_used_at = ? WHERE id = ? AND last_used_at < ?", at, key, at));
}

Result<void> add_usage(Session& db, Id key, const std::string& day, int status, std::int64_t count) {
  const auto changed =
      db.run("UPDATE partners_usage SET hits = hits + ? WHERE key_id = ? AND day_utc = ? AND status = ?", count, key,
             day, status);
  if (!changed || *changed > 0) return plain(changed);
  return plain(db.run("INSERT INTO partners_usage (key_id, day_utc, status, hits) VALUES (?, ?, ?, ?)", key, day,
                      status, count));
}

Result<std::vector<DayCount>> usage(Session& db, Id key, const std::string& from, const std::string& to) {
  std::vector<DayCount> list;
  auto rows = db.query(
      "SELECT day_utc, status, hits FROM partners_usage WHERE key_id = ? AND day_utc >= ? AND day_utc <= ? "
      "ORDER BY day_utc, status",
      key, from, to);
  while (rows->next()) list.push_back({rows->str(0), static_cast<int>(rows->integer(1)), rows->integer(2)});
  if (auto ok = rows->status(); !ok) return ok.error();
  return list;
}

Result<std::map<Id, std::int64_t>> used_on(Session& db, const std::string& day) {
  std::map<Id, std::int64_t> used;
  auto rows =
      db.query("SELECT key_id, SUM(hits) FROM partners_usage WHERE day_utc = ? AND status <> 429 GROUP BY key_id", day);
  while (rows->next()) used[rows->id(0)] = rows->integer(1);
  if (auto ok = rows->status(); !ok) return ok.error();
  return used;
}

Result<void> forget_usage_before(Session& db, const std::string& day) {
  return plain(db.run("DELETE FROM partners_usage WHERE day_utc < ?", day));
}

}  // namespace qiao::partners::store
