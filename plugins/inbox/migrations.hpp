#pragma once

#include <span>

#include "qiao/store.hpp"

namespace qiao::inbox {

/// Of the tables of the search index.
inline constexpr const char* kSearchPrefix = "inbox";

[[nodiscard]] std::span<const Migration> migrations();

}  // namespace qiao::inbox
