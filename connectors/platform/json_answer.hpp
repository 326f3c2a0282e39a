#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "qiao/result.hpp"
#include "qiao/time.hpp"

/// \file
/// Reading what outside systems answer: leniently about types (an empty text is `false` in one system and `null` in the
/// next, a number may come as text), strictly about size and depth. None of these functions throws.

namespace qiao::platform {

using Json = nlohmann::json;

/// `<system>.bad_answer` (unavailable) when the text is no JSON, or nested deeper than 32.
Result<Json> read_json(std::string_view body, std::string_view system);

/// The member, or null when `object` is no object or has no such member. "a.b" is no path here.
const Json& at(const Json& object, std::string_view key);
/// The element, or null when `list` is no list or shorter.
const Json& at(const Json& list, std::size_t index);
/// Follows members: at(v, {"data", "name"}).
const Json& at(const Json& object, std::initializer_list<std::string_view> path);
/// The elements of a list; of anything else none.
const Json::array_t& items(const Json& value);

/// Texts as they are, numbers in decimal; "" for everything else, `false` among it.
std::string text(const Json& value);
/// Numbers, and texts that are numbers; 0 for everything else.
double number(const Json& value);
std::int64_t integer(const Json& value);
/// An amount as decimal text with at least two digits after the point: 129.9 is "129.90". Texts stay as they are.
std::string amount(const Json& value);

/// "2026-11-20", "2026-11-20 08:00:00", "2026-11-20T08:00:00.000+0000", "…Z". A time without a zone is `utc_offset`
/// hours ahead of UTC. The epoch when it is none of these.
Time time(std::string_view text, int utc_offset);

}  // namespace qiao::platform
