#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "qiao/time.hpp"

namespace qiao::detail {

/// Decides when a system is left alone: after so many failures in a row, or when at least half of 20 or more calls
/// within ten seconds failed. Then one probe at a time, at growing intervals. One thread at a time.
class Breaker {
 public:
  Breaker(unsigned in_a_row, std::chrono::milliseconds probe_after)
      : in_a_row_(in_a_row), first_wait_(probe_after), wait_(probe_after) {}

  [[nodiscard]] bool open() const noexcept { return open_; }
  /// When the next probe is due; while open.
  [[nodiscard]] SteadyTime probe_at() const noexcept { return probe_at_; }

  /// A call ended, well or not. True when the breaker opens by it.
  bool count(bool well, SteadyTime now) {
    Second& second = at(now);
    ++(well ? second.well : second.failed);
    row_ = well ? 0 : row_ + 1;
    if (well || open_) return false;
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    for (const Second& s : window_) {
      if (number(now) - s.number >= kSeconds) continue;
      calls += s.well + s.failed;
      failures += s.failed;
    }
    if (row_ < in_a_row_ && (calls < 20 || failures * 2 < calls)) return false;
    open_ = true;
    wait_ = first_wait_;
    probe_at_ = now + wait_;
    return true;
  }

  /// A probe ended. Well: the breaker closes and forgets.
  void probed(bool well, SteadyTime now) {
    if (well) {
      open_ = false;
      row_ = 0;
      window_ = {};
      return;
    }
    wait_ = std::min<std::chrono::milliseconds>(wait_ * 2, std::chrono::seconds(60));
    probe_at_ = now + wait_;
  }

 private:
  static constexpr std::int64_t kSeconds = 10;
  struct Second {
    std::int64_t number = -kSeconds;
    std::uint64_t well = 0;
    std::uint64_t failed = 0;
  };
  static std::int64_t number(SteadyTime now) {
    return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  }
  Second& at(SteadyTime now) {
    Second& second = window_[static_cast<std::size_t>(number(now) % kSeconds)];
    if (second.number != number(now)) second = {number(now), 0, 0};
    return second;
  }

  const unsigned in_a_row_;
  const std::chrono::milliseconds first_wait_;
  std::chrono::milliseconds wait_;
  bool open_ = false;
  unsigned row_ = 0;
  SteadyTime probe_at_{};
  std::array<Second, kSeconds> window_{};
};

}  // namespace qiao::detail
