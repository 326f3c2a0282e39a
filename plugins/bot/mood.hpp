#pragma once

#include <optional>
#include <string>

#include "plugins/bot/text.hpp"

namespace qiao::bot {

/// The customer asks for a person: 转人工, "talk to a human".
bool asks_for_person(const Plain& text);

/// The customer says that the last answer was no help: 没用, "that doesn't help".
bool says_no_help(const Plain& text);

struct Complaint {
  std::string intent;  ///< return_status, refund_status, delivery_status, parcel_lost, tech_problem, complaint
  std::string group;   ///< who can do something about it
};

/// The customer is waiting for something that was promised, or complains: what no stored answer can solve. A question
/// about the rules ("how long does a refund take") is none.
std::optional<Complaint> complaint_in(const Plain& text);

}  // namespace qiao::bot
