#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qiao::detail {

/// Strict readings of plain YAML scalars. When one fails, `nearest` is what was probably meant (or left empty).
std::optional<bool> read_bool(std::string_view text, std::string& nearest);
/// Decimal only: no leading zeros, no sign but "-", no underscores.
std::optional<std::int64_t> read_integer(std::string_view text, std::string& nearest);
std::optional<double> read_real(std::string_view text, std::string& nearest);
/// Microseconds; at most ten years.
std::optional<std::int64_t> read_duration(std::string_view text, std::string& nearest);
std::optional<std::int64_t> read_size(std::string_view text, std::string& nearest);

/// The whole text matches an ECMAScript pattern. Texts over 2 KiB never do: std::regex recurses once a character.
bool matches(const std::string& pattern, const std::string& text);

}  // namespace qiao::detail
