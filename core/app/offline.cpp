#include "core/app/offline.hpp"

#include "core/app/hub_parts.hpp"

namespace qiao::core {

Result<void> OfflineHub::open(const LoadedConfig& loaded, const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder)) {
    return Error{Errc::not_found, "control.no_hub", fmt::format("{}: there is no data folder", folder.string())};
  }
  auto settings = vault_settings(loaded.config, folder);
  if (!settings) return settings.error();
  auto opened =
      Store::open(store_settings(loaded, folder), {logs.logger("store"), metrics, health.for_instance("store")});
  if (!opened) return opened.error();
  store = std::move(*opened);
  auto keys =
      FieldVault::open(store->for_instance("vault"), std::move(*settings), logs.logger("vault"), system_clock());
  if (!keys) return keys.error();
  vault = std::move(*keys);
  auto log = AuditLog::open(store->for_instance("audit"), *vault, folder / "audit.heads", logs.logger("audit"),
                            system_clock());
  if (!log) return log.error();
  audit = std::move(*log);
  return {};
}

}  // namespace qiao::core
