#pragma once

#include <memory>

#include "core/store/backend.hpp"
#include "core/store/mysql/settings.hpp"

namespace qiao::core::mysql {

/// A MariaDB or MySQL server. Connects to look whether it can be used; fails with a sentence.
/// A server that need not be there yet: for replicas.
std::unique_ptr<StoreBackend> replica_backend(const Settings& settings, const Settings::Replica& replica);

Result<std::unique_ptr<StoreBackend>> open_backend(const Settings& settings);

}  // namespace qiao::core::mysql
