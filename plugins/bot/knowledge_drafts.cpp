#include <algorithm>

#include "plugins/bot/knowledge_base.hpp"
#include "qiao/json.hpp"

/// \file
/// The parts of KnowledgeBase around what is not live yet, and the shop's words.

namespace qiao::bot {
namespace {

Error no_draft(const std::string& key) {
  return {Errc::not_found, "bot.unknown_draft", "there is no draft of \"" + key + "\""};
}

}  // namespace

Result<void> KnowledgeBase::forget_versions(const std::string& key) {
  return db_.write_and_wait([&](Session& db) -> Result<void> {
    if (auto gone = db.run("DELETE FROM bot_version WHERE entry_key = ?", key); !gone) return gone.error();
    if (auto gone = records::delete_draft(db, key); !gone) return gone.error();
    return {};
  });
}

Result<std::vector<Draft>> KnowledgeBase::drafts() {
  std::vector<Draft> out;
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto read = records::drafts(db);
    if (!read) return read.error();
    out = std::move(*read);
    return {};
  });
  if (!done) return done.error();
  return out;
}

Result<Draft> KnowledgeBase::put_draft(Draft draft, const Editor& by) {
  if (auto ok = check_entry(draft.entry); !ok) return ok.error();
  if (draft.note.size() > 500) return Error{Errc::bad_value, "bot.bad_entry", "note: at most 500 bytes"};
  draft.by = by.name();
  draft.at = clock_.now();
  auto done = db_.write_and_wait([&](Session& db) -> Result<void> {
    auto live = records::entry(db, draft.entry.key);
    if (!live) return live.error();
    draft.is_new = !live->has_value();
    if (auto stored = records::put_draft(db, draft); !stored) return stored;
    return note(db, by, draft.state == DraftState::review ? "knowledge.submitted" : "knowledge.drafted",
                "knowledge:" + draft.entry.key);
  });
  if (!done) return done.error();
  return draft;
}

Result<void> KnowledgeBase::drop_draft(const std::string& key, const Editor& by) {
  return db_.write_and_wait([&](Session& db) -> Result<void> {
    auto gone = records::delete_draft(db, key);
    if (!gone) return gone.error();
    if (!*gone) return no_draft(key);
    return note(db, by, "knowledge.draft_dropped", "knowledge:" + key);
  });
}

Result<KnowledgeEntry> KnowledgeBase::publish(const std::string& key, const Editor& by) {
  KnowledgeEntry entry;
  auto done = write_and_reload([&](Session& db) -> Result<void> {
    auto draft = records::draft(db, key);
    if (!draft) return draft.error();
    if (!*draft) return no_draft(key);
    entry = (*draft)->entry;
    entry.changed_at = clock_.now();
    // Who wrote it stands in the version as well as who let it go live.
    entry.changed_by = (*draft)->by == by.name() ? by.name() : (*draft)->by + " / " + by.name();
    auto before = records::entry(db, key);
    if (!before) return before.error();
    if (auto gone = records::delete_draft(db, key); !gone) return gone.error();
    return put(db, "published", entry, *before, by);
  });
  if (!done) return done.error();
  return entry;
}

Result<Vocabulary> KnowledgeBase::vocabulary() {
  Vocabulary out;
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto read = records::vocabulary(db);
    if (!read) return read.error();
    out = std::move(*read);
    return {};
  });
  if (!done) return done.error();
  return out;
}

Result<Vocabulary> KnowledgeBase::put_vocabulary(const Vocabulary& vocabulary, const Editor& by,
                                                 const std::string& what) {
  if (auto ok = check_vocabulary(vocabulary); !ok) return ok.error();
  auto done = write_and_reload([&](Session& db) -> Result<void> {
    auto before = records::vocabulary(db);
    if (!before) return before.error();
    if (auto stored = records::put_vocabulary(db, vocabulary); !stored) return stored;
    records::Step step{records::kVocabulary, what, to_json(vocabulary), clock_.now(), by.name(), std::nullopt};
    step.before = {to_json(*before), Time{}, {}};
    if (auto kept = records::add_version(db, step); !kept) return kept;
    return note(db, by, "vocabulary." + what, "vocabulary");
  });
  if (!done) return done.error();
  return vocabulary;
}

Result<std::vector<VocabularyVersion>> KnowledgeBase::vocabulary_versions() {
  std::vector<VocabularyVersion> out;
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto kept = records::versions(db, records::kVocabulary, 200);
    if (!kept) return kept.error();
    for (const records::Kept& k : *kept) {
      auto words = from_json<Vocabulary>(k.body);
      if (!words) return words.error();
      out.push_back({k.version, k.what, k.at, k.by, std::move(*words)});
    }
    return {};
  });
  if (!done) return done.error();
  return out;
}

Result<Vocabulary> KnowledgeBase::restore_vocabulary(std::int64_t version, const Editor& by) {
  std::optional<Vocabulary> found;
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto kept = records::version(db, records::kVocabulary, version);
    if (!kept) return kept.error();
    if (!*kept) return Error{Errc::not_found, "bot.unknown_version", "there is no such version of the vocabulary"};
    auto read = from_json<Vocabulary>((*kept)->body);
    if (!read) return read.error();
    found = std::move(*read);
    return {};
  });
  if (!done) return done.error();
  return put_vocabulary(*found, by, "restored");
}

}  // namespace qiao::bot
