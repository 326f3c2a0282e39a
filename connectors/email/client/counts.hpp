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

  /// Whether there were `most` within the span.
  bool full(const std::string& name, std::size_t most) {
    const std::lock_guard lock(mutex_);
    const auto found = times_.find(name);
    if (found == times_.end()) return most == 0;
    std::deque<SteadyTime>& times = found->second;
    while (!times.empty() && times.front() + span_ <= clock_.steady()) times.pop_front();
    return times.size() >= most;
  }

  void count(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = clock_.steady();
    if (times_.size() >= kMostNames) {
      std::erase_if(times_,
                    [&](const auto& entry) { return entry.second.empty() || entry.second.back() + span_ <= now; });
    }
    times_[name].push_back(now);
  }

 private:
  static constexpr std::size_t kMostNames = 20'000;
  const Clock& clock_;
  const std::chrono::seconds span_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::deque<SteadyTime>> times_;
};

}  // namespace qiao::email
