#pragma once

#include <cstddef>
#include <string_view>

#include "qiao/export.hpp"

namespace qiao {

/// The beginning of a UTF-8 text, of at most so many bytes, cut between characters.
QIAO_API std::string_view utf8_head(std::string_view text, std::size_t most) noexcept;

}  // namespace qiao
