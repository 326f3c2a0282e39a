#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/bus/dead_letters.hpp"
#include "core/bus/wiring.hpp"
#include "qiao/bus.hpp"
#include "qiao/metrics.hpp"

namespace qiao::core {

namespace bus {
class Hub;
class Instance;
}  // namespace bus

/// A handler that failed or threw, for the log.
struct HandlerFailure {
  std::string_view instance;
  std::string_view message;  ///< the type's name; "post", "timer" or "reply" for work without a type
  Id id;
  Id trace;
  Error error;
};

/// A handler that runs longer than its lane's budget.
struct OverdueHandler {
  std::string instance;
  std::string message;
  Id id;
  std::chrono::milliseconds running{0};
  std::chrono::milliseconds budget{0};
};

/// The counters of one lane, over all generations of its instance.
struct LaneSnapshot {
  std::string instance;
  std::string lane;  ///< its name
  Lane::Kind kind = Lane::serial;
  std::size_t queued[4] = {};  ///< by priority
  std::uint64_t handled = 0;   ///< including what failed
  std::uint64_t failed = 0;    ///< answered an error or threw
  std::uint64_t rejected = 0;  ///< refused to the publisher because the queue was full
  std::uint64_t dropped = 0;   ///< pushed out by newer messages, or left when the instance was revoked
  /// From acceptance to the end of the handler, of every 16th message; same buckets as qiao::Histogram.
  std::uint64_t latency[Histogram::kBuckets] = {};
  double latency_sum = 0;  ///< seconds
};

struct BusSnapshot {
  std::vector<LaneSnapshot> lanes;
  std::uint64_t dead_letters = 0;
  std::uint64_t requests = 0;
  std::uint64_t timeouts = 0;
  std::size_t workers = 0;
  std::size_t blocking_threads = 0;
  std::size_t blocking_waiting = 0;  ///< work waiting for a blocking thread
};

/// One instance's generation on the bus. Registrations are collected until `activate`; `retire` takes them out again.
/// The qiao::Bus side: any thread. The host's side below: one controller thread at a time.
class InstanceBus final : public Bus {
 public:
  explicit InstanceBus(std::shared_ptr<bus::Instance> instance);
  ~InstanceBus() override;  ///< revokes, waiting up to five seconds; what hangs longer is kept alive by the bus

  [[nodiscard]] std::string_view name() const noexcept;

  /// Makes the registrations visible and lets posted work and timers of `start` run.
  void activate();
  /// Takes the registrations out: when it returns true, no publisher and no asker reaches this generation any more.
  /// What was accepted stays queued and is handled; timers end. False: a direct handler did not return before
  /// `deadline`.
  bool retire(SteadyTime deadline);
  /// Retires, and waits until everything accepted is handled and every request of this instance is answered. False: not
  /// before `deadline`.
  bool drain(SteadyTime deadline);
  /// Retires, sends what is still queued to the dead letters (requests are answered `bus.stopping`), answers this
  /// instance's own open requests with `bus.stopping`, and waits for the handlers that run. True: nothing of this
  /// instance runs any more, and its handlers are destroyed. False: something still ran at `deadline`; the generation
  /// must then be parked.
  bool revoke(SteadyTime deadline);
  /// Nothing queued, nothing running, no open request.
  [[nodiscard]] bool idle() const;

  bool post(const Lane& lane, std::function<void()> work, Priority priority = Priority::service) override;
  std::shared_ptr<Timer> after(Duration delay, const Lane& lane, std::function<void()> work) override;
  std::shared_ptr<Timer> every(Duration period, const Lane& lane, std::function<void()> work) override;

 protected:
  Result<void> publish_message(MessageRef message, const PublishOptions& options) override;
  void add_subscription(const MessageType& type, const Lane& lane, EventHandler handler) override;
  void add_server(const MessageType& type, const MessageType& reply, const Lane& lane, Server server) override;
  [[nodiscard]] std::vector<std::string> servers_of(const MessageType& type) const override;
  void send_request(MessageRef message, const RequestOptions& options, ReplyHandler handler) override;
  Result<MessageRef> ask_message(MessageRef message, const RequestOptions& options) override;

 private:
  friend class LocalBus;
  std::shared_ptr<bus::Instance> instance_;
};

/// The hub-wide bus: topics, workers, timers. Any thread, except where told otherwise. Outlives every InstanceBus.
class LocalBus {
 public:
  struct Options {
    unsigned workers = 0;        ///< threads for serial and partitioned lanes; 0: one a core, at least two
    unsigned max_blocking = 16;  ///< threads for blocking lanes; they start when needed and end when idle
    /// No threads: work runs inside `run_until_idle`, in a fixed order. For tests.
    bool manual = false;
    const Clock* clock = nullptr;            ///< null: the system's; must outlive the bus
    DeadLetterSink* dead_letters = nullptr;  ///< null: they are only counted; must outlive the bus
    std::function<void(const HandlerFailure&)> on_failure = nullptr;  ///< on the thread of the handler; for the log
    Wiring wiring = {};
  };

  LocalBus();
  explicit LocalBus(Options options);
  ~LocalBus();
  LocalBus(const LocalBus&) = delete;
  LocalBus& operator=(const LocalBus&) = delete;

  /// A new generation of `instance`; nothing of it is visible before `activate`.
  std::unique_ptr<InstanceBus> attach(const std::string& instance);
  /// Puts `fresh` in the place of `old` in one step: every message and request reaches exactly one of them. Then
  /// `fresh` holds its queues until `old` has handled what it accepted, so that order is kept across the swap, but not
  /// beyond `hold_until`. `old` is retired; drain and revoke it afterwards. False: a direct handler of the old one
  /// hangs.
  bool replace(InstanceBus& old, InstanceBus& fresh, SteadyTime hold_until);
  /// New routes and bindings, in one step.
  void rewire(Wiring wiring);

  /// Hands a dead letter (or any stored event) to `instance` again, marked as redelivered. Errors:
  /// `bus.unknown_message`, `bus.no_subscriber`, `codec.malformed`, `bus.overloaded`.
  Result<void> replay(const DeadLetter& letter, const std::string& instance);
  Result<void> replay(std::string_view message, int version, std::string_view bytes, Headers headers,
                      const std::string& instance);
  /// The type that an active instance handles under this name; null when none does. Valid while that instance is.
  [[nodiscard]] const MessageType* type_named(std::string_view message, int version) const;

  /// Handlers that have been running longer than their budget. Handlers are not timed when they start; each counts from
  /// the first call that sees it, so call this regularly, e.g. every second.
  [[nodiscard]] std::vector<OverdueHandler> overdue();
  [[nodiscard]] BusSnapshot snapshot() const;

  /// Publishing and asking end with `bus.stopping`. The instances still are to be drained and revoked by their owner.
  void stop_accepting();

  /// Manual mode: runs what is queued and what is due, until there is nothing. False: there was nothing to do.
  bool run_until_idle();
  /// After a clock that is turned by hand was turned, when the bus has threads: lets due timers run.
  void clock_moved();

 private:
  std::unique_ptr<bus::Hub> hub_;
};

}  // namespace qiao::core
