#pragma once

#include <filesystem>

#include "plugins/web/services.hpp"

namespace qiao::web {

/// Serves the demo shop at `/`, the workspace at `/workspace` and the widget's script, with the headers that keep
/// foreign scripts out. Without built pages the hub still answers its API; the log says what is missing.
void add_pages(Http& http, const std::filesystem::path& folder, Logger& log);

}  // namespace qiao::web
