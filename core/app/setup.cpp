#include "core/app/setup.hpp"

#include <cstdlib>
#include <stdexcept>

#include "core/app/paths.hpp"
#include "core/loader/guarded_call.hpp"

namespace qiao::core {

namespace fs = std::filesystem;

std::vector<fs::path> plugin_folders(const LoadedConfig& loaded, const std::vector<fs::path>& more) {
  std::vector<fs::path> folders{own_plugin_dir()};
  folders.insert(folders.end(), more.begin(), more.end());
  for (const std::string& folder : loaded.config.plugin_dirs) folders.push_back(loaded.folder / folder);
  return folders;
}

KnownPlugins known_plugins(PluginCatalog& catalog, const std::set<std::string>& used, std::vector<Error>& refused) {
  KnownPlugins known;
  for (const auto& [name, entry] : catalog.entries()) {
    if (!used.empty() && !used.contains(name)) {
      known[name];
      continue;
    }
    auto generation = catalog.open(name);
    if (!generation) {
      refused.push_back(generation.error());
      continue;
    }
    known[name] = {&(*generation)->manifest(), [g = *generation](const Section& section) {
                     return call_plugin("configure", [&]() -> Result<void> {
                       const Lease lease = g->lease();
                       return g->create()->configure(section);
                     });
                   }};
  }
  return known;
}

Setup check_setup(LoadedConfig loaded, PluginCatalog& catalog) {
  Setup setup{std::move(loaded), {}, {}, false};
  std::set<std::string> used;
  for (const auto& [instance, config] : setup.loaded.config.plugins) {
    if (config.enabled) used.insert(config.use);
  }
  if (used.empty()) used.insert("");
  const KnownPlugins known = known_plugins(catalog, used, setup.refused);
  for (const auto& [instance, config] : setup.loaded.config.plugins) {
    if (config.enabled && config.required && !known.contains(config.use)) setup.refused_required = true;
  }
  for (const auto& refusal : catalog.refusals()) {
    if (used.contains(refusal.library.stem().string()) && !known.contains(refusal.library.stem().string())) {
      setup.refused.push_back(refusal.error);
    }
  }
  setup.check = check_config(setup.loaded, known);
  return setup;
}

std::vector<InstancePlan> plan_of(const Setup& setup, const PluginCatalog& catalog, bool safe_mode) {
  std::vector<InstancePlan> plan;
  for (const auto& [name, config] : setup.loaded.config.plugins) {
    if (!config.enabled) continue;
    const PluginCatalog::Entry* entry = catalog.find(config.use);
    if (safe_mode && (!entry || entry->folder != 0)) continue;
    plan.push_back({name, config.use, config.config, config.required});
  }
  return plan;
}

fs::path data_folder(const Arguments& arguments, const LoadedConfig* loaded) {
  if (arguments.has("data")) return fs::absolute(arguments.value("data"));
  if (loaded) return fs::absolute(loaded->config.hub.data);
  const LoadedConfig own = load_config(config_file(arguments));
  return fs::absolute(own.ok() ? own.config.hub.data : "data");
}

fs::path config_file(const Arguments& arguments) {
  return arguments.has("config") ? fs::path(arguments.value("config")) : default_config();
}

StoreSettings store_settings(const LoadedConfig& loaded, const fs::path& data_dir) {
  const StoreConfig& config = loaded.config.store;
  StoreSettings settings;
  settings.folder = data_dir;
  settings.readers = config.readers;
  if (config.kind == StoreKind::sqlite) return settings;
  mysql::Settings& server = settings.mysql.emplace();
  server.host = config.host;
  server.port = config.port;
  server.socket = config.socket;
  server.database = config.database;
  server.user = config.user;
  server.password = config.password;
  for (const StoreReplicaConfig& one : config.replicas) server.replicas.push_back({one.host, one.port, one.socket});
  server.most_behind = config.replica_lag;
  if (config.tls && config.tls->mode != StoreTlsMode::none) {
    server.tls = config.tls->mode == StoreTlsMode::verify ? mysql::TlsMode::verify : mysql::TlsMode::required;
    if (!config.tls->ca.empty()) server.ca = (loaded.folder / config.tls->ca).string();
  }
  return settings;
}

TemporaryCatalog::TemporaryCatalog(std::vector<fs::path> folders) {
  std::string pattern = (fs::temp_directory_path() / "qiao-plugins-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder: " + pattern);
  folder_ = pattern;
  copies_ = std::make_unique<CopyStore>(folder_);
  catalog_ = std::make_unique<PluginCatalog>(*copies_, std::move(folders));
  catalog_->scan();
}

TemporaryCatalog::~TemporaryCatalog() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace qiao::core
