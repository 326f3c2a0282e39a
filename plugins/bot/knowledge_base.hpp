#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plugins/bot/matcher.hpp"
#include "qiao/store.hpp"

namespace qiao::bot {

/// The knowledge in the database, with a Matcher over it that is replaced after each change. Any thread; what changes
/// something waits for the database.
class KnowledgeBase {
 public:
  /// `changed` is called after each change, so that somebody calls `learn`; it must not wait.
  KnowledgeBase(Database& db, const Clock& clock, Background background, std::function<void()> changed)
      : db_(db), clock_(clock), background_(std::move(background)), changed_(std::move(changed)) {}

  /// Makes the tables, reads files that were not read before (entries that exist stay), and builds the matcher.
  Result<void> load(const std::vector<std::filesystem::path>& files);

  /// Reads again what another generation or node changed. Waits.
  Result<void> refresh();

  /// Learns what has changed and shows it to the matcher. Takes up to seconds; one call at a time. Until then what is
  /// new is found by similar words.
  void learn();
  /// What is being learned is given up at the next step; any thread.
  void stop_learning() noexcept { ending_ = true; }

  [[nodiscard]] std::shared_ptr<const Matcher> matcher() const;
  /// Those that contain the text anywhere; all for an empty one. By key.
  [[nodiscard]] std::vector<KnowledgeEntry> search(const std::string& text) const;

  /// `conflict` when the key exists.
  Result<KnowledgeEntry> create(KnowledgeEntry entry, const std::string& by);
  /// `not_found` when it does not.
  Result<KnowledgeEntry> replace(KnowledgeEntry entry, const std::string& by);
  Result<void> remove(const std::string& key);

 private:
  Result<void> write_and_reload(const Database::Work& work);
  Result<void> reload();

  Database& db_;
  const Clock& clock_;
  const Background background_;
  const std::function<void()> changed_;
  std::atomic<bool> ending_{false};
  std::mutex changing_;  ///< one change and its reload at a time; taken before current_mutex_
  mutable std::mutex current_mutex_;
  std::shared_ptr<const Matcher> current_;
  std::shared_ptr<const Understanding> understanding_;  // guarded by current_mutex_
};

}  // namespace qiao::bot
