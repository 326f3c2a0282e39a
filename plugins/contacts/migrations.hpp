#pragma once

#include <span>

#include "qiao/store.hpp"

namespace qiao::contacts {

[[nodiscard]] std::span<const Migration> migrations();

}  // namespace qiao::contacts
