#include "core/bus/timers.hpp"

#include <algorithm>

#include "core/bus/thread_role.hpp"

namespace qiao::core::bus {

TimerQueue::TimerQueue(const Clock& clock, bool manual)
    : clock_(clock), manual_(manual), real_time_(&clock == &system_clock()) {}

TimerQueue::~TimerQueue() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TimerQueue::add(SteadyTime at, std::shared_ptr<Alarm> alarm) {
  constexpr std::size_t kWorthSweeping = 256;
  std::vector<Entry> swept;  // destroyed outside of the lock: a destructor may come back here
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (heap_.size() >= kWorthSweeping && silent_.load(std::memory_order_relaxed) > heap_.size() / 2) {
      const auto end = std::partition(heap_.begin(), heap_.end(), [](const Entry& e) { return !e.alarm->silent(); });
      swept.assign(std::make_move_iterator(end), std::make_move_iterator(heap_.end()));
      heap_.erase(end, heap_.end());
      std::make_heap(heap_.begin(), heap_.end());
      silent_.store(0, std::memory_order_relaxed);
    }
    heap_.push_back({at, order_++, std::move(alarm)});
    std::push_heap(heap_.begin(), heap_.end());
    if (!manual_) {
      if (!thread_.joinable() && !stop_) thread_ = std::thread([this] { loop(); });
      wake = at < sleeping_until_;
    }
  }
  if (wake) wake_.notify_one();
}

void TimerQueue::silence(Alarm& alarm) noexcept {
  alarm.silence();
  silent_.fetch_add(1, std::memory_order_relaxed);
}

void TimerQueue::collect_due(SteadyTime now, std::vector<std::shared_ptr<Alarm>>& due) {
  while (!heap_.empty() && (heap_.front().at <= now || heap_.front().alarm->silent())) {
    std::pop_heap(heap_.begin(), heap_.end());
    due.push_back(std::move(heap_.back().alarm));
    heap_.pop_back();
  }
}

std::size_t TimerQueue::run_due() {
  const SteadyTime now = clock_.steady();
  std::vector<std::shared_ptr<Alarm>> due;
  {
    const std::lock_guard lock(mutex_);
    collect_due(now, due);
  }
  std::size_t rang = 0;
  for (const auto& alarm : due) {
    if (alarm->silent()) continue;
    alarm->ring(now);
    ++rang;
  }
  return rang;
}

void TimerQueue::clock_moved() {
  {
    const std::lock_guard lock(mutex_);
    moved_ = true;
  }
  wake_.notify_one();
}

void TimerQueue::loop() {
  set_thread_role(ThreadRole::io);
  name_thread("qiao-timer");
  for (;;) {
    run_due();
    std::unique_lock lock(mutex_);
    if (stop_) return;
    const SteadyTime next = heap_.empty() ? SteadyTime::max() : heap_.front().at;
    if (next <= clock_.steady()) continue;
    sleeping_until_ = next;
    const auto woken = [&] { return stop_ || moved_ || (!heap_.empty() && heap_.front().at < next); };
    if (real_time_ && next != SteadyTime::max()) {
      wake_.wait_until(lock, next, woken);
    } else {
      wake_.wait(lock, woken);
    }
    sleeping_until_ = SteadyTime::min();
    moved_ = false;
    if (stop_) return;
  }
}

}  // namespace qiao::core::bus
