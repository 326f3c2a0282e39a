#pragma once

#include <mutex>

#include "qiao/time.hpp"

namespace qiao::testkit {

/// A clock that moves only when a test says so. Starts at 2026-01-05 09:00:00 UTC, a Monday. Any thread.
class ManualClock final : public Clock {
 public:
  ManualClock() = default;
  [[nodiscard]] Time now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  [[nodiscard]] SteadyTime steady() const override {
    const std::lock_guard lock(mutex_);
    return steady_;
  }
  void advance(Duration by) {
    const std::lock_guard lock(mutex_);
    now_ += std::chrono::duration_cast<std::chrono::microseconds>(by);
    steady_ += by;
  }
  /// Moves only the wall clock, forwards or back, as an administrator or a time server does.
  void set(Time now) {
    const std::lock_guard lock(mutex_);
    now_ = now;
  }

 private:
  mutable std::mutex mutex_;
  Time now_ = from_micros(1'767'603'600'000'000);
  SteadyTime steady_{std::chrono::hours(1)};
};

}  // namespace qiao::testkit
