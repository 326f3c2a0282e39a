#pragma once

#include <string>
#include <string_view>

#include "qiao/contract/contacts.hpp"

/// \file
/// How the things by which people are recognised are written, so that two ways of writing one are equal. Pure.

namespace qiao::contacts {

/// E.164: "138 0013-8000" becomes "+8613800138000" with the default country "86". Empty: not a phone number.
[[nodiscard]] std::string normal_phone(std::string_view text, std::string_view default_country);
/// Lower case, without spaces around it. Empty: not an address.
[[nodiscard]] std::string normal_email(std::string_view text);
/// The same claim as it is kept and compared; `claim.bad_value` names what is wrong with it.
[[nodiscard]] Result<contract::Claim> normalised(contract::Claim claim, std::string_view default_country);

/// A phone number as people of that country write it: "+8613800138000" becomes "13800138000" at home.
[[nodiscard]] std::string shown_phone(std::string_view e164, std::string_view default_country);
/// In part: "138****8000", "w***@example.com", "ab****".
[[nodiscard]] std::string masked(std::string_view kind, std::string_view value);

/// Valid UTF-8 without NUL.
[[nodiscard]] bool clean_text(std::string_view text) noexcept;
/// "%" and "_" taken literally, with "!" as the escape.
[[nodiscard]] std::string like_prefix(std::string_view text);

}  // namespace qiao::contacts
