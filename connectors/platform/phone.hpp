#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qiao::platform {

/// The decimal digits of a text, in their order.
std::string digits(std::string_view text);

/// A number as it is dialled within `country` (its calling code, e.g. "86"), digits only: "+86 138-0013-8000",
/// "0086 13800138000" and "13800138000" are all "13800138000"; a number of another country keeps its code.
std::string national(std::string_view phone, std::string_view country);

/// Whether two spellings reach the same telephone. Never for fewer than six digits.
bool same_phone(std::string_view a, std::string_view b, std::string_view country);

/// How systems commonly keep a number, for those that only find what they are given: "13800138000", "+8613800138000",
/// "8613800138000", "138 0013 8000", "+86 138-0013-8000", "+86 13800138000".
std::vector<std::string> phone_spellings(std::string_view phone, std::string_view country);

/// Whether two e-mail addresses are one; upper and lower case do not matter.
bool same_email(std::string_view a, std::string_view b);

/// The number of a record from its decimal text; 0 when it is anything else.
std::int64_t record_number(std::string_view text);

/// The last eight digits, or all when there are fewer: what a rough search asks for before `same_phone` decides.
std::string phone_tail(std::string_view phone);

/// The same with a wildcard between the digits, for a LIKE over numbers that are kept with spaces and hyphens:
/// "0%0%1%3%8…".
std::string phone_like(std::string_view phone);

}  // namespace qiao::platform
