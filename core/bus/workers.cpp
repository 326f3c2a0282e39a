#include "core/bus/workers.hpp"

#include <sched.h>

#include <algorithm>
#include <system_error>

#include "core/bus/thread_role.hpp"

namespace qiao::core::bus {

bool several_cpus() noexcept {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) > 1;
}

WorkerPool::WorkerPool(unsigned threads) : spare_cpu_(several_cpus()) {
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this, i] { loop(i); });
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::submit(Runnable& work) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    ready_.push_back(&work);
    count_.store(ready_.size(), std::memory_order_relaxed);
    wake = sleeping_ > 0;
  }
  if (wake) wake_.notify_one();
}

void WorkerPool::loop(unsigned number) {
  set_thread_role(ThreadRole::worker);
  name_thread(("qiao-bus-" + std::to_string(number)).c_str());
  std::unique_lock lock(mutex_);
  for (;;) {
    ++sleeping_;
    wake_.wait(lock, [this] { return stop_ || !ready_.empty(); });
    --sleeping_;
    if (ready_.empty()) return;
    Runnable* work = ready_.front();
    ready_.pop_front();
    count_.store(ready_.size(), std::memory_order_relaxed);
    lock.unlock();
    work->run();
    lock.lock();
  }
}

BlockingPool::BlockingPool(unsigned max, std::chrono::milliseconds keep_idle)
    : max_(std::max(1u, max)), keep_idle_(keep_idle) {}

BlockingPool::~BlockingPool() {
  std::unique_lock lock(mutex_);
  stop_ = true;
  wake_.notify_all();
  ended_.wait(lock, [this] { return alive_ == 0; });
  join_finished(lock);
}

void BlockingPool::submit(Runnable& work) {
  std::unique_lock lock(mutex_);
  ready_.push_back(&work);
  if (idle_ >= ready_.size()) {
    wake_.notify_one();
  } else {
    start_if_needed();
    join_finished(lock);
  }
}

void BlockingPool::begin_wait() {
  const std::lock_guard lock(mutex_);
  ++in_wait_;
  if (!ready_.empty() && idle_ == 0) start_if_needed();
}

void BlockingPool::end_wait() {
  const std::lock_guard lock(mutex_);
  --in_wait_;
}

void BlockingPool::start_if_needed() {
  if (alive_ >= max_ + in_wait_) return;
  try {
    threads_.emplace_back([this] { loop(); });
    ++alive_;
  } catch (const std::system_error&) {
    // The machine gives no more threads; those that there are take the work later. Without any, nobody would.
    if (alive_ == 0) throw;
  }
}

void BlockingPool::join_finished(std::unique_lock<std::mutex>& lock) {
  if (finished_.empty()) return;
  std::vector<std::thread> ended;
  for (auto it = threads_.begin(); it != threads_.end();) {
    if (std::find(finished_.begin(), finished_.end(), it->get_id()) != finished_.end()) {
      ended.push_back(std::move(*it));
      it = threads_.erase(it);
    } else {
      ++it;
    }
  }
  finished_.clear();
  lock.unlock();
  for (std::thread& thread : ended) thread.join();
  lock.lock();
}

void BlockingPool::loop() {
  set_thread_role(ThreadRole::blocking);
  name_thread("qiao-blocking");
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!ready_.empty()) {
      Runnable* work = ready_.front();
      ready_.pop_front();
      lock.unlock();
      work->run();
      lock.lock();
      continue;
    }
    if (stop_) break;
    ++idle_;
    const bool more = wake_.wait_for(lock, keep_idle_, [this] { return stop_ || !ready_.empty(); });
    --idle_;
    if (!more) break;
  }
  --alive_;
  finished_.push_back(std::this_thread::get_id());
  if (stop_) ended_.notify_all();
}

std::size_t BlockingPool::threads() const {
  const std::lock_guard lock(mutex_);
  return alive_;
}

std::size_t BlockingPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return ready_.size();
}

void ManualExecutor::submit(Runnable& work) {
  const std::lock_guard lock(mutex_);
  ready_.push_back(&work);
}

bool ManualExecutor::run_one() {
  Runnable* work = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (ready_.empty()) return false;
    work = ready_.front();
    ready_.pop_front();
  }
  work->run();
  return true;
}

}  // namespace qiao::core::bus
