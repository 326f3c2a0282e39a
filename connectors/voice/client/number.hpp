#pragma once

#include <string>
#include <string_view>

namespace qiao::voice {

/// E.164 of a number as exchanges show it: "+86 138-0013-8000", "008613800138000", "013800138000" and "13800138000" are
/// "+8613800138000". Short numbers (10086) stay as they are. Empty when it is withheld: "anonymous", "<unknown>", … or
/// no number at all. `country`: calling code of numbers without one.
std::string to_e164(std::string_view shown, std::string_view country);

/// As an exchange at home in `country` dials it: numbers of that country as within it ("13800138000", "02160001000"),
/// others with "00". `prefix` goes in front.
std::string to_dial(const std::string& e164, std::string_view country, const std::string& prefix);

}  // namespace qiao::voice
