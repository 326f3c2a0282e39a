#pragma once

#include <memory>
#include <vector>

#include "core/store/backend.hpp"
#include "core/store/mysql/server_check.hpp"
#include "core/store/mysql/settings.hpp"

namespace qiao::core::mysql {

/// What speaks to MariaDB and MySQL servers. It lies in a library of its own, libqiao-store-mysql.so, because a hub on
/// SQLite has no use for it, nor for the client library that it needs.
struct Engine {
  /// See backend.hpp.
  Result<std::unique_ptr<StoreBackend>> (*open_backend)(const Settings& settings);
  std::unique_ptr<StoreBackend> (*replica_backend)(const Settings& settings, const Settings::Replica& replica);
  /// See server_check.hpp.
  Result<std::vector<Finding>> (*check_server)(const Settings& settings, std::size_t readers);
};

/// Loads the library when it is first asked for; it stays. Errors: `store.no_mysql`. Any thread.
Result<const Engine*> engine();

}  // namespace qiao::core::mysql
