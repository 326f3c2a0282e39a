#pragma once

#include <filesystem>
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
  KnowledgeBase(Database& db, const Clock& clock) : db_(db), clock_(clock) {}

  /// Makes the tables, reads files that were not read before (entries that exist stay), and builds the matcher.
  Result<void> load(const std::vector<std::filesystem::path>& files);

  /// Reads again what another generation or node changed. Waits.
  Result<void> refresh();

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
  std::mutex changing_;  ///< one change and its reload at a time; taken before current_mutex_
  mutable std::mutex current_mutex_;
  std::shared_ptr<const Matcher> current_;
};

}  // namespace qiao::bot
