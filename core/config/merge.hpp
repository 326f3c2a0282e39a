#pragma once

#include "core/config/source_text.hpp"

namespace qiao::core {

/// Adds what `more` says to `into`. Maps merge deeply; a key without a value gives way. Any other key that both give is
/// a problem that names both places: which of two files wins is nothing to be guessed.
void merge(ConfigNode& into, ConfigNode more, Problems& problems);

}  // namespace qiao::core
