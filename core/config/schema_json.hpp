#pragma once

#include <string>

#include "core/config/check.hpp"

namespace qiao::core {

/// A JSON Schema (draft 2020-12) of the whole file with the settings of every plugin given, for editors (`qiao
/// schema`).
std::string config_json_schema(const KnownPlugins& plugins);

}  // namespace qiao::core
