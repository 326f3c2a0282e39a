#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "core/bus/short_lock.hpp"

namespace qiao::core::bus {

/// A queue that has something to do.
class Runnable {
 public:
  virtual ~Runnable() = default;
  /// Handles some of it, and submits itself again if there is more.
  virtual void run() = 0;
};

/// Where queues get a thread from. What is submitted must live until it ran.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void submit(Runnable& work) = 0;
  /// Whether something else waits for a thread; if not, a queue may as well keep the one that it has.
  [[nodiscard]] virtual bool busy() const noexcept { return true; }
};

/// A fixed number of threads for work that never waits.
class WorkerPool final : public Executor {
 public:
  explicit WorkerPool(unsigned threads);
  ~WorkerPool() override;  ///< finishes what is ready
  void submit(Runnable& work) override;
  [[nodiscard]] bool busy() const noexcept override {
    return !spare_cpu_ || count_.load(std::memory_order_relaxed) > 0;
  }
  [[nodiscard]] std::size_t size() const noexcept { return threads_.size(); }

 private:
  void loop(unsigned number);

  const bool spare_cpu_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Runnable*> ready_;
  std::atomic<std::size_t> count_{0};  // of ready_, for a look without the lock
  std::size_t sleeping_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

/// Threads for work that waits: they start when needed, up to a maximum, and end when idle.
class BlockingPool final : public Executor {
 public:
  explicit BlockingPool(unsigned max, std::chrono::milliseconds keep_idle = std::chrono::seconds(10));
  ~BlockingPool() override;  ///< finishes what is ready
  void submit(Runnable& work) override;

  /// While a thread of the pool waits for an answer, another one may take its place, so that waiting for work of the
  /// same pool ends.
  void begin_wait();
  void end_wait();

  [[nodiscard]] std::size_t threads() const;
  [[nodiscard]] std::size_t waiting() const;

 private:
  void loop();
  void start_if_needed();
  void join_finished(std::unique_lock<std::mutex>& lock);

  const unsigned max_;
  const std::chrono::milliseconds keep_idle_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable ended_;
  std::deque<Runnable*> ready_;
  unsigned alive_ = 0;
  unsigned idle_ = 0;
  unsigned in_wait_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
  std::vector<std::thread::id> finished_;
};

/// No threads: whoever calls `run_one` runs it. Submitting is safe from any thread.
class ManualExecutor final : public Executor {
 public:
  void submit(Runnable& work) override;
  bool run_one();

 private:
  std::mutex mutex_;
  std::deque<Runnable*> ready_;
};

}  // namespace qiao::core::bus
