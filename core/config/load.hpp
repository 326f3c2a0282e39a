#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "core/config/hub_config.hpp"
#include "core/config/references.hpp"

namespace qiao::core {

struct LoadOptions {
  Environment environment;  ///< empty: the process's own
};

/// What was read, and everything that is wrong with it. A value; any thread.
struct LoadedConfig {
  std::filesystem::path file;    ///< the main file, as given
  std::filesystem::path folder;  ///< where it lies; `${file:}`, plugin folders and certificates are relative to it
  std::vector<std::filesystem::path> files;  ///< all that were read, in order
  std::shared_ptr<const ConfigNode> tree;    ///< null when some file could not be read as YAML
  HubConfig config;                          ///< with problems: what is right in it, defaults elsewhere
  Problems problems;                         ///< sorted by file and line

  [[nodiscard]] bool ok() const noexcept { return problems.empty(); }
};

/// Reads `file` and the `conf.d/*.yaml` beside it, once. Never throws for what stands in them.
LoadedConfig load_config(const std::filesystem::path& file, const LoadOptions& options = {});

/// Exit code of a command that was stopped by its configuration (EX_CONFIG).
inline constexpr int kExitConfig = 78;

/// One line each, `file:line:column: error[id]: path: what; did you mean …`.
std::string problems_text(const Problems& problems);
/// `{"ok":false,"problems":[{"file":…,"line":…,"column":…,"id":…,"path":…,"message":…,"suggestion":…}]}`.
std::string problems_json(const Problems& problems);

}  // namespace qiao::core
