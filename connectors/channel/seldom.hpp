#pragma once

#include <atomic>
#include <cstdint>

#include "qiao/time.hpp"

namespace qiao::channel {

/// For log lines that strangers can cause: true at most once a minute. `last` begins with 0. Any thread.
inline bool seldom(std::atomic<std::int64_t>& last, Time now) {
  const std::int64_t at = to_micros(now);
  std::int64_t before = last.load();
  return at - before >= 60'000'000 && last.compare_exchange_strong(before, at);
}

}  // namespace qiao::channel
