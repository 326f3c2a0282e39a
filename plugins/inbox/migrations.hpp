#pragma once

#include <span>

#include "qiao/store.hpp"

namespace qiao::inbox {

[[nodiscard]] std::span<const Migration> migrations();

}  // namespace qiao::inbox
