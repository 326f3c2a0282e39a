#pragma once

#include <string>
#include <vector>

#include "core/config/check.hpp"

namespace qiao::core {

/// What has to happen so that a running hub follows a changed configuration. Names are sorted.
struct ConfigDiff {
  struct HubKey {
    std::string path;      ///< "hub.log.level"
    bool restart = false;  ///< takes effect only when the hub starts anew
  };
  std::vector<std::string> added;         ///< new, or switched on
  std::vector<std::string> removed;       ///< gone, or switched off
  std::vector<std::string> reconfigured;  ///< only keys marked reloadable changed
  std::vector<std::string> restarted;     ///< anything else of the instance changed
  std::vector<HubKey> hub;                ///< outside of `plugins:`
  bool wiring = false;                    ///< `routes:` or `bindings:` changed

  [[nodiscard]] bool empty() const noexcept {
    return added.empty() && removed.empty() && reconfigured.empty() && restarted.empty() && hub.empty() && !wiring;
  }
  [[nodiscard]] bool hub_restart_needed() const noexcept;
};

/// Compares two configurations that had no problems. Places, order and which file says it do not count.
ConfigDiff diff_config(const LoadedConfig& before, const LoadedConfig& after, const KnownPlugins& plugins);

}  // namespace qiao::core
