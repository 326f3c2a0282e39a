#pragma once

#include "plugins/bot/matcher.hpp"
#include "qiao/contract/bot.hpp"

namespace qiao::bot {

struct BrainSettings {
  double threshold = 0.22;  ///< matches below it are not answered
};

/// What the bot says to a message. Looks for a reason to leave it to a person first (asked for, complaint, no help),
/// then for knowledge; never gives the same answer twice in a row. Pure: the same question has the same answer.
class Brain {
 public:
  Brain(const Matcher& matcher, BrainSettings settings) : matcher_(matcher), settings_(settings) {}

  [[nodiscard]] contract::BotAnswer answer(const contract::AskBot& ask) const;
  /// Whether the customer is to be answered in Chinese.
  [[nodiscard]] static bool speaks_chinese(const Plain& text, const std::string& language);

 private:
  [[nodiscard]] std::string group_of_talk(const contract::AskBot& ask) const;
  [[nodiscard]] contract::BotAnswer from_entry(const Match& match, bool chinese, const contract::AskBot& ask) const;

  const Matcher& matcher_;
  BrainSettings settings_;
};

}  // namespace qiao::bot
