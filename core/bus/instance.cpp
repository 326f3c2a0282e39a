#include "core/bus/instance.hpp"

#include <fmt/format.h>

#include "core/bus/hub.hpp"
#include "core/bus/requests.hpp"
#include "qiao/codec.hpp"

namespace qiao::core::bus {
namespace {

/// A timer that rang, waiting for its lane.
class TickTask final : public Task {
 public:
  explicit TickTask(std::shared_ptr<BusTimer> timer) : timer_(std::move(timer)) {}
  void run(Queue& queue) override { timer_->run(queue); }
  void abandon(const Error&) override {}

 private:
  std::shared_ptr<BusTimer> timer_;
};

/// The earliest deadline of an instance's open requests.
class DeadlineAlarm final : public Alarm {
 public:
  DeadlineAlarm(std::weak_ptr<Instance> instance, SteadyTime at) : instance_(std::move(instance)), at_(at) {}
  void ring(SteadyTime now) override {
    if (const auto instance = instance_.lock()) instance->expire_pending(at_, now);
  }

 private:
  const std::weak_ptr<Instance> instance_;
  const SteadyTime at_;
};

/// Deadlines that follow each other more closely are met together, so that ten thousand of them are not as many looks
/// at ten thousand requests.
constexpr auto kBetweenLooks = std::chrono::milliseconds(10);

}  // namespace

Instance::~Instance() = default;

LaneState& Instance::lane(const Lane& spec) {
  const std::lock_guard lock(lanes_mutex_);
  for (const auto& lane : lanes_) {
    if (lane->kind == spec.kind && lane->name == spec.name) return *lane;
  }
  auto lane = std::unique_ptr<LaneState>(new LaneState{*this,
                                                       std::string(spec.name),
                                                       spec.kind,
                                                       std::max<std::size_t>(1, spec.capacity),
                                                       spec.overflow,
                                                       std::max(1u, spec.concurrency),
                                                       spec.budget.count(),
                                                       {},
                                                       {}});
  switch (spec.kind) {
    case Lane::serial:
      lane->queues.push_back(std::make_unique<SerialQueue>(*lane, hub_.workers()));
      break;
    case Lane::partitioned:
      for (unsigned i = 0; i < hub_.partitions(); ++i) {
        lane->queues.push_back(std::make_unique<SerialQueue>(*lane, hub_.workers()));
      }
      break;
    case Lane::blocking:
      lane->queues.push_back(std::make_unique<BlockingQueue>(*lane, hub_.blocking(), lane->concurrency));
      break;
    case Lane::direct:
      break;
  }
  const State now = state();
  for (const auto& queue : lane->queues) {
    if (now == State::collecting) queue->hold();
    if (now >= State::closing) queue->close();
  }
  lanes_.push_back(std::move(lane));
  return *lanes_.back();
}

void Instance::release_queues() {
  each_lane([](LaneState& lane) {
    for (const auto& queue : lane.queues) queue->release();
  });
}

void Instance::close_queues() {
  each_lane([](LaneState& lane) {
    for (const auto& queue : lane.queues) queue->close();
  });
}

bool Instance::may_register(const MessageType& type) {
  if (state() == State::collecting) return true;
  failed(nullptr, type.name, {},
         Error{Errc::conflict, "bus.late_registration",
               "handlers are registered in start; this one came later and is ignored"});
  return false;
}

void Instance::add_subscription(Target target) {
  if (!may_register(*target.type)) return;
  target.instance = this;
  const std::lock_guard lock(lanes_mutex_);
  subscriptions_.push_back(std::make_unique<Target>(std::move(target)));
}

void Instance::add_server(Target target) {
  if (!may_register(*target.type)) return;
  target.instance = this;
  const std::lock_guard lock(lanes_mutex_);
  servers_.push_back(std::make_unique<Target>(std::move(target)));
}

void Instance::failed(LaneState* lane, std::string_view what, const Headers& headers, const Error& error) {
  if (lane != nullptr) lane->counters.failed.fetch_add(1, std::memory_order_relaxed);
  hub_.report({name_, what, headers.id, headers.trace, error});
}

void Instance::dead_letter(const Message& message, const Error& error) {
  const Headers& h = message.headers;
  DeadLetter letter;
  letter.id = h.id;
  letter.trace = h.trace;
  letter.message = std::string(message.type->name);
  letter.version = message.type->version;
  encode(message.type->fields(), message.body(), letter.body);
  letter.partition = h.partition;
  letter.source = std::string(h.source);
  letter.instance = std::string(name_);
  letter.priority = h.priority;
  letter.error = std::string(error.name());
  letter.reason = error.message;
  hub_.dead_letter(std::move(letter));
}

void Instance::abandon(LaneState& lane, Item& item, const Error& why) {
  if (Task* task = item.task()) {
    if (task->droppable()) lane.counters.dropped.fetch_add(1, std::memory_order_relaxed);
    task->abandon(why);
  } else if (item) {
    lane.counters.dropped.fetch_add(1, std::memory_order_relaxed);
    dead_letter(*item.message(), why);
  }
}

std::int64_t Instance::coarse_now() const noexcept { return hub_.coarse_now(); }
std::int64_t Instance::precise_now() const noexcept { return hub_.precise_now(); }

bool Instance::add(const std::shared_ptr<Pending>& pending) {
  const SteadyTime deadline = pending->headers.deadline;
  bool earliest = false;
  {
    const std::lock_guard lock(pending_mutex_);
    if (pending_closed_) return false;
    pending->self_ = pending;
    pending->after_ = pending_;
    if (pending_ != nullptr) pending_->before_ = pending.get();
    pending_ = pending.get();
    earliest = pending->needs_alarm() && deadline < next_deadline_;
    if (earliest) next_deadline_ = deadline;
  }
  if (earliest) hub_.timers().add(deadline, std::make_shared<DeadlineAlarm>(weak_from_this(), deadline));
  return true;
}

void Instance::expire_pending(SteadyTime deadline, SteadyTime now) {
  std::vector<std::shared_ptr<Pending>> late;
  SteadyTime next = SteadyTime::max();
  {
    const std::lock_guard lock(pending_mutex_);
    if (deadline != next_deadline_) return;  // an earlier one came after this alarm was set, and has its own
    for (Pending* p = pending_; p != nullptr; p = p->after_) {
      if (!p->needs_alarm()) continue;
      if (p->headers.deadline <= now) {
        late.push_back(p->self_);
      } else {
        next = std::min(next, p->headers.deadline);
      }
    }
    if (next != SteadyTime::max() && !hub_.manual()) next = std::max(next, now + kBetweenLooks);
    next_deadline_ = next;
  }
  if (next != SteadyTime::max()) hub_.timers().add(next, std::make_shared<DeadlineAlarm>(weak_from_this(), next));
  for (const auto& pending : late) pending->expire();
}

void Instance::remove(Pending& pending) {
  std::shared_ptr<Pending> self;  // destroyed after the lock
  std::shared_ptr<Instance> watched;
  {
    const std::lock_guard lock(pending_mutex_);
    if (!pending.self_) return;
    watched = if_watched();
    (pending.before_ != nullptr ? pending.before_->after_ : pending_) = pending.after_;
    if (pending.after_ != nullptr) pending.after_->before_ = pending.before_;
    self = std::move(pending.self_);
  }
  if (watched) watched->wake_waiters();
}

void Instance::cancel_pending(const Error& why) {
  std::vector<std::shared_ptr<Pending>> open;
  {
    const std::lock_guard lock(pending_mutex_);
    pending_closed_ = true;
    for (Pending* p = pending_; p != nullptr; p = p->after_) open.push_back(p->self_);
  }
  for (const auto& pending : open) pending->complete(why);
}

std::shared_ptr<BusTimer> Instance::start_timer(Duration delay, Duration period, const Lane& spec,
                                                std::function<void()> work) {
  // A direct lane has no queue, and the timer thread belongs to everybody: such timers run on the serial lane of that
  // name.
  Lane queued = spec;
  if (queued.kind == Lane::direct) queued.kind = Lane::serial;
  const SteadyTime at = hub_.clock().steady() + std::max(delay, Duration::zero());
  auto timer = std::make_shared<BusTimer>(*this, lane(queued), at, period, std::move(work));
  {
    const std::lock_guard lock(timers_mutex_);
    if (state() >= State::retired) {
      timer->silence();
      return timer;
    }
    if (timers_.size() >= prune_timers_at_) {
      std::erase_if(timers_, [](const auto& weak) { return weak.expired(); });
      prune_timers_at_ = std::max<std::size_t>(16, timers_.size() * 2);
    }
    timers_.push_back(timer);
  }
  hub_.timers().add(at, timer);
  return timer;
}

void Instance::cancel_timers() {
  const std::lock_guard lock(timers_mutex_);
  for (const auto& weak : timers_) {
    if (const auto timer = weak.lock()) hub_.timers().silence(*timer);
  }
}

void Instance::end_publish_wait() {
  publish_waits_.fetch_sub(1, std::memory_order_seq_cst);
  if (watched_.load(std::memory_order_seq_cst)) wake_waiters();
}

bool Instance::queues_idle() const {
  if (publish_waits_.load(std::memory_order_seq_cst) != 0) return false;
  bool all = true;
  each_lane([&](const LaneState& lane) {
    for (const auto& queue : lane.queues) all = all && queue->idle();
  });
  return all;
}

bool Instance::idle() const {
  if (!queues_idle()) return false;
  const std::lock_guard lock(pending_mutex_);
  return pending_ == nullptr;
}

bool Instance::wait_idle(SteadyTime deadline, bool queues_only) {
  const auto done = [&] { return queues_only ? queues_idle() : idle(); };
  watched_.store(true, std::memory_order_seq_cst);
  if (hub_.manual()) {
    while (!done()) {
      if (!hub_.run_one()) return done();
    }
    return true;
  }
  std::unique_lock lock(idle_mutex_);
  return idle_changed_.wait_until(lock, deadline, done);
}

void Instance::wake_waiters() {
  const std::lock_guard lock(idle_mutex_);
  idle_changed_.notify_all();
}

void Instance::drop_handlers() {
  std::vector<std::unique_ptr<Target>> handlers;
  {
    const std::lock_guard lock(lanes_mutex_);
    handlers.swap(subscriptions_);
    std::move(servers_.begin(), servers_.end(), std::back_inserter(handlers));
    servers_.clear();
  }
  std::vector<std::weak_ptr<BusTimer>> timers;
  {
    const std::lock_guard lock(timers_mutex_);
    timers.swap(timers_);
  }
  for (const auto& weak : timers) {
    if (const auto timer = weak.lock()) timer->drop();
  }
}

Error thrown(const std::exception* exception) {
  return {Errc::internal, "plugin.threw",
          exception != nullptr ? fmt::format("the handler threw: {}", exception->what())
                               : std::string("the handler threw something that is no std::exception")};
}

void event_failed(const Target& target, const Message& message, const Error& error) {
  target.instance->failed(target.lane, message.type->name, message.headers, error);
  target.instance->dead_letter(message, error);
}

void handle_event(const Target& target, const Message& message) {
  try {
    if (const Result<void> done = target.handle(message); !done) event_failed(target, message, done.error());
  } catch (const std::exception& e) {
    event_failed(target, message, thrown(&e));
  } catch (...) {
    event_failed(target, message, thrown(nullptr));
  }
}

void run_work(Instance& instance, LaneState* lane, Queue* queue, std::string_view what, Id trace,
              const std::function<void()>& work) {
  Headers headers;
  headers.trace = trace;
  const HandlerScope scope(&instance, queue, nullptr, {}, trace, lane != nullptr ? lane->budget : INT64_MAX);
  try {
    work();
  } catch (const std::exception& e) {
    instance.failed(lane, what, headers, thrown(&e));
  } catch (...) {
    instance.failed(lane, what, headers, thrown(nullptr));
  }
  if (lane != nullptr) lane->counters.handled.fetch_add(1, std::memory_order_relaxed);
}

BusTimer::BusTimer(Instance& instance, LaneState& lane, SteadyTime at, Duration period, std::function<void()> work)
    : instance_(instance.weak_from_this()), lane_(lane), at_(at), period_(period), work_(std::move(work)) {}

void BusTimer::cancel() noexcept {
  if (const auto instance = instance_.lock()) {
    instance->hub().timers().silence(*this);
  } else {
    silence();
  }
}

void BusTimer::ring(SteadyTime now) {
  const auto instance = instance_.lock();
  if (!instance) return;
  // A lane that is slower than its timer sees one tick, not all that it missed.
  if (!queued_.exchange(true, std::memory_order_acq_rel)) {
    Item item(std::make_unique<TickTask>(shared_from_this()));
    lane_.queues.front()->push_always(item, Priority::service);
  }
  if (period_ == Duration::zero()) return;
  at_ += period_;
  if (at_ <= now) at_ = now + period_;
  instance->hub().timers().add(at_, shared_from_this());
}

void BusTimer::run(Queue& queue) {
  queued_.store(false, std::memory_order_release);
  if (silent()) return;
  run_work(queue.lane().instance, &queue.lane(), &queue, "timer", {}, work_);
  if (period_ == Duration::zero()) drop();
}

}  // namespace qiao::core::bus
