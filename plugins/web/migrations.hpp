#pragma once

#include <span>

#include "qiao/store.hpp"

namespace qiao::web {

std::span<const Migration> migrations();

}  // namespace qiao::web
