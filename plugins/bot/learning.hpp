#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plugins/bot/knowledge_base.hpp"
#include "plugins/bot/learning_config.hpp"
#include "plugins/bot/personal_data.hpp"
#include "plugins/bot/suggestion.hpp"
#include "plugins/bot/topics.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/log.hpp"
#include "qiao/vault.hpp"

namespace qiao::bot {

/// What the bot could not answer, and what it learns from the agents who could.
///
/// A question that was left to a person is kept, without personal data and sealed for the contact who asked. The
/// agent's answer makes it part of a suggestion, together with questions that mean the same. A supervisor, or the
/// setting, turns a suggestion into an entry or improves one that exists.
///
/// All but `could_not_answer` and `rated` wait for the database: blocking lanes and request handlers.
class Learning {
 public:
  using Settings = std::function<LearningConfig()>;

  Learning(Database& db, Vault& vault, const Clock& clock, Logger& log, KnowledgeBase& knowledge, Settings settings)
      : db_(db), vault_(vault), clock_(clock), log_(log), knowledge_(knowledge), settings_(std::move(settings)) {}

  /// Keeps a question that is left to a person, when it is one that can be learned. Any thread; does not wait.
  void could_not_answer(const contract::AskBot& ask, const contract::BotAnswer& answer);
  /// A customer's thumb on an entry. Any thread; does not wait.
  void rated(const std::string& entry, bool helped);

  /// An agent wrote to a customer.
  Result<void> agent_wrote(const contract::MessageStored& stored);

  Result<std::vector<Suggestion>> suggestions(SuggestionState state);
  /// The new or improved entry. `conflict` when the suggestion is decided already.
  Result<KnowledgeEntry> accept(const AcceptSuggestion& wish, const std::string& by);
  /// Of the entry that `accept` will write.
  [[nodiscard]] static std::string key_of(const AcceptSuggestion& wish);
  Result<void> dismiss(Id suggestion, const std::string& by);

  /// Questions without an entry, newest first.
  Result<std::vector<OpenQuestion>> unanswered(Time since);
  /// Those are of no interest any more.
  Result<void> dismiss_questions(const std::vector<Id>& questions);

  Result<contract::ExportParts> export_person(const contract::Person& person);
  Result<contract::ErasedCount> erase_person(const contract::Person& person);
  /// Removes what is older than `keep`.
  Result<void> forget_old();

 private:
  struct Kept;
  Result<std::vector<Kept>> kept(Session& session, std::string_view where, std::int64_t value, std::int64_t other,
                                 int most);
  Result<std::string> sealed(Session& session, const Kept& row);
  Result<void> move(Session& session, Id suggestion, SuggestionState state, const std::string& entry,
                    const std::string& by);
  Result<void> accept_by_itself(Id suggestion);
  std::vector<SimilarEntry> similar_to(const Suggestion& suggestion) const;
  Result<std::optional<Suggestion>> find(Id suggestion);
  Result<std::int64_t> unlearn(const contract::Person& person);

  Database& db_;
  Vault& vault_;
  const Clock& clock_;
  Logger& log_;
  KnowledgeBase& knowledge_;
  const Settings settings_;
  const PersonalData personal_;
};

/// The tables, as one step of the bot's schema.
extern const std::string_view kLearningTables;

}  // namespace qiao::bot
