#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "qiao/time.hpp"

namespace qiao::core::bus {

/// Something that happens at a time.
class Alarm {
 public:
  virtual ~Alarm() = default;
  /// On the timer thread; must be short.
  virtual void ring(SteadyTime now) = 0;
  /// A cancelled alarm does not ring; its place is cleaned up later.
  void silence() noexcept { silent_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool silent() const noexcept { return silent_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> silent_{false};
};

/// A heap of alarms and, unless it is manual, the thread that rings them. Any thread.
///
/// Cancelling an alarm costs a flag, and the silent ones are swept when they are the larger part. The thread is woken
/// only when a new alarm is earlier than what it waits for.
class TimerQueue {
 public:
  TimerQueue(const Clock& clock, bool manual);
  ~TimerQueue();  ///< nothing rings any more afterwards
  void add(SteadyTime at, std::shared_ptr<Alarm> alarm);
  void silence(Alarm& alarm) noexcept;
  /// Rings what is due on the calling thread; how many rang.
  std::size_t run_due();
  /// After the clock was turned by hand: has the thread look again.
  void clock_moved();

 private:
  struct Entry {
    SteadyTime at;
    std::uint64_t order;
    std::shared_ptr<Alarm> alarm;
    bool operator<(const Entry& other) const noexcept {  // the heap's top is the largest
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  void loop();
  void collect_due(SteadyTime now, std::vector<std::shared_ptr<Alarm>>& due);

  const Clock& clock_;
  const bool manual_;
  const bool real_time_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Entry> heap_;
  std::uint64_t order_ = 0;
  std::atomic<std::size_t> silent_{0};
  SteadyTime sleeping_until_ = SteadyTime::min();
  bool moved_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace qiao::core::bus
