#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/bus/local_bus.hpp"
#include "core/bus/requests.hpp"
#include "core/bus/timers.hpp"
#include "core/bus/topics.hpp"
#include "core/bus/workers.hpp"

namespace qiao::core::bus {

/// What LocalBus is made of: the topic table, the threads, and the list of instances.
///
/// Locks: `control_mutex_` (one change of the wiring at a time, may wait), then `state_mutex_` (short; a leaf but for
/// the instances' own locks). Publishing and asking take neither.
class Hub {
 public:
  explicit Hub(LocalBus::Options options);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // The host's side.
  std::shared_ptr<Instance> attach(const std::string& name);
  void activate(Instance& instance);
  bool retire(Instance& instance, SteadyTime deadline);
  bool revoke(Instance& instance, SteadyTime deadline);
  bool replace(Instance& old, Instance& fresh, SteadyTime hold_until);
  void rewire(Wiring wiring);
  void stop_accepting() noexcept { stopping_.store(true, std::memory_order_release); }

  // The instances' side. Any thread.
  Result<void> publish(Instance& from, MessageRef message, const PublishOptions& options);
  void request(Instance& from, MessageRef message, const RequestOptions& options,
               std::function<void(Result<MessageRef>)> callback);
  [[nodiscard]] std::vector<std::string> servers_of(const MessageType& type) const;
  Result<MessageRef> ask(Instance& from, MessageRef message, const RequestOptions& options);
  Result<void> replay(std::string_view message, int version, std::string_view bytes, Headers headers,
                      const std::string& instance);
  [[nodiscard]] const MessageType* type_named(std::string_view message, int version) const;
  [[nodiscard]] std::vector<OverdueHandler> overdue();
  [[nodiscard]] BusSnapshot snapshot() const;

  // For the parts.
  [[nodiscard]] Executor& workers() noexcept;
  [[nodiscard]] Executor& blocking() noexcept;
  [[nodiscard]] TimerQueue& timers() noexcept { return timers_; }
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }
  [[nodiscard]] unsigned partitions() const noexcept { return partitions_; }
  [[nodiscard]] bool manual() const noexcept { return options_.manual; }
  [[nodiscard]] std::int64_t coarse_now() const noexcept;
  [[nodiscard]] std::int64_t precise_now() const noexcept;
  bool run_one() { return manual_.run_one(); }
  void report(const HandlerFailure& failure) const;
  void dead_letter(DeadLetter letter);
  void count_timeout() noexcept { timeouts_.fetch_add(1, std::memory_order_relaxed); }

 private:
  struct Waiting {
    Queue* queue;
    Item item;
    std::shared_ptr<Instance> keep;
  };
  using LaneKey = std::tuple<std::string, std::string, Lane::Kind>;

  std::string_view intern(std::string_view name);  // under state_mutex_
  /// Builds and shows a new table; true when no reader is left on the old one. Under control_mutex_.
  bool show(SteadyTime deadline);
  void settle(Instance& instance);
  void fill_headers(Instance& from, Message& message, Priority priority, std::uint64_t partition, Id id,
                    Id trace) const;
  /// The lane that refused it, if one did.
  LaneState* deliver(ThreadContext& context, MessageRef message, const Targets& targets, std::vector<Waiting>& waiting);
  Push hand_over(ThreadContext& context, const Target& target, Item& item, Priority priority, std::uint64_t partition,
                 std::vector<Waiting>& waiting);
  void run_direct(const Message& message, const std::vector<const Target*>& targets);
  static Result<void> finish_waiting(std::vector<Waiting>& waiting);
  [[nodiscard]] bool may_wait(const ThreadContext& context, const Queue& queue) const noexcept;
  void send(ThreadContext& context, MessageRef message, std::string_view to, const std::shared_ptr<Pending>& pending);
  static void add_lane(LaneSnapshot& into, const LaneState& lane);

  LocalBus::Options options_;
  const Clock& clock_;
  const bool real_time_;
  const unsigned partitions_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> dead_letters_{0};
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> timeouts_{0};

  std::mutex control_mutex_;
  mutable std::mutex state_mutex_;
  std::set<std::string, std::less<>> names_;
  std::vector<std::shared_ptr<Instance>> instances_;  // attached and not closed; what hangs is parked here
  std::vector<Instance*> visible_;                    // in order of activation
  std::map<LaneKey, LaneSnapshot> past_;              // counters of closed generations
  std::unique_ptr<const TopicTable> table_owner_;
  std::vector<std::unique_ptr<const TopicTable>> stuck_;  // tables that a hanging direct handler may still read
  std::atomic<const TopicTable*> table_{nullptr};
  struct Running {
    std::uint64_t handler = 0;
    std::int64_t since = 0;  // when `overdue` saw it first
  };
  std::map<const Slot*, Running> running_;

  // Destroyed first, in reverse order: timers push to queues, queues run on the pools.
  ManualExecutor manual_;
  std::unique_ptr<BlockingPool> blocking_;
  std::unique_ptr<WorkerPool> workers_;
  TimerQueue timers_;
};

}  // namespace qiao::core::bus
