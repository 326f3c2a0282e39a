#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "core/config/source_text.hpp"

namespace qiao::core {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// Fills `${env:NAME}` and `${file:path}` into the texts of a tree; `$${` stands for a plain `${`. Paths are relative
/// to `folder`; a line end at the end of a file is cut. What came so is marked secret, also for diagnostics. Every
/// reference that cannot be filled is a problem of its own.
void resolve_references(ConfigNode& tree, const Environment& environment, const std::filesystem::path& folder,
                        Problems& problems);

}  // namespace qiao::core
