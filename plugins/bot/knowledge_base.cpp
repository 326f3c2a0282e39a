#include "plugins/bot/knowledge_base.hpp"

#include <algorithm>

#include "plugins/bot/knowledge_file.hpp"
#include "plugins/bot/learning.hpp"
#include "qiao/json.hpp"

namespace qiao::bot {
namespace {

const Migration kMigrations[] = {
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
};

Error unknown(const std::string& key) {
  return {Errc::not_found, "bot.unknown_entry", "there is no knowledge entry \"" + key + "\""};
}

Result<std::int64_t> insert(Session& db, const KnowledgeEntry& e) {
  return db.run("INSERT INTO bot_entry (entry_key, body, changed_at) VALUES (?, ?, ?)", e.key, to_json(e),
                e.changed_at);
}

bool contains(const KnowledgeEntry& entry, const std::u32string& wanted) {
  const auto in = [&](const std::string& text) { return has(make_plain(text).text, wanted); };
  return in(entry.key) || in(entry.intent) || in(entry.answer_zh) || in(entry.answer_en) ||
         std::any_of(entry.questions.begin(), entry.questions.end(), in) ||
         std::any_of(entry.keywords.begin(), entry.keywords.end(), in);
}

}  // namespace

Result<void> KnowledgeBase::load(const std::vector<std::filesystem::path>& files) {
  if (auto done = db_.migrate(kMigrations); !done) return done;
  for (const std::filesystem::path& file : files) {
    const std::string name = file.filename().string();
    bool known = false;
    auto looked = db_.read([&](Session& db) {
      auto rows = db.query("SELECT read_at FROM bot_file WHERE path = ?", name);
      known = rows->next();
      return rows->status();
    });
    if (!looked) return looked;
    if (known) continue;
    auto entries = read_knowledge_file(file);
    if (!entries) return entries.error();
    const Time now = clock_.now();
    auto stored = db_.write_and_wait([&](Session& db) -> Result<void> {
      auto noted = db.run("INSERT INTO bot_file (path, read_at) VALUES (?, ?)", name, now);
      if (!noted) return noted.error();
      for (KnowledgeEntry entry : *entries) {
        entry.changed_at = now;
        entry.changed_by = name;
        // An entry that somebody wrote by hand is newer than the file.
        if (auto done = insert(db, entry); !done && done.error().code != Errc::conflict) return done.error();
      }
      return {};
    });
    if (!stored) return stored;
  }
  return reload();
}

Result<void> KnowledgeBase::refresh() {
  const std::lock_guard lock(changing_);
  return reload();
}

Result<void> KnowledgeBase::reload() {
  std::vector<KnowledgeEntry> entries;
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto rows = db.query("SELECT body FROM bot_entry ORDER BY entry_key");
    while (rows->next()) {
      auto entry = from_json<KnowledgeEntry>(rows->text(0));
      if (!entry) return entry.error();
      entries.push_back(std::move(*entry));
    }
    return rows->status();
  });
  if (!done) return done;
  std::shared_ptr<const Understanding> learned;
  {
    const std::lock_guard lock(current_mutex_);
    learned = understanding_;
  }
  auto fresh = std::make_shared<const Matcher>(std::move(entries), std::move(learned));
  {
    const std::lock_guard lock(current_mutex_);
    current_ = std::move(fresh);
  }
  changed_();
  return {};
}

void KnowledgeBase::learn() {
  const auto seen = matcher();
  if (!seen || seen->all_learned()) return;
  auto learned = Understanding::learn(seen->entries(), background_, [this] { return !ending_.load(); });
  if (!learned) return;
  const std::lock_guard change(changing_);
  auto fresh = std::make_shared<const Matcher>(matcher()->entries(), learned);
  const std::lock_guard lock(current_mutex_);
  understanding_ = std::move(learned);
  current_ = std::move(fresh);
}

std::shared_ptr<const Matcher> KnowledgeBase::matcher() const {
  const std::lock_guard lock(current_mutex_);
  return current_;
}

std::vector<KnowledgeEntry> KnowledgeBase::search(const std::string& text) const {
  const auto now = matcher();
  const std::u32string wanted = make_plain(text).text;
  std::vector<KnowledgeEntry> out;
  for (const KnowledgeEntry& entry : now->entries()) {
    if (wanted.empty() || contains(entry, wanted)) out.push_back(entry);
  }
  return out;
}

Result<void> KnowledgeBase::write_and_reload(const Database::Work& work) {
  const std::lock_guard lock(changing_);
  if (auto done = db_.write_and_wait(work); !done) return done;
  return reload();
}

Result<KnowledgeEntry> KnowledgeBase::create(KnowledgeEntry entry, const std::string& by) {
  if (auto ok = check_entry(entry); !ok) return ok.error();
  entry.changed_at = clock_.now();
  entry.changed_by = by;
  auto done = write_and_reload([&](Session& db) -> Result<void> {
    auto added = insert(db, entry);
    if (added) return {};
    if (added.error().code != Errc::conflict) return added.error();
    return Error{Errc::conflict, "bot.entry_exists", "there is a knowledge entry \"" + entry.key + "\" already"};
  });
  if (!done) return done.error();
  return entry;
}

Result<KnowledgeEntry> KnowledgeBase::replace(KnowledgeEntry entry, const std::string& by) {
  if (auto ok = check_entry(entry); !ok) return ok.error();
  entry.changed_at = clock_.now();
  entry.changed_by = by;
  auto done = write_and_reload([&](Session& db) -> Result<void> {
    auto changed = db.run("UPDATE bot_entry SET body = ?, changed_at = ? WHERE entry_key = ?", to_json(entry),
                          entry.changed_at, entry.key);
    if (!changed) return changed.error();
    if (*changed == 0) return unknown(entry.key);
    return {};
  });
  if (!done) return done.error();
  return entry;
}

Result<void> KnowledgeBase::remove(const std::string& key) {
  return write_and_reload([&](Session& db) -> Result<void> {
    auto changed = db.run("DELETE FROM bot_entry WHERE entry_key = ?", key);
    if (!changed) return changed.error();
    if (*changed == 0) return unknown(key);
    return {};
  });
}

}  // namespace qiao::bot
