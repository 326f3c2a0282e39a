#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "qiao/id.hpp"
#include "qiao/result.hpp"

namespace qiao::inbox {

/// Strict: no overlong forms, no surrogates, nothing above U+10FFFF, no NUL.
[[nodiscard]] bool clean_utf8(std::string_view text) noexcept;
/// At most `bytes`, never cutting a character; longer text ends in "…".
[[nodiscard]] std::string shorten(std::string_view text, std::size_t bytes);
/// "zh-CN" when there is a Chinese character in it, otherwise "en".
[[nodiscard]] std::string language_of(std::string_view text);
[[nodiscard]] bool chinese(std::string_view language) noexcept;

/// What the hub says to the customer by itself.
namespace notice {
[[nodiscard]] std::string visitor_name(std::string_view language, Id contact);
/// `group` is the name as people read it, `ahead` how many wait before this one.
[[nodiscard]] std::string queued(std::string_view language, std::string_view group, std::int32_t ahead);
[[nodiscard]] std::string assigned(std::string_view language, std::string_view agent);
[[nodiscard]] std::string resolved(std::string_view language);
[[nodiscard]] std::string reopened(std::string_view language);
/// What stands for an attachment where there is no text.
[[nodiscard]] std::string attachment(std::string_view language);
/// For agents: where the customer was told what this channel could not deliver.
[[nodiscard]] std::string told_elsewhere(std::string_view language, std::string_view channel);
/// For agents: nothing could deliver `text`.
[[nodiscard]] std::string not_told(std::string_view language, std::string_view text);
}  // namespace notice

}  // namespace qiao::inbox
