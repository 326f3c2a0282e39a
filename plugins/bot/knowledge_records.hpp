#pragma once

#include <optional>

#include "plugins/bot/entry.hpp"
#include "plugins/bot/vocabulary.hpp"
#include "qiao/audit.hpp"
#include "qiao/store.hpp"

namespace qiao::bot {

/// Who changes the knowledge.
struct Editor {
  AuditEntry who;  ///< without action and object
  explicit Editor(const HttpRequest& request) : who(AuditEntry::by(request, {}, {})) {}
  Editor(std::string name) { who.actor_name = std::move(name); }  // NOLINT: who has only a name
  [[nodiscard]] const std::string& name() const { return who.actor_name; }
};

/// One state of an entry that was live.
struct EntryVersion {
  std::int64_t version = 0;
  std::string what;  ///< created, changed, removed, restored, imported, published
  Time at;
  std::string by;
  KnowledgeEntry entry;
};
QIAO_FIELDS(EntryVersion, version, what, at, by, entry)

struct VocabularyVersion {
  std::int64_t version = 0;
  std::string what;
  Time at;
  std::string by;
  Vocabulary vocabulary;
};
QIAO_FIELDS(VocabularyVersion, version, what, at, by, vocabulary)

enum class DraftState : std::uint8_t { draft, review };
QIAO_ENUM(DraftState, draft, review)

/// An entry as somebody wants it, beside the one that customers get.
struct Draft {
  KnowledgeEntry entry;
  DraftState state = DraftState::draft;
  std::string note;  ///< for who reviews it, or why it came back; at most 500 bytes
  std::string by;
  Time at;
  bool is_new = false;  ///< nothing with its key is live
};
QIAO_FIELDS(Draft, entry, state, note, by, at, is_new)

/// The tables of the knowledge. Every function works in the caller's transaction.
namespace records {

extern const std::span<const Migration> kMigrations;

Result<std::vector<KnowledgeEntry>> entries(Session& db);
Result<std::optional<KnowledgeEntry>> entry(Session& db, const std::string& key);
Result<void> insert_entry(Session& db, const KnowledgeEntry& entry);
Result<void> update_entry(Session& db, const KnowledgeEntry& entry);
Result<bool> delete_entry(Session& db, const std::string& key);

/// Keeps a version under `key`; `body` is the JSON of what there is now, `before` of what there was, which is kept
/// first when there is no version yet.
struct Step {
  std::string key;
  std::string what;
  std::string body;
  Time at;
  std::string by;
  struct Before {
    std::string body;
    Time at;
    std::string by;
  };
  std::optional<Before> before;
};
Result<void> add_version(Session& db, const Step& step);
struct Kept {
  std::int64_t version;
  std::string what;
  std::string body;
  Time at;
  std::string by;
};
/// Newest first.
Result<std::vector<Kept>> versions(Session& db, const std::string& key, std::size_t most);
Result<std::optional<Kept>> version(Session& db, const std::string& key, std::int64_t number);

Result<std::vector<Draft>> drafts(Session& db);
Result<std::optional<Draft>> draft(Session& db, const std::string& key);
Result<void> put_draft(Session& db, const Draft& draft);
Result<bool> delete_draft(Session& db, const std::string& key);

/// The key under which versions of the vocabulary are kept; no entry has such a one.
inline constexpr const char* kVocabulary = "@vocabulary";
Result<Vocabulary> vocabulary(Session& db);
Result<void> put_vocabulary(Session& db, const Vocabulary& vocabulary);

}  // namespace records
}  // namespace qiao::bot
