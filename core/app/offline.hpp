#pragma once

#include <filesystem>
#include <memory>

#include "core/config/load.hpp"
#include "core/observe/health.hpp"
#include "core/observe/log.hpp"
#include "core/observe/metrics.hpp"
#include "core/vault/audit_log.hpp"

namespace qiao::core {

/// The database of a folder where no hub runs, with its keys, as commands open it. Warnings go to standard error.
class OfflineHub {
 public:
  /// Errors: `control.no_hub` without such a folder, and those of the store and the vault.
  Result<void> open(const LoadedConfig& loaded, const std::filesystem::path& folder);

  Logs logs{{.level = LogLevel::warn, .format = LogFormat::text, .file = {}},
            [](std::string_view line) { fmt::print(stderr, "{}", line); }};
  MetricsRegistry metrics;
  HealthBoard health;
  std::unique_ptr<Store> store;
  std::unique_ptr<FieldVault> vault;
  std::unique_ptr<AuditLog> audit;
};

}  // namespace qiao::core
