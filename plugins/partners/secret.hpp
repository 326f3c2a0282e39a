#pragma once

#include <string>
#include <string_view>

namespace qiao::partners {

inline constexpr std::string_view kSecretPrefix = "qk_";
/// How much of a key is kept readable, to tell keys apart.
inline constexpr std::size_t kShownLength = 11;

/// A fresh key: "qk_" and 43 characters that stand for 256 random bits.
std::string new_secret();
/// SHA-256 in hexadecimal: what is kept of a key.
std::string secret_hash(std::string_view secret);
/// The shape of a key; says nothing about whether it exists.
bool looks_like_secret(std::string_view text);
/// SHA-384 in Base64, as the `integrity` of a script tag has it after "sha384-".
std::string sha384_base64(std::string_view bytes);

}  // namespace qiao::partners
