#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/time.hpp"

/// \file
/// When backups are taken and which are kept. Pure; days and weeks are those of the machine's time zone.

namespace qiao::core {

struct BackupTimes {
  std::chrono::milliseconds every{0};      ///< either this
  std::optional<std::chrono::minutes> at;  ///< or this, after midnight
};

/// How many are kept: the newest ones, and the newest of each of the last days, weeks and months.
struct BackupKeep {
  std::uint32_t last = 3;
  std::uint32_t daily = 7;
  std::uint32_t weekly = 4;
  std::uint32_t monthly = 0;
};

/// "03:30".
std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text);

/// "backup-20261122T033000Z", the folder's name.
std::string backup_name(Time taken);
/// When the backup of that name was taken; nothing for other names.
std::optional<Time> backup_time(std::string_view name);

/// When the next one is due after the last; never one for each that was missed.
Time next_backup(const BackupTimes& times, Time last);
/// The longest that two backups may lie apart before somebody should look.
std::chrono::milliseconds longest_gap(const BackupTimes& times);

/// Those of `taken` that need not be kept. The newest always is.
std::vector<Time> superfluous(std::vector<Time> taken, const BackupKeep& keep);

}  // namespace qiao::core
