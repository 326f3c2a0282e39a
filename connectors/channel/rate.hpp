#pragma once

#include <chrono>
#include <mutex>

#include "qiao/time.hpp"

namespace qiao::channel {

/// So many calls a second, with a burst of one second's worth. Any thread.
class Rate {
 public:
  Rate(const Clock& clock, double per_second);
  /// 0: go, and one is used. Otherwise how long to wait before asking again.
  std::chrono::milliseconds take();
  /// Nobody goes before `pause` is over: the platform said so.
  void hold(std::chrono::milliseconds pause);

 private:
  const Clock& clock_;
  const double per_second_;
  std::mutex mutex_;
  double tokens_;
  SteadyTime filled_;
  SteadyTime held_until_{};
};

}  // namespace qiao::channel
