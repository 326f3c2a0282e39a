#pragma once

#include <string>
#include <vector>

#include "plugins/bot/personal_data.hpp"
#include "plugins/llm/client/chat_api.hpp"
#include "qiao/contract/bot.hpp"

namespace qiao::llm {

/// The question as the model gets it: the rules, the passages, the last turns and the customer's text as data, all
/// without personal data.
[[nodiscard]] std::vector<ChatTurn> grounded_question(const contract::AskModel& ask, const std::string& shop,
                                                      const bot::PersonalData& personal);

/// What the model said, checked as if a stranger had: it names one of the passages, and everything in it stands there.
/// Not answered, with a reason, when it names none (`not_in_passages`), is no answer at all (`bad_answer`), or says
/// more than the passages do (`not_grounded`): numbers, addresses, or too many words of its own.
[[nodiscard]] contract::ModelAnswer checked_answer(const contract::AskModel& ask, const std::string& said);

}  // namespace qiao::llm
