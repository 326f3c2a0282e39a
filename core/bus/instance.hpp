#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "core/bus/context.hpp"
#include "core/bus/queue.hpp"
#include "core/bus/timers.hpp"

namespace qiao::core::bus {

class Hub;
class Pending;
class BusTimer;

/// One generation of one instance: its lanes, handlers, timers and open requests.
///
/// Lock order: idle_mutex_, then lanes_mutex_ or pending_mutex_ or timers_mutex_, then a queue's mutex.
class Instance : public std::enable_shared_from_this<Instance> {
 public:
  enum class State : std::uint8_t {
    collecting,  ///< before activation: queues hold
    active,
    retired,  ///< out of the topic table; finishes what was accepted
    closing,  ///< abandons what is queued; takes only replies
    closed,   ///< nothing runs, handlers are destroyed
  };

  Instance(Hub& hub, std::string_view interned_name) : hub_(hub), name_(interned_name) {}
  ~Instance();

  [[nodiscard]] Hub& hub() const noexcept { return hub_; }
  /// Lives as long as the hub.
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] State state() const noexcept { return state_.load(std::memory_order_acquire); }
  void set_state(State state) noexcept { state_.store(state, std::memory_order_release); }

  // Lanes. Any thread.
  LaneState& lane(const Lane& spec);
  template <class F>
  void each_lane(F visit) const {
    const std::lock_guard lock(lanes_mutex_);
    for (const auto& lane : lanes_) visit(*lane);
  }
  void release_queues();
  void close_queues();

  // Registrations; fixed once the instance is active.
  void add_subscription(Target target);
  void add_server(Target target);
  [[nodiscard]] const std::vector<std::unique_ptr<Target>>& subscriptions() const noexcept { return subscriptions_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Target>>& servers() const noexcept { return servers_; }

  // Failures. Any thread.
  void failed(LaneState* lane, std::string_view what, const Headers& headers, const Error& error);
  void dead_letter(const Message& message, const Error& error);
  /// What a queue pushed out or was closed with.
  void abandon(LaneState& lane, Item& item, const Error& why);

  /// Nanoseconds of the hub's steady clock; exact to some milliseconds, and cheap.
  [[nodiscard]] std::int64_t coarse_now() const noexcept;
  [[nodiscard]] std::int64_t precise_now() const noexcept;

  // Open requests of this instance. One alarm, for the earliest deadline, serves them all: nearly every request is
  // answered long before, and costs the timers nothing.
  bool add(const std::shared_ptr<Pending>& pending);
  void remove(Pending& pending);
  void cancel_pending(const Error& why);
  /// The alarm for `deadline` rang.
  void expire_pending(SteadyTime deadline, SteadyTime now);

  // Timers.
  std::shared_ptr<BusTimer> start_timer(Duration delay, Duration period, const Lane& lane, std::function<void()> work);
  void cancel_timers();

  // Publishers that wait for space in a queue of this instance, outside of the topic table's protection.
  void begin_publish_wait() noexcept { publish_waits_.fetch_add(1, std::memory_order_relaxed); }
  void end_publish_wait();

  [[nodiscard]] bool queues_idle() const;
  [[nodiscard]] bool idle() const;
  /// Waits for `idle`, or only for the queues. In manual mode it runs the executor.
  bool wait_idle(SteadyTime deadline, bool queues_only);
  /// This instance, when somebody waits for it to become idle.
  [[nodiscard]] std::shared_ptr<Instance> if_watched() {
    return watched_.load(std::memory_order_seq_cst) ? shared_from_this() : nullptr;
  }
  void wake_waiters();

  /// Destroys handlers and timers' work. Nothing may run any more.
  void drop_handlers();

 private:
  bool may_register(const MessageType& type);

  Hub& hub_;
  const std::string_view name_;
  std::atomic<State> state_{State::collecting};
  std::atomic<bool> watched_{false};
  std::atomic<unsigned> publish_waits_{0};

  mutable std::mutex idle_mutex_;
  std::condition_variable idle_changed_;

  mutable std::mutex lanes_mutex_;
  std::vector<std::unique_ptr<LaneState>> lanes_;
  std::vector<std::unique_ptr<Target>> subscriptions_;
  std::vector<std::unique_ptr<Target>> servers_;

  mutable std::mutex pending_mutex_;
  Pending* pending_ = nullptr;  // a list; each entry keeps itself alive while it is in it
  bool pending_closed_ = false;
  SteadyTime next_deadline_ = SteadyTime::max();  // an alarm is set for it; no open request has an earlier one

  std::mutex timers_mutex_;
  std::vector<std::weak_ptr<BusTimer>> timers_;
  std::size_t prune_timers_at_ = 16;
};

/// Runs an event's handler on this thread, inside a HandlerScope. The caller counts it as handled.
void handle_event(const Target& target, const Message& message);
/// Counts it, reports it, and keeps the message as a dead letter.
void event_failed(const Target& target, const Message& message, const Error& error);

/// Runs a callable of `instance` that has no message: posted work, a tick, a reply's callback. Failures are counted.
void run_work(Instance& instance, LaneState* lane, Queue* queue, std::string_view what, Id trace,
              const std::function<void()>& work);

/// An Error for what a handler threw.
Error thrown(const std::exception* exception);

class BusTimer final : public Timer, public Alarm, public std::enable_shared_from_this<BusTimer> {
 public:
  BusTimer(Instance& instance, LaneState& lane, SteadyTime at, Duration period, std::function<void()> work);
  void cancel() noexcept override;
  void ring(SteadyTime now) override;
  void run(Queue& queue);
  void drop() noexcept { work_ = nullptr; }

 private:
  friend class Instance;
  std::weak_ptr<Instance> instance_;
  LaneState& lane_;
  SteadyTime at_;
  const Duration period_;  // zero: once
  std::function<void()> work_;
  std::atomic<bool> queued_{false};
};

/// Posted work.
class WorkTask final : public Task {
 public:
  WorkTask(Instance& instance, std::function<void()> work, Id trace)
      : instance_(instance), work_(std::move(work)), trace_(trace) {}
  void run(Queue& queue) override { run_work(instance_, &queue.lane(), &queue, "post", trace_, work_); }
  void abandon(const Error&) override {}

 private:
  Instance& instance_;
  std::function<void()> work_;
  Id trace_;
};

}  // namespace qiao::core::bus
