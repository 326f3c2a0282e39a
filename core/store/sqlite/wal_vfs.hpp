#pragma once

#include <string>

namespace qiao::core::sqlite {

/// The name of a file layer for the writer's connection over `base` (empty: the system's), which gathers what is
/// written to the log and hands it to the system in one piece when it is synced. SQLite by itself writes each page of
/// the log with two calls, which is a quarter of what a group commit costs.
///
/// Needs synchronous=FULL: then every commit syncs the log before others may see it. Any thread.
std::string gathering_vfs(const std::string& base);

}  // namespace qiao::core::sqlite
