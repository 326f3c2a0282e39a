#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/app/arguments.hpp"
#include "core/config/check.hpp"
#include "core/config/load.hpp"
#include "core/loader/plugin_host.hpp"
#include "core/store/store.hpp"

namespace qiao::core {

/// The configuration, looked at together with the plugins that it uses: what `check`, `run` and `reload` begin with.
struct Setup {
  LoadedConfig loaded;
  CheckResult check;
  std::vector<Error> refused;     ///< libraries that are wanted and were refused
  bool refused_required = false;  ///< one of them is that of a required instance
  [[nodiscard]] bool may_start() const { return check.may_start && !refused_required; }
};

/// The plugin folders of a configuration: the hub's own, those of the command line, those of the file.
std::vector<std::filesystem::path> plugin_folders(const LoadedConfig& loaded,
                                                  const std::vector<std::filesystem::path>& more);

/// Loads the plugins that are used and checks everything. `catalog` has been scanned.
Setup check_setup(LoadedConfig loaded, PluginCatalog& catalog);

/// The plugins of a catalog by name: with manifest and `configure` those in `used` (all when empty), by name the
/// others.
KnownPlugins known_plugins(PluginCatalog& catalog, const std::set<std::string>& used, std::vector<Error>& refused);

/// What the host is to run.
std::vector<InstancePlan> plan_of(const Setup& setup, const PluginCatalog& catalog, bool safe_mode);

/// The data folder: --data, else what the configuration says.
std::filesystem::path data_folder(const Arguments& arguments, const LoadedConfig* loaded = nullptr);
std::filesystem::path config_file(const Arguments& arguments);

/// Where a configuration keeps its data: a file in the data folder, or a database server.
StoreSettings store_settings(const LoadedConfig& loaded, const std::filesystem::path& data_dir);

/// A catalog without a hub: its copies are in a folder of their own that goes with it.
class TemporaryCatalog {
 public:
  explicit TemporaryCatalog(std::vector<std::filesystem::path> folders);
  ~TemporaryCatalog();
  TemporaryCatalog(const TemporaryCatalog&) = delete;
  TemporaryCatalog& operator=(const TemporaryCatalog&) = delete;
  PluginCatalog& operator*() { return *catalog_; }
  PluginCatalog* operator->() { return catalog_.get(); }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<CopyStore> copies_;
  std::unique_ptr<PluginCatalog> catalog_;
};

}  // namespace qiao::core
