#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "plugins/bot/knowledge_records.hpp"
#include "plugins/bot/matcher.hpp"

namespace qiao::bot {

/// What an import would do, or did.
struct ImportReport {
  std::vector<std::string> added;  ///< keys
  std::vector<std::string> changed;
  std::vector<std::string> unchanged;
  bool applied = false;
};
QIAO_FIELDS(ImportReport, added, changed, unchanged, applied)

/// The knowledge in the database, with a Matcher over it that is replaced after each change. Any thread; what changes
/// something waits for the database. Every change keeps a version and stands in the audit log.
class KnowledgeBase {
 public:
  /// `changed` is called after each change, so that somebody calls `learn`; it must not wait.
  KnowledgeBase(Database& db, Audit& audit, const Clock& clock, std::function<Background()> background,
                std::function<void()> changed)
      : db_(db), audit_(audit), clock_(clock), read_background_(std::move(background)), changed_(std::move(changed)) {}

  /// Makes the tables, reads files that were not read before (entries that exist stay), and builds the matcher.
  Result<void> load(const std::vector<std::filesystem::path>& files);

  /// Reads again what another generation or node changed, and lets entries begin and end. Waits.
  Result<void> refresh();
  /// When an entry begins or ends next.
  [[nodiscard]] std::optional<Time> next_edge() const;

  /// Learns what has changed and shows it to the matcher. Takes up to seconds; one call at a time. Until then what is
  /// new is found by similar words.
  void learn();
  /// What is being learned is given up at the next step; any thread.
  void stop_learning() noexcept { ending_ = true; }

  /// Over what customers get now.
  [[nodiscard]] std::shared_ptr<const Matcher> matcher() const;
  /// All entries, disabled ones too, by key.
  [[nodiscard]] std::shared_ptr<const std::vector<KnowledgeEntry>> entries() const;
  /// Those that contain the text anywhere; all for an empty one. By key.
  [[nodiscard]] std::vector<KnowledgeEntry> search(const std::string& text) const;

  /// `conflict` when the key exists.
  Result<KnowledgeEntry> create(KnowledgeEntry entry, const Editor& by);
  /// `not_found` when it does not; `conflict` when the entry says when it was changed, and was changed since.
  Result<KnowledgeEntry> replace(KnowledgeEntry entry, const Editor& by);
  Result<void> remove(const std::string& key, const Editor& by);

  /// Newest first; at most 200.
  Result<std::vector<EntryVersion>> versions(const std::string& key);
  /// The entry as it was, also one that was removed.
  Result<KnowledgeEntry> restore(const std::string& key, std::int64_t version, const Editor& by);

  /// Removes what an entry was before, its draft too: it may carry data of somebody who wants to be forgotten.
  Result<void> forget_versions(const std::string& key);

  Result<std::vector<Draft>> drafts();
  Result<Draft> put_draft(Draft draft, const Editor& by);
  Result<void> drop_draft(const std::string& key, const Editor& by);
  /// The draft becomes what customers get.
  Result<KnowledgeEntry> publish(const std::string& key, const Editor& by);

  /// Adds entries and changes those whose key exists; with `apply` false it only says what would happen.
  Result<ImportReport> import(std::vector<KnowledgeEntry> entries, bool apply, const Editor& by);

  Result<Vocabulary> vocabulary();
  Result<Vocabulary> put_vocabulary(const Vocabulary& vocabulary, const Editor& by,
                                    const std::string& what = "changed");
  Result<std::vector<VocabularyVersion>> vocabulary_versions();
  Result<Vocabulary> restore_vocabulary(std::int64_t version, const Editor& by);

 private:
  Result<void> write_and_reload(const Database::Work& work);
  Result<void> reload();
  Result<void> note(Session& db, const Editor& by, const std::string& what, const std::string& object);
  /// Keeps the version and the audit entry of a change that is in the same transaction.
  Result<void> keep(Session& db, const std::string& what, const KnowledgeEntry& now,
                    const std::optional<KnowledgeEntry>& before, const Editor& by);
  Result<void> put(Session& db, const std::string& what, const KnowledgeEntry& entry,
                   const std::optional<KnowledgeEntry>& before, const Editor& by);

  Database& db_;
  Audit& audit_;
  const Clock& clock_;
  const std::function<Background()> read_background_;
  std::once_flag background_read_;
  Background background_;  ///< read when it is first learned from
  const std::function<void()> changed_;
  std::atomic<bool> ending_{false};
  std::mutex changing_;  ///< one change and its reload at a time; taken before current_mutex_
  mutable std::mutex current_mutex_;
  std::shared_ptr<const std::vector<KnowledgeEntry>> all_;
  std::shared_ptr<const Matcher> current_;
  std::shared_ptr<const Understanding> understanding_;  // these guarded by current_mutex_
  std::shared_ptr<const ShopWords> words_ = std::make_shared<const ShopWords>();
};

}  // namespace qiao::bot
