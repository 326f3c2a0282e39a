#pragma once

#include <cstdint>
#include <string_view>

#include "qiao/result.hpp"
#include "qiao/time.hpp"

namespace qiao::wechat {

/// What an `errcode` means for the channel: see channel/platform.hpp for what each class leads to. The sentence is for
/// agents and supervisors. `now`: quotas begin anew at midnight in Shanghai.
Error error_of(std::int64_t code, std::string_view message, Time now);

/// The access token was refused (40001, 40014, 42001): a new one may help.
bool is_token_error(std::int64_t code);
/// A media id is unknown or over: the file has to be uploaded again.
inline constexpr std::int64_t kBadMediaId = 40007;
/// The platform has this very message already: it counts as sent.
inline constexpr std::int64_t kRepeatedMessage = 45065;
/// About the typing state: of no importance.
bool is_typing_error(std::int64_t code);

}  // namespace qiao::wechat
