#include "plugins/bot/knowledge_records.hpp"

#include "plugins/bot/learning.hpp"
#include "plugins/bot/rollout.hpp"
#include "qiao/json.hpp"

namespace qiao::bot::records {
namespace {

const Migration kSteps[] = {
    {1, "knowledge entries", R"sql(
CREATE TABLE bot_entry (
  entry_key VARCHAR(64) NOT NULL PRIMARY KEY,
  body TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE TABLE bot_file (
  path VARCHAR(255) NOT NULL PRIMARY KEY,
  read_at BIGINT NOT NULL
)
)sql"},
    {2, "what the bot learns", kLearningTables},
    {3, "versions, drafts and vocabulary", R"sql(
CREATE TABLE bot_version (
  entry_key VARCHAR(64) NOT NULL,
  version BIGINT NOT NULL,
  what VARCHAR(20) NOT NULL,
  body TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  changed_by VARCHAR(190) NOT NULL,
  PRIMARY KEY (entry_key, version)
);
CREATE TABLE bot_draft (
  entry_key VARCHAR(64) NOT NULL PRIMARY KEY,
  body TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE TABLE bot_setting (
  name VARCHAR(40) NOT NULL PRIMARY KEY,
  body TEXT NOT NULL
)
)sql"},
    {4, "what is not for everybody yet", kRolloutTables},
};

Kept kept_of(Rows& rows) { return {rows.integer(0), rows.str(1), rows.str(2), rows.time(3), rows.str(4)}; }

}  // namespace

const std::span<const Migration> kMigrations = kSteps;

Result<std::vector<KnowledgeEntry>> entries(Session& db) {
  std::vector<KnowledgeEntry> out;
  auto rows = db.query("SELECT body FROM bot_entry ORDER BY entry_key");
  while (rows->next()) {
    auto entry = from_json<KnowledgeEntry>(rows->text(0));
    if (!entry) return entry.error();
    out.push_back(std::move(*entry));
  }
  if (auto done = rows->status(); !done) return done.error();
  return out;
}

Result<std::optional<KnowledgeEntry>> entry(Session& db, const std::string& key) {
  auto rows = db.query("SELECT body FROM bot_entry WHERE entry_key = ?", key);
  if (!rows->next()) {
    if (auto done = rows->status(); !done) return done.error();
    return std::optional<KnowledgeEntry>{};
  }
  auto entry = from_json<KnowledgeEntry>(rows->text(0));
  if (!entry) return entry.error();
  return std::optional(std::move(*entry));
}

Result<void> insert_entry(Session& db, const KnowledgeEntry& e) {
  auto done =
      db.run("INSERT INTO bot_entry (entry_key, body, changed_at) VALUES (?, ?, ?)", e.key, to_json(e), e.changed_at);
  return done ? Result<void>{} : done.error();
}

Result<void> update_entry(Session& db, const KnowledgeEntry& e) {
  auto done =
      db.run("UPDATE bot_entry SET body = ?, changed_at = ? WHERE entry_key = ?", to_json(e), e.changed_at, e.key);
  return done ? Result<void>{} : done.error();
}

Result<bool> delete_entry(Session& db, const std::string& key) {
  auto done = db.run("DELETE FROM bot_entry WHERE entry_key = ?", key);
  if (!done) return done.error();
  return *done > 0;
}

Result<void> add_version(Session& db, const Step& step) {
  std::int64_t last = 0;
  {
    auto rows = db.query("SELECT MAX(version) FROM bot_version WHERE entry_key = ?", step.key);
    if (rows->next()) last = rows->integer(0);
    if (auto done = rows->status(); !done) return done;
  }
  const auto insert = [&](const std::string& what, const std::string& body, Time at,
                          const std::string& by) -> Result<void> {
    auto done = db.run(
        "INSERT INTO bot_version (entry_key, version, what, body, changed_at, changed_by) VALUES (?, ?, ?, ?, ?, ?)",
        step.key, ++last, what, body, at, by);
    return done ? Result<void>{} : done.error();
  };
  if (last == 0 && step.before) {
    if (auto done = insert("created", step.before->body, step.before->at, step.before->by); !done) return done;
  }
  return insert(step.what, step.body, step.at, step.by);
}

Result<std::vector<Kept>> versions(Session& db, const std::string& key, std::size_t most) {
  std::vector<Kept> out;
  auto rows = db.query(
      "SELECT version, what, body, changed_at, changed_by FROM bot_version WHERE entry_key = ? "
      "ORDER BY version DESC LIMIT ?",
      key, static_cast<std::int64_t>(most));
  while (rows->next()) out.push_back(kept_of(*rows));
  if (auto done = rows->status(); !done) return done.error();
  return out;
}

Result<std::optional<Kept>> version(Session& db, const std::string& key, std::int64_t number) {
  std::optional<Kept> out;
  auto rows = db.query(
      "SELECT version, what, body, changed_at, changed_by FROM bot_version WHERE entry_key = ? AND version = ?", key,
      number);
  if (rows->next()) out = kept_of(*rows);
  if (auto done = rows->status(); !done) return done.error();
  return out;
}

Result<std::vector<Draft>> drafts(Session& db) {
  std::vector<Draft> out;
  auto rows = db.query(
      "SELECT d.body, e.entry_key FROM bot_draft d LEFT JOIN bot_entry e ON e.entry_key = d.entry_key "
      "ORDER BY d.changed_at DESC");
  while (rows->next()) {
    auto draft = from_json<Draft>(rows->text(0));
    if (!draft) return draft.error();
    draft->is_new = rows->null(1);
    out.push_back(std::move(*draft));
  }
  if (auto done = rows->status(); !done) return done.error();
  return out;
}

Result<std::optional<Draft>> draft(Session& db, const std::string& key) {
  std::optional<Draft> out;
  auto rows = db.query("SELECT body FROM bot_draft WHERE entry_key = ?", key);
  if (rows->next()) {
    auto draft = from_json<Draft>(rows->text(0));
    if (!draft) return draft.error();
    out = std::move(*draft);
  }
  if (auto done = rows->status(); !done) return done.error();
  return out;
}

Result<void> put_draft(Session& db, const Draft& draft) {
  const std::string body = to_json(draft);
  auto changed =
      db.run("UPDATE bot_draft SET body = ?, changed_at = ? WHERE entry_key = ?", body, draft.at, draft.entry.key);
  if (!changed) return changed.error();
  if (*changed > 0) return {};
  auto added =
      db.run("INSERT INTO bot_draft (entry_key, body, changed_at) VALUES (?, ?, ?)", draft.entry.key, body, draft.at);
  return added ? Result<void>{} : added.error();
}

Result<bool> delete_draft(Session& db, const std::string& key) {
  auto done = db.run("DELETE FROM bot_draft WHERE entry_key = ?", key);
  if (!done) return done.error();
  return *done > 0;
}

Result<Vocabulary> vocabulary(Session& db) {
  Vocabulary out;
  auto rows = db.query("SELECT body FROM bot_setting WHERE name = 'vocabulary'");
  if (rows->next()) {
    auto read = from_json<Vocabulary>(rows->text(0));
    if (!read) return read.error();
    out = std::move(*read);
  }
  if (auto done = rows->status(); !done) return done.error();
  return out;
}

Result<void> put_vocabulary(Session& db, const Vocabulary& vocabulary) {
  const std::string body = to_json(vocabulary);
  auto changed = db.run("UPDATE bot_setting SET body = ? WHERE name = 'vocabulary'", body);
  if (!changed) return changed.error();
  if (*changed > 0) return {};
  auto added = db.run("INSERT INTO bot_setting (name, body) VALUES ('vocabulary', ?)", body);
  // An update that changes nothing counts no row on some servers.
  if (!added && added.error().code != Errc::conflict) return added.error();
  return {};
}

}  // namespace qiao::bot::records
