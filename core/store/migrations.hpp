#pragma once

#include <functional>
#include <span>
#include <string>

#include "core/store/backend.hpp"

namespace qiao::core {

/// Creates the table in which the store notes what was applied. In a transaction.
Result<void> prepare_migrations(WriterSession& session);

/// Runs one step.
using RunStep = std::function<Result<void>(const Migration&)>;

/// Applies what is missing of a plugin's steps and notes it in `session`. Refuses steps that were edited after they
/// were applied, gaps, and a database that is ahead of the plugin. `left_over` says what a failed step leaves behind.
Result<void> apply_migrations(Session& session, const RunStep& run, std::string_view left_over,
                              const std::string& plugin, std::span<const Migration> steps, Time now);

/// The steps of the store's own tables, under the plugin name kOwnSteps.
inline constexpr const char* kOwnSteps = "store";
std::span<const Migration> own_steps();

/// Keeps the texts of applied steps beside them, so that a backup or another database can make the same tables without
/// the plugins that brought them.
Result<void> keep_texts(Session& session, const std::string& plugin, std::span<const Migration> steps);

/// Which text a step had; engine-specific text included.
std::string checksum_of(const Migration& step);

}  // namespace qiao::core
