#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/bot/text.hpp"

namespace qiao::bot {

/// The customer asks for a person: 转人工, 揾真人, "talk to a human", also mistyped (转人公) or in pinyin.
bool asks_for_person(const Plain& text);

/// The customer says that the last answer was no help: 没用, "that doesn't help".
bool says_no_help(const Plain& text);

struct Complaint {
  std::string intent;  ///< return_status, refund_status, delivery_status, parcel_lost, tech_problem, complaint
  std::string group;   ///< who can do something about it
};

/// The customer is waiting for something that was promised, or complains: what no stored answer can solve. A question
/// about the rules ("how long does a refund take") is none. `before` is what the customer wrote earlier, newest first:
/// it says what "3天了没动静" is about.
std::optional<Complaint> complaint_in(const Plain& text, const std::vector<std::string>& before = {});

}  // namespace qiao::bot
