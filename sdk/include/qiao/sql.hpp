#pragma once

#include <cstddef>
#include <string>

#include "qiao/export.hpp"

namespace qiao {

/// "?, ?, ?", for `IN (…)` over so many arguments; for none NULL, which nothing is equal to.
QIAO_API std::string placeholders(std::size_t count);

}  // namespace qiao
