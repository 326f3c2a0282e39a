#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "core/observe/trace.hpp"
#include "qiao/store.hpp"

namespace qiao::core {

/// What an instance has under way; its Database waits for zero before it goes.
class PendingJobs;

/// One write, from being queued until `done` has run.
struct Job {
  std::uint64_t partition = 0;
  Database::Work work;
  Database::Done done;
  Priority priority = Priority::service;
  PendingJobs* owner = nullptr;
  Trace trace = current_trace();  ///< of the thread that queued it
};

/// Queued writes by priority. A partition that has jobs waiting gets its further jobs into the same queue, whatever
/// their priority, so that they cannot overtake each other. Partition 0 means none: its jobs keep their order within a
/// priority. Not thread-safe; its owner locks.
class JobQueue {
 public:
  explicit JobQueue(std::size_t capacity_per_priority) : capacity_(capacity_per_priority) {}

  /// False when the queue that the job belongs to is full; the job is then unchanged.
  bool push(Job& job);
  /// Moves up to `most` jobs to `out`, the most urgent first. A little of each group belongs to the lower priorities,
  /// so that none waits for ever.
  void take(std::size_t most, std::vector<Job>& out);
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t size(Priority priority) const noexcept {
    return queues_[static_cast<std::size_t>(priority)].size();
  }

 private:
  static constexpr std::size_t kPriorities = 4;
  static constexpr std::size_t kShareOfLower = 2;  // jobs a group and priority
  struct Waiting {
    std::uint32_t count = 0;
    std::uint8_t queue = 0;
  };
  void take_from(std::size_t queue, std::size_t count, std::vector<Job>& out);

  std::array<std::deque<Job>, kPriorities> queues_;
  std::unordered_map<std::uint64_t, Waiting> partitions_;
  const std::size_t capacity_;
  std::size_t size_ = 0;
};

}  // namespace qiao::core
