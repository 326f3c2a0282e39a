#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "qiao/result.hpp"
#include "qiao/time.hpp"

/// \file
/// Small things that many platforms' protocols have in common.

namespace qiao::channel {

/// At most `bytes` of a text, cut at a character's end.
std::string clip(std::string_view text, std::size_t bytes);

/// Seconds or milliseconds since 1970, told apart by their size; the epoch for what is before it, never beyond 2100.
Time moment(std::int64_t value);

/// Nothing that trying again could mend: what was said or asked for is wrong, too large, forbidden, not there.
bool is_final(const Error& error);

}  // namespace qiao::channel
