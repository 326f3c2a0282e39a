#pragma once

#include <string>
#include <string_view>

namespace qiao::accounts {

/// A fresh secret of 256 random bits, base64url, behind a prefix that tells what it is for.
std::string new_token(std::string_view prefix);
/// SHA-256 of a token in hex: what is stored instead of it.
std::string token_hash(std::string_view token);

inline constexpr std::string_view kSessionPrefix = "qs_";
inline constexpr std::string_view kInvitationPrefix = "qi_";

}  // namespace qiao::accounts
