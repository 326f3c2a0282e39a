#include "core/bus/hub.hpp"

#include <fmt/format.h>
#include <time.h>

#include "qiao/codec.hpp"

namespace qiao::core::bus {
namespace {

std::int64_t read_clock(clockid_t id) noexcept {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

constexpr auto kGrace = std::chrono::seconds(5);

}  // namespace

Hub::Hub(LocalBus::Options options)
    : options_(std::move(options)),
      clock_(options_.clock != nullptr ? *options_.clock : system_clock()),
      real_time_(&clock_ == &system_clock()),
      partitions_(options_.manual ? 4 : std::max(8u, 4 * std::thread::hardware_concurrency())),
      timers_(clock_, options_.manual) {
  table_owner_ = std::make_unique<TopicTable>(visible_, options_.wiring, [](std::string_view name) { return name; });
  table_.store(table_owner_.get(), std::memory_order_seq_cst);
  if (options_.manual) return;
  const unsigned workers = options_.workers > 0 ? options_.workers : std::max(2u, std::thread::hardware_concurrency());
  workers_ = std::make_unique<WorkerPool>(workers);
  blocking_ = std::make_unique<BlockingPool>(options_.max_blocking);
}

Hub::~Hub() = default;

Executor& Hub::workers() noexcept {
  return workers_ ? static_cast<Executor&>(*workers_) : static_cast<Executor&>(manual_);
}
Executor& Hub::blocking() noexcept {
  return blocking_ ? static_cast<Executor&>(*blocking_) : static_cast<Executor&>(manual_);
}

std::int64_t Hub::coarse_now() const noexcept {
  return real_time_ ? read_clock(CLOCK_MONOTONIC_COARSE) : precise_now();
}

std::int64_t Hub::precise_now() const noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(clock_.steady().time_since_epoch()).count();
}

std::string_view Hub::intern(std::string_view name) { return *names_.emplace(name).first; }

std::shared_ptr<Instance> Hub::attach(const std::string& name) {
  const std::lock_guard lock(state_mutex_);
  auto instance = std::make_shared<Instance>(*this, intern(name));
  instances_.push_back(instance);
  return instance;
}

bool Hub::show(SteadyTime deadline) {
  std::unique_ptr<const TopicTable> before;
  {
    const std::lock_guard lock(state_mutex_);
    auto table = std::make_unique<const TopicTable>(visible_, options_.wiring,
                                                    [this](std::string_view name) { return intern(name); });
    before = std::exchange(table_owner_, std::move(table));
    table_.store(table_owner_.get(), std::memory_order_seq_cst);
  }
  if (synchronize(deadline)) return true;
  const std::lock_guard lock(state_mutex_);
  stuck_.push_back(std::move(before));
  return false;
}

void Hub::activate(Instance& instance) {
  const std::lock_guard control(control_mutex_);
  {
    const std::lock_guard lock(state_mutex_);
    if (instance.state() != Instance::State::collecting) return;
    visible_.push_back(&instance);
  }
  instance.set_state(Instance::State::active);
  show(std::chrono::steady_clock::now() + kGrace);
  instance.release_queues();
}

bool Hub::retire(Instance& instance, SteadyTime deadline) {
  const std::lock_guard control(control_mutex_);
  bool seen = false;
  {
    const std::lock_guard lock(state_mutex_);
    seen = std::erase(visible_, &instance) > 0;
  }
  const bool clear = !seen || show(deadline);
  // What an instance posted that never became active stays held: its start failed, so none of it may run.
  if (instance.state() < Instance::State::retired) instance.set_state(Instance::State::retired);
  instance.cancel_timers();
  return clear;
}

bool Hub::replace(Instance& old, Instance& fresh, SteadyTime hold_until) {
  bool clear = false;
  {
    const std::lock_guard control(control_mutex_);
    {
      const std::lock_guard lock(state_mutex_);
      const auto place = std::find(visible_.begin(), visible_.end(), &old);
      if (place != visible_.end()) {
        *place = &fresh;
      } else {
        visible_.push_back(&fresh);
      }
    }
    fresh.set_state(Instance::State::active);
    clear = show(hold_until);
    old.set_state(Instance::State::retired);
    old.cancel_timers();
  }
  if (clear) old.wait_idle(hold_until, true);
  fresh.release_queues();
  return clear;
}

bool Hub::revoke(Instance& instance, SteadyTime deadline) {
  using State = Instance::State;
  if (instance.state() == State::closed) return true;
  const bool clear = retire(instance, deadline);
  const Error stopping{Errc::cancelled, "bus.stopping", fmt::format("{} is being stopped", instance.name())};
  instance.set_state(State::closing);
  instance.close_queues();
  instance.cancel_pending(stopping);
  if (!instance.wait_idle(deadline, false) || !clear) return false;
  settle(instance);
  return true;
}

void Hub::settle(Instance& instance) {
  instance.drop_handlers();
  instance.set_state(Instance::State::closed);
  std::shared_ptr<Instance> gone;  // destroyed after the lock
  const std::lock_guard lock(state_mutex_);
  instance.each_lane([&](const LaneState& lane) {
    add_lane(past_[{std::string(instance.name()), lane.name, lane.kind}], lane);
  });
  const auto it =
      std::find_if(instances_.begin(), instances_.end(), [&](const auto& i) { return i.get() == &instance; });
  if (it != instances_.end()) {
    gone = std::move(*it);
    instances_.erase(it);
  }
}

void Hub::rewire(Wiring wiring) {
  const std::lock_guard control(control_mutex_);
  {
    const std::lock_guard lock(state_mutex_);
    options_.wiring = std::move(wiring);
  }
  show(std::chrono::steady_clock::now() + kGrace);
}

void Hub::report(const HandlerFailure& failure) const {
  if (options_.on_failure) options_.on_failure(failure);
}

void Hub::dead_letter(DeadLetter letter) {
  dead_letters_.fetch_add(1, std::memory_order_relaxed);
  if (options_.dead_letters == nullptr) return;
  letter.at = clock_.now();
  options_.dead_letters->add(std::move(letter));
}

const MessageType* Hub::type_named(std::string_view message, int version) const {
  const std::uint64_t id = qiao::detail::message_id(message, version);
  const std::lock_guard lock(state_mutex_);
  for (const Instance* instance : visible_) {
    for (const auto& target : instance->subscriptions()) {
      if (target->type->id == id) return target->type;
    }
    for (const auto& target : instance->servers()) {
      if (target->type->id == id) return target->type;
    }
  }
  return nullptr;
}

std::vector<OverdueHandler> Hub::overdue() {
  std::vector<OverdueHandler> list;
  const std::int64_t now = precise_now();
  std::map<const Slot*, Running> running;
  // The lock keeps the instances that are compared with alive; a slot's own pointer may be stale.
  const std::lock_guard lock(state_mutex_);
  for (const Slot* slot = first_slot(); slot != nullptr; slot = slot->next) {
    const Instance* instance = slot->instance.load(std::memory_order_acquire);
    const auto known =
        std::find_if(instances_.begin(), instances_.end(), [&](const auto& i) { return i.get() == instance; });
    if (known == instances_.end()) continue;
    const std::uint64_t handler = slot->handler.load(std::memory_order_relaxed);
    const auto before = running_.find(slot);
    const bool same = before != running_.end() && before->second.handler == handler;
    const Running seen = same ? before->second : Running{handler, now};
    running[slot] = seen;
    const std::int64_t millis = (now - seen.since) / 1'000'000;
    const std::int64_t budget = slot->budget.load(std::memory_order_relaxed);
    const MessageType* type = slot->type.load(std::memory_order_relaxed);
    const Id id{slot->message.load(std::memory_order_relaxed)};
    if (millis <= budget || slot->handler.load(std::memory_order_acquire) != handler) continue;
    list.push_back({std::string((*known)->name()), type != nullptr ? std::string(type->name) : "work", id,
                    std::chrono::milliseconds(millis), std::chrono::milliseconds(budget)});
  }
  running_ = std::move(running);
  return list;
}

void Hub::add_lane(LaneSnapshot& into, const LaneState& lane) {
  for (const auto& queue : lane.queues) queue->count(into.queued);
  into.handled += lane.counters.handled.load(std::memory_order_relaxed);
  into.failed += lane.counters.failed.load(std::memory_order_relaxed);
  into.rejected += lane.counters.rejected.load(std::memory_order_relaxed);
  into.dropped += lane.counters.dropped.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i) into.latency[i] += lane.counters.latency.bucket(i);
  into.latency_sum += lane.counters.latency.sum();
}

BusSnapshot Hub::snapshot() const {
  BusSnapshot snapshot;
  std::map<LaneKey, LaneSnapshot> lanes;
  {
    const std::lock_guard lock(state_mutex_);
    lanes = past_;
    for (const auto& instance : instances_) {
      instance->each_lane([&](const LaneState& lane) {
        add_lane(lanes[{std::string(instance->name()), lane.name, lane.kind}], lane);
      });
    }
  }
  for (auto& [key, lane] : lanes) {
    std::tie(lane.instance, lane.lane, lane.kind) = key;
    snapshot.lanes.push_back(std::move(lane));
  }
  snapshot.dead_letters = dead_letters_.load(std::memory_order_relaxed);
  snapshot.requests = requests_.load(std::memory_order_relaxed);
  snapshot.timeouts = timeouts_.load(std::memory_order_relaxed);
  snapshot.workers = workers_ ? workers_->size() : 0;
  snapshot.blocking_threads = blocking_ ? blocking_->threads() : 0;
  snapshot.blocking_waiting = blocking_ ? blocking_->waiting() : 0;
  return snapshot;
}

}  // namespace qiao::core::bus
