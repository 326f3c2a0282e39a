#pragma once

#include <functional>
#include <optional>

#include "plugins/bot/matcher.hpp"
#include "qiao/contract/bot.hpp"

namespace qiao::bot {

struct BrainSettings {
  double threshold = 0.3;  ///< matches below it are not answered
  /// An entry as the asking customer has it, null when they do not have it; `meant`: it fits their question best.
  /// Empty: everybody has all entries as they are.
  std::function<const KnowledgeEntry*(const KnowledgeEntry&, bool meant)> version{};
};

/// What the bot says to a message. Looks for a reason to leave it to a person first (asked for, complaint, no help),
/// then for knowledge: what the text means by itself or after what was said before, with one question back when two
/// entries are close; never gives the same answer twice. Pure: the same question has the same answer.
class Brain {
 public:
  Brain(const Matcher& matcher, BrainSettings settings) : matcher_(matcher), settings_(std::move(settings)) {}

  [[nodiscard]] contract::BotAnswer answer(const contract::AskBot& ask) const;
  /// Whether the customer is to be answered in Chinese.
  [[nodiscard]] static bool speaks_chinese(const Plain& text, const std::string& language);

 private:
  struct Turn;
  [[nodiscard]] std::optional<contract::BotAnswer> leave_to_person(const Turn& turn) const;
  [[nodiscard]] std::vector<Match> understand(const Turn& turn) const;
  /// What the matcher finds, as the customer has it. `asked`: this is the customer's own text.
  [[nodiscard]] std::vector<Match> best(const Plain& text, const contract::AskBot& ask, std::size_t most,
                                        bool asked = false) const;
  [[nodiscard]] std::optional<contract::BotAnswer> ask_back(const Turn& turn, const std::vector<Match>& matches) const;
  [[nodiscard]] contract::BotAnswer from_entry(const Match& match, const Turn& turn) const;
  [[nodiscard]] contract::BotAnswer give_up(const Turn& turn, const std::vector<Match>& matches) const;
  [[nodiscard]] std::string group_of_talk(const contract::AskBot& ask) const;
  [[nodiscard]] std::string said_last(const contract::AskBot& ask) const;

  const Matcher& matcher_;
  BrainSettings settings_;
};

}  // namespace qiao::bot
