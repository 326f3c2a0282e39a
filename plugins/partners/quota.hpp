#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "qiao/time.hpp"

namespace qiao::partners {

/// What a key may do, and what one address may do with it (0: the same).
struct Allowance {
  std::int64_t per_minute = 0;
  std::int64_t per_day = 0;
  std::int64_t per_address_minute = 0;
};

/// How far a key got within its windows; tells about the one that is nearest to its end.
struct QuotaState {
  bool granted = false;
  std::int64_t limit = 0;
  std::int64_t remaining = 0;
  std::int64_t reset_seconds = 0;  ///< until that window ends
};

/// Counts requests in fixed windows: minutes and days of UTC. Any thread.
class Quota {
 public:
  /// One request; a refused one is not counted.
  QuotaState take(Time now, const Allowance& allowance, std::string_view address);
  /// What was used of this day before, by an earlier run.
  void start_day(Time now, std::int64_t used);
  [[nodiscard]] std::int64_t used_today(Time now) const;

 private:
  static constexpr std::size_t kMostAddresses = 20000;  // a minute; beyond them only the key's own limit counts
  void roll(std::int64_t minute, std::int64_t day);

  mutable std::mutex mutex_;
  std::int64_t minute_ = 0;
  std::int64_t day_ = 0;
  std::int64_t in_minute_ = 0;
  std::int64_t in_day_ = 0;
  std::unordered_map<std::string, std::int64_t> by_address_;  ///< of this minute
};

}  // namespace qiao::partners
