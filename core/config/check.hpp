#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "core/bus/wiring.hpp"
#include "core/config/load.hpp"
#include "qiao/plugin.hpp"

namespace qiao::core {

/// A plugin that could be used. What it points to must outlive the call it is passed to, not longer.
struct KnownPlugin {
  const Manifest* manifest = nullptr;  ///< null: it exists, but was not looked into; its settings are not checked
  /// Makes a plugin object and lets it `configure`; opens nothing. Empty: only the schema is checked.
  std::function<Result<void>(const Section&)> configure;
};
using KnownPlugins = std::map<std::string, KnownPlugin, std::less<>>;

struct CheckResult {
  Problems problems;  ///< those of loading too; sorted
  std::set<std::string>
      unusable;            ///< instances with `required: false` that have mistakes; the hub can run without them
  bool may_start = false;  ///< nothing is wrong outside of `unusable`
};

/// Checks each instance's settings against its plugin's schema and its `configure`, and the wiring. Runs what
/// `configure` runs on this thread.
CheckResult check_config(const LoadedConfig& loaded, const KnownPlugins& plugins);

/// `routes:` and `bindings:` as the bus takes them.
Wiring wiring_of(const HubConfig& config);

}  // namespace qiao::core
