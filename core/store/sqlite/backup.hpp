#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "qiao/result.hpp"

namespace qiao::core {

struct BackupReport {
  std::filesystem::path file;  ///< what was written
  std::uint64_t bytes = 0;
  std::filesystem::path before;  ///< of a restore: the database that was there until then; empty when there was none
};

/// Copies the database of a data folder into one file, while a hub may be running on it, in this process or another.
/// The copy shows one committed state, is checked, synced, and appears under its name only when it is whole (mode
/// 0600). A target that exists is refused. Errors: `backup.no_database`, `backup.target_exists`, `backup.failed`.
Result<BackupReport> backup_database(const std::filesystem::path& folder, const std::filesystem::path& target);

/// Puts a backup in the place of the folder's database, which is kept beside it under another name. The hub must be
/// stopped (`store.locked` otherwise). The backup is checked first: `backup.damaged`, `store.foreign_file`,
/// `store.newer_file` change nothing.
Result<BackupReport> restore_database(const std::filesystem::path& backup, const std::filesystem::path& folder);

}  // namespace qiao::core
