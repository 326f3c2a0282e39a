#pragma once

#include "core/app/hub.hpp"
#include "core/archive/backup_runner.hpp"
#include "core/gateway/limits.hpp"
#include "core/vault/audit_log.hpp"

namespace qiao::core {

/// In the order in which they need each other; destroyed the other way round.
struct Hub::Parts {
  std::unique_ptr<Logs> logs;
  std::unique_ptr<MetricsRegistry> metrics;
  std::unique_ptr<HealthBoard> health;
  Logger* log = nullptr;
  std::unique_ptr<Store> store;
  std::unique_ptr<InstanceStore> hub_store;
  std::unique_ptr<FieldVault> vault;
  std::unique_ptr<AuditLog> audit;
  std::unique_ptr<DeadLetterStore> dead_letters;
  std::unique_ptr<BackupRunner> backups;
  std::unique_ptr<LocalBus> bus;
  std::unique_ptr<InstanceBus> hub_bus;  ///< runs the gateway's waiting work, and the watchdog's question
  std::unique_ptr<Gateway> gateway;
  std::unique_ptr<InstanceHttp> hub_http;
  std::unique_ptr<CopyStore> copies;
  std::unique_ptr<PluginCatalog> catalog;
  std::unique_ptr<PluginHost> host;
  Networks local;  ///< who may read figures and reasons

  std::atomic<bool> vault_busy{false};  ///< its work in the background runs
  std::atomic<bool> vault_more{false};  ///< and was left with more to do
  SteadyTime vault_due{};
  SteadyTime head_due{};
  SteadyTime letters_due{};

  Counter* reloads = nullptr;
  Counter* refused_reloads = nullptr;
  std::map<std::string, std::vector<SteadyTime>> strikes;  ///< of overdue handlers, by instance
  std::map<std::string, Id> overdue;                       ///< instances with a handler that is overdue now
};

/// What the configuration says about keys. Errors: `vault.bad_key`.
Result<FieldVault::Settings> vault_settings(const HubConfig& config, const std::filesystem::path& data_dir);

[[nodiscard]] std::string_view lane_kind_name(Lane::Kind kind);

}  // namespace qiao::core
