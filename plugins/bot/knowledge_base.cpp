#include "plugins/bot/knowledge_base.hpp"

#include <malloc.h>

#include <algorithm>

#include "plugins/bot/knowledge_file.hpp"
#include "qiao/json.hpp"

namespace qiao::bot {
namespace {

constexpr std::size_t kMostVersions = 200;

Error unknown(const std::string& key) {
  return {Errc::not_found, "bot.unknown_entry", "there is no knowledge entry \"" + key + "\""};
}

bool contains(const KnowledgeEntry& entry, const std::u32string& wanted) {
  const auto in = [&](const std::string& text) { return has(make_plain(text).text, wanted); };
  return in(entry.key) || in(entry.intent) || in(entry.answer_zh) || in(entry.answer_en) ||
         std::any_of(entry.questions.begin(), entry.questions.end(), in) ||
         std::any_of(entry.keywords.begin(), entry.keywords.end(), in) ||
         std::any_of(entry.labels.begin(), entry.labels.end(), in);
}

/// As it reads, whoever wrote it and when.
std::string body_of(KnowledgeEntry entry) {
  entry.changed_at = Time{};
  entry.changed_by.clear();
  return to_json(entry);
}

std::vector<KnowledgeEntry> live_ones(const std::vector<KnowledgeEntry>& all, Time now) {
  std::vector<KnowledgeEntry> out;
  std::copy_if(all.begin(), all.end(), std::back_inserter(out), [&](const auto& e) { return is_live(e, now); });
  return out;
}

}  // namespace

Result<void> KnowledgeBase::load(const std::vector<std::filesystem::path>& files) {
  if (auto done = db_.migrate(records::kMigrations); !done) return done;
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
        if (auto done = records::insert_entry(db, entry); !done && done.error().code != Errc::conflict) return done;
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
  Vocabulary vocabulary;
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto read = records::entries(db);
    if (!read) return read.error();
    entries = std::move(*read);
    auto words = records::vocabulary(db);
    if (!words) return words.error();
    vocabulary = std::move(*words);
    return {};
  });
  if (!done) return done;
  std::shared_ptr<const Understanding> learned;
  {
    const std::lock_guard lock(current_mutex_);
    learned = understanding_;
  }
  auto words = std::make_shared<const ShopWords>(vocabulary);
  auto fresh = std::make_shared<const Matcher>(live_ones(entries, clock_.now()), std::move(learned), words);
  {
    const std::lock_guard lock(current_mutex_);
    all_ = std::make_shared<const std::vector<KnowledgeEntry>>(std::move(entries));
    current_ = std::move(fresh);
    words_ = std::move(words);
  }
  changed_();
  return {};
}

std::optional<Time> KnowledgeBase::next_edge() const {
  const auto all = entries();
  const Time now = clock_.now();
  std::optional<Time> next;
  for (const KnowledgeEntry& e : *all) {
    for (const Time edge : {e.valid_from, e.valid_until}) {
      if (e.enabled && edge > now && (!next || edge < *next)) next = edge;
    }
  }
  return next;
}

void KnowledgeBase::learn() {
  const auto seen = matcher();
  if (!seen || seen->all_learned()) return;
  std::shared_ptr<const ShopWords> words;
  {
    const std::lock_guard lock(current_mutex_);
    words = words_;
  }
  std::call_once(background_read_, [this] { background_ = read_background_(); });
  auto learned = Understanding::learn(
      seen->entries(), background_, [this] { return !ending_.load(); }, *words);
  ::malloc_trim(0);  // learning takes many times the memory of what was learned
  if (!learned) return;
  const std::lock_guard change(changing_);
  {
    const std::lock_guard lock(current_mutex_);
    words = words_;
  }
  auto fresh = std::make_shared<const Matcher>(matcher()->entries(), learned, std::move(words));
  const std::lock_guard lock(current_mutex_);
  understanding_ = std::move(learned);
  current_ = std::move(fresh);
}

std::shared_ptr<const Matcher> KnowledgeBase::matcher() const {
  const std::lock_guard lock(current_mutex_);
  return current_;
}

std::shared_ptr<const std::vector<KnowledgeEntry>> KnowledgeBase::entries() const {
  const std::lock_guard lock(current_mutex_);
  return all_;
}

std::vector<KnowledgeEntry> KnowledgeBase::search(const std::string& text) const {
  const auto all = entries();
  const std::u32string wanted = make_plain(text).text;
  std::vector<KnowledgeEntry> out;
  for (const KnowledgeEntry& entry : *all) {
    if (wanted.empty() || contains(entry, wanted)) out.push_back(entry);
  }
  return out;
}

Result<void> KnowledgeBase::write_and_reload(const Database::Work& work) {
  const std::lock_guard lock(changing_);
  if (auto done = db_.write_and_wait(work); !done) return done;
  return reload();
}

Result<void> KnowledgeBase::note(Session& db, const Editor& by, const std::string& what, const std::string& object) {
  AuditEntry entry = by.who;
  entry.action = what;
  entry.object = object;
  return audit_.record(db, entry);
}

Result<void> KnowledgeBase::keep(Session& db, const std::string& what, const KnowledgeEntry& now,
                                 const std::optional<KnowledgeEntry>& before, const Editor& by) {
  records::Step step{now.key, what, to_json(now), now.changed_at, by.name(), std::nullopt};
  if (before) step.before = {to_json(*before), before->changed_at, before->changed_by};
  if (auto done = records::add_version(db, step); !done) return done;
  return note(db, by, "knowledge." + what, "knowledge:" + now.key);
}

Result<void> KnowledgeBase::put(Session& db, const std::string& what, const KnowledgeEntry& entry,
                                const std::optional<KnowledgeEntry>& before, const Editor& by) {
  auto done = before ? records::update_entry(db, entry) : records::insert_entry(db, entry);
  if (!done) return done;
  return keep(db, what, entry, before, by);
}

Result<KnowledgeEntry> KnowledgeBase::create(KnowledgeEntry entry, const Editor& by) {
  if (auto ok = check_entry(entry); !ok) return ok.error();
  entry.changed_at = clock_.now();
  entry.changed_by = by.name();
  auto done = write_and_reload([&](Session& db) -> Result<void> {
    auto added = put(db, "created", entry, std::nullopt, by);
    if (added || added.error().code != Errc::conflict) return added;
    return Error{Errc::conflict, "bot.entry_exists", "there is a knowledge entry \"" + entry.key + "\" already"};
  });
  if (!done) return done.error();
  return entry;
}

Result<KnowledgeEntry> KnowledgeBase::replace(KnowledgeEntry entry, const Editor& by) {
  if (auto ok = check_entry(entry); !ok) return ok.error();
  const Time seen = entry.changed_at;
  entry.changed_at = clock_.now();
  entry.changed_by = by.name();
  auto done = write_and_reload([&](Session& db) -> Result<void> {
    auto before = records::entry(db, entry.key);
    if (!before) return before.error();
    if (!*before) return unknown(entry.key);
    // Times travel with milliseconds.
    const auto millis = [](Time t) { return to_micros(t) / 1000; };
    if (seen != Time{} && millis(seen) != millis((*before)->changed_at)) {
      return Error{Errc::conflict, "bot.entry_changed",
                   "knowledge entry \"" + entry.key + "\" was changed meanwhile by " + (*before)->changed_by +
                       "; read it again before you change it"};
    }
    return put(db, "changed", entry, *before, by);
  });
  if (!done) return done.error();
  return entry;
}

Result<void> KnowledgeBase::remove(const std::string& key, const Editor& by) {
  return write_and_reload([&](Session& db) -> Result<void> {
    auto before = records::entry(db, key);
    if (!before) return before.error();
    if (!*before) return unknown(key);
    if (auto done = records::delete_entry(db, key); !done) return done.error();
    KnowledgeEntry last = **before;
    last.changed_at = clock_.now();
    last.changed_by = by.name();
    return keep(db, "removed", last, *before, by);
  });
}

Result<std::vector<EntryVersion>> KnowledgeBase::versions(const std::string& key) {
  std::vector<EntryVersion> out;
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto kept = records::versions(db, key, kMostVersions);
    if (!kept) return kept.error();
    for (const records::Kept& k : *kept) {
      auto entry = from_json<KnowledgeEntry>(k.body);
      if (!entry) return entry.error();
      out.push_back({k.version, k.what, k.at, k.by, std::move(*entry)});
    }
    return {};
  });
  if (!done) return done.error();
  return out;
}

Result<KnowledgeEntry> KnowledgeBase::restore(const std::string& key, std::int64_t version, const Editor& by) {
  KnowledgeEntry entry;
  auto done = write_and_reload([&](Session& db) -> Result<void> {
    auto kept = records::version(db, key, version);
    if (!kept) return kept.error();
    if (!*kept) return Error{Errc::not_found, "bot.unknown_version", "there is no such version of \"" + key + "\""};
    auto read = from_json<KnowledgeEntry>((*kept)->body);
    if (!read) return read.error();
    entry = std::move(*read);
    entry.changed_at = clock_.now();
    entry.changed_by = by.name();
    auto before = records::entry(db, key);
    if (!before) return before.error();
    return put(db, "restored", entry, *before, by);
  });
  if (!done) return done.error();
  return entry;
}

Result<ImportReport> KnowledgeBase::import(std::vector<KnowledgeEntry> entries, bool apply, const Editor& by) {
  ImportReport report;
  report.applied = apply;
  for (KnowledgeEntry& e : entries) {
    if (auto ok = check_entry(e); !ok) return ok.error();
    e.changed_at = clock_.now();
    e.changed_by = by.name();
  }
  const auto work = [&](Session& db) -> Result<void> {
    report.added.clear();
    report.changed.clear();
    report.unchanged.clear();
    for (const KnowledgeEntry& e : entries) {
      auto before = records::entry(db, e.key);
      if (!before) return before.error();
      const bool same = *before && body_of(**before) == body_of(e);
      (same ? report.unchanged : *before ? report.changed : report.added).push_back(e.key);
      if (same || !apply) continue;
      if (auto done = put(db, "imported", e, *before, by); !done) return done;
    }
    return {};
  };
  auto done = apply ? write_and_reload(work) : db_.read(work);
  if (!done) return done.error();
  return report;
}

}  // namespace qiao::bot
