#pragma once

#include "qiao/config.hpp"

namespace qiao::core {

/// True when every key that differs is marked `reloadable`, so that the running instance can take the change.
bool only_reloadable_changed(const SchemaInfo& schema, const ConfigNode& before, const ConfigNode& after);

}  // namespace qiao::core
