#pragma once

#include "plugins/bot/learning.hpp"

/// \file
/// How questions lie in the table; only for what belongs to Learning.

namespace qiao::bot {

enum class QuestionState : std::uint8_t { unanswered, answered, learned, dismissed };

/// One question as it lies in the table; `body` is what is sealed.
struct LearnedBody {
  std::string site;
  std::string reason;
  std::string entry;
  std::string question;
  std::vector<std::string> context;
  std::string answer;
  std::string agent;
  std::string group;
  std::int64_t answer_seq = 0;
};
QIAO_FIELDS(LearnedBody, site, reason, entry, question, context, answer, agent, group, answer_seq)

struct Learning::Kept {
  Id id;
  Id contact;
  Id conversation;
  Id suggestion;
  QuestionState state = QuestionState::unanswered;
  Time at;
  LearnedBody body;
};

}  // namespace qiao::bot
