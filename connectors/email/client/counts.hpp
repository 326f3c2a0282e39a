#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>

#include "qiao/time.hpp"

namespace qiao::email {

/// How often something happened for each name within a span of time. Any thread.
class Counts {
 public:
  Counts(const Clock& clock, std::chrono::seconds span) : clock_(clock), span_(span) {}

  /// Counts one; false when there were `most` already, and it is not counted.
  bool count(const std::string& name, std::size_t most) {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = clock_.steady();
    if (times_.size() > kMostNames)
      std::erase_if(times_, [&](const auto& entry) { return entry.second.back() + span_ < now; });
    std::deque<SteadyTime>& times = times_[name];
    while (!times.empty() && times.front() + span_ <= now) times.pop_front();
    if (times.size() >= most) {
      if (times.empty()) times_.erase(name);
      return false;
    }
    times.push_back(now);
    return true;
  }

 private:
  static constexpr std::size_t kMostNames = 20'000;
  const Clock& clock_;
  const std::chrono::seconds span_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::deque<SteadyTime>> times_;
};

}  // namespace qiao::email
