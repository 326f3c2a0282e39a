#pragma once

#include <span>
#include <string>

#include "core/store/backend.hpp"

namespace qiao::core {

/// Creates the table in which the store notes what was applied. In a transaction.
Result<void> prepare_migrations(WriterSession& session);

/// Applies what is missing of a plugin's steps and notes it. In a transaction; on an error the caller undoes it.
/// Refuses steps that were edited after they were applied, gaps, and a database that is ahead of the plugin.
Result<void> apply_migrations(WriterSession& session, const StoreBackend& backend, const std::string& plugin,
                              std::span<const Migration> steps, Time now);

}  // namespace qiao::core
