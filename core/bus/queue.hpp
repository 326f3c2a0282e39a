#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "core/bus/context.hpp"
#include "core/bus/ring.hpp"
#include "core/bus/workers.hpp"
#include "qiao/bus.hpp"
#include "qiao/metrics.hpp"

namespace qiao::core::bus {

struct LaneState;

/// A handler that was registered, and where it runs.
struct Target {
  const MessageType* type = nullptr;
  Instance* instance = nullptr;
  LaneState* lane = nullptr;
  std::function<Result<void>(const Message&)> handle;                     ///< of an event
  std::function<void(const Message&, std::shared_ptr<ReplyPort>)> serve;  ///< of a request
  const MessageType* reply = nullptr;
};

/// Work in a queue that is not an event: a request to serve, a reply, posted work, a timer's tick.
class Task {
 public:
  virtual ~Task() = default;
  virtual void run(Queue& queue) = 0;
  /// Instead of `run`, when the work is pushed out or its instance is revoked. Not called for what `must_run`.
  virtual void abandon(const Error& why) = 0;
  /// True for replies: somebody waits for the callback, so it runs even while the instance is being revoked.
  [[nodiscard]] virtual bool must_run() const noexcept { return false; }
  /// True for requests: Overflow::drop_oldest may push it out.
  [[nodiscard]] virtual bool droppable() const noexcept { return false; }
};

/// An event for `target`, or a task. Owns its reference to the message, and its task.
class Item {
 public:
  /// What a ring stores: plain words, owned by whoever takes them out.
  struct Raw {
    Message* message = nullptr;
    const Target* target = nullptr;
    Task* task = nullptr;
    std::int64_t accepted = 0;  ///< nanoseconds of the hub's steady clock; 0: not sampled
  };

  Item() = default;
  Item(MessageRef message, const Target& target) : raw_{message.detach(), &target, nullptr, 0} {}
  explicit Item(std::unique_ptr<Task> task) : raw_{nullptr, nullptr, task.release(), 0} {}
  explicit Item(const Raw& owned) : raw_(owned) {}
  Item(Item&& other) noexcept : raw_(std::exchange(other.raw_, {})) {}
  Item& operator=(Item&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Item() {
    if (raw_.message != nullptr) raw_.message->release();
    delete raw_.task;
  }

  explicit operator bool() const noexcept { return raw_.message != nullptr || raw_.task != nullptr; }
  [[nodiscard]] const Message* message() const noexcept { return raw_.message; }
  [[nodiscard]] const Target* target() const noexcept { return raw_.target; }
  [[nodiscard]] Task* task() const noexcept { return raw_.task; }
  [[nodiscard]] std::int64_t accepted() const noexcept { return raw_.accepted; }
  [[nodiscard]] Raw detach() noexcept { return std::exchange(raw_, {}); }

 private:
  Raw raw_;
};

/// Written by the threads of one lane, read by `snapshot`.
struct LaneCounters {
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::uint64_t> dropped{0};
  Histogram latency;
};

enum class Push { accepted, full, closed };

/// One queue of one lane: bounded, four priorities, served by an executor.
///
/// Locks: `mutex_` is a leaf; nothing is called while it is held. Items are destroyed outside of it.
class Queue : public Runnable {
 public:
  /// `runners`: how many threads may serve it at once.
  Queue(LaneState& lane, Executor& executor, unsigned runners);
  ~Queue() override;

  /// On `accepted` the item is taken; otherwise the caller still has it. `pushed_out` receives what drop_oldest
  /// removed.
  Push push(Item& item, Priority priority, Item& pushed_out);
  /// The same, waiting for space. Only where the thread may wait.
  Push push_waiting(Item& item, Priority priority);
  /// Whatever the capacity: replies, timers.
  Push push_always(Item& item, Priority priority);

  /// While held, items are accepted but not run.
  void hold();
  void release();
  /// From now on only replies are accepted; what is queued is abandoned on the lane itself.
  void close();

  [[nodiscard]] bool idle() const;
  void count(std::size_t (&queued)[4]) const;
  [[nodiscard]] LaneState& lane() const noexcept { return lane_; }

 protected:
  using Raw = Item::Raw;
  bool has_room(std::size_t priority) noexcept;
  /// Takes a runner if one more may start. Under the lock; true: submit after unlocking.
  bool schedule() noexcept;
  void store(Item& item, std::size_t priority);
  void mark_empty(std::size_t priority) noexcept;
  void count_popped(std::size_t priority) noexcept;
  /// Runs one item; true when it was an event, which the caller then counts.
  bool execute(Item&& item, HandlerScope& scope);
  [[nodiscard]] bool has_work() const noexcept { return mask_.load(std::memory_order_relaxed) != 0; }

  LaneState& lane_;
  Executor& executor_;
  const std::size_t capacity_;
  const Overflow overflow_;
  const unsigned limit_;

  // What publishers write, apart from what the runner reads for every item.
  alignas(64) mutable ShortMutex mutex_;
  bool held_ = false;
  unsigned runners_ = 0;
  std::atomic<std::uint8_t> mask_{0};  // which of in_ hold something; written under the lock
  std::uint64_t pushed_[4] = {};
  std::uint64_t popped_seen_[4] = {};  // the publishers' copy of popped_
  Ring<Raw> in_[4];
  std::condition_variable_any space_;

  alignas(64) std::atomic<unsigned> waiters_{0};  // written under the lock
  std::atomic<bool> closed_{false};               // written under the lock
  std::atomic<std::uint64_t> popped_[4] = {};     // written by the runner, or under the lock where there are several
};

/// Runs one item at a time. The runner swaps whole rings out, so that a burst costs it one lock.
class SerialQueue final : public Queue {
 public:
  SerialQueue(LaneState& lane, Executor& executor) : Queue(lane, executor, 1) {}
  ~SerialQueue() override;
  void run() override;

 private:
  bool next(Item& item);
  [[nodiscard]] bool linger() const;
  bool finish();

  // The runner's own.
  Ring<Raw> out_[4];
  std::uint8_t out_mask_ = 0;
};

/// Runs up to `concurrency` items at a time, in no particular order.
class BlockingQueue final : public Queue {
 public:
  BlockingQueue(LaneState& lane, Executor& executor, unsigned concurrency) : Queue(lane, executor, concurrency) {}
  void run() override;
};

/// A lane of one instance: one queue, or several between which partitions are spread, or none (direct).
struct LaneState {
  Instance& instance;
  std::string name;
  Lane::Kind kind;
  std::size_t capacity;
  Overflow overflow;
  unsigned concurrency;
  std::int64_t budget;  ///< milliseconds
  std::vector<std::unique_ptr<Queue>> queues;
  alignas(64) LaneCounters counters;

  [[nodiscard]] bool direct() const noexcept { return kind == Lane::direct; }
  [[nodiscard]] Queue& pick(std::uint64_t partition) const noexcept {
    if (queues.size() == 1) return *queues.front();
    return *queues[((partition * 0x9E3779B97F4A7C15ull) >> 32) % queues.size()];
  }
};

}  // namespace qiao::core::bus
