#include "core/bus/local_bus.hpp"

#include "core/bus/hub.hpp"

namespace qiao::core {

using bus::Instance;
using bus::Target;

LocalBus::LocalBus() : LocalBus(Options{}) {}
LocalBus::LocalBus(Options options) : hub_(std::make_unique<bus::Hub>(std::move(options))) {}
LocalBus::~LocalBus() = default;

std::unique_ptr<InstanceBus> LocalBus::attach(const std::string& instance) {
  return std::make_unique<InstanceBus>(hub_->attach(instance));
}

bool LocalBus::replace(InstanceBus& old, InstanceBus& fresh, SteadyTime hold_until) {
  return hub_->replace(*old.instance_, *fresh.instance_, hold_until);
}

void LocalBus::rewire(Wiring wiring) { hub_->rewire(std::move(wiring)); }

Result<void> LocalBus::replay(const DeadLetter& letter, const std::string& instance) {
  Headers headers;
  headers.id = letter.id;
  headers.trace = letter.trace;
  headers.partition = letter.partition;
  headers.source = letter.source;
  headers.priority = letter.priority;
  return replay(letter.message, letter.version, letter.body, headers, instance);
}

Result<void> LocalBus::replay(std::string_view message, int version, std::string_view bytes, Headers headers,
                              const std::string& instance) {
  return hub_->replay(message, version, bytes, headers, instance);
}

const MessageType* LocalBus::type_named(std::string_view message, int version) const {
  return hub_->type_named(message, version);
}

std::vector<OverdueHandler> LocalBus::overdue() { return hub_->overdue(); }
BusSnapshot LocalBus::snapshot() const { return hub_->snapshot(); }
void LocalBus::stop_accepting() { hub_->stop_accepting(); }

bool LocalBus::run_until_idle() {
  bool any = false;
  for (;;) {
    bool ran = false;
    while (hub_->run_one()) ran = true;
    if (!ran && hub_->timers().run_due() == 0) return any;
    any = true;
  }
}

void LocalBus::clock_moved() { hub_->timers().clock_moved(); }

InstanceBus::InstanceBus(std::shared_ptr<Instance> instance) : instance_(std::move(instance)) {}

InstanceBus::~InstanceBus() {
  instance_->hub().revoke(*instance_, std::chrono::steady_clock::now() + std::chrono::seconds(5));
}

std::string_view InstanceBus::name() const noexcept { return instance_->name(); }
void InstanceBus::activate() { instance_->hub().activate(*instance_); }
bool InstanceBus::retire(SteadyTime deadline) { return instance_->hub().retire(*instance_, deadline); }
bool InstanceBus::revoke(SteadyTime deadline) { return instance_->hub().revoke(*instance_, deadline); }
bool InstanceBus::idle() const { return instance_->idle(); }

bool InstanceBus::drain(SteadyTime deadline) {
  const bool clear = retire(deadline);
  return instance_->wait_idle(deadline, false) && clear;
}

bool InstanceBus::post(const Lane& lane, std::function<void()> work, Priority priority) {
  if (instance_->state() >= Instance::State::closing) return false;
  // What is posted to a direct lane could outlive the instance on the caller's thread; the serial lane of that name can
  // be waited for.
  Lane queued = lane;
  if (queued.kind == Lane::direct) queued.kind = Lane::serial;
  bus::Queue& queue = *instance_->lane(queued).queues.front();
  bus::Item item(std::make_unique<bus::WorkTask>(*instance_, std::move(work), current_trace().trace));
  bus::Item pushed_out;
  const bus::Push pushed = queue.push(item, priority, pushed_out);
  if (pushed_out) {
    instance_->abandon(queue.lane(), pushed_out, {Errc::overloaded, "bus.dropped", "newer work pushed it out"});
  }
  if (pushed == bus::Push::full) queue.lane().counters.rejected.fetch_add(1, std::memory_order_relaxed);
  return pushed == bus::Push::accepted;
}

std::shared_ptr<Timer> InstanceBus::after(Duration delay, const Lane& lane, std::function<void()> work) {
  return instance_->start_timer(delay, Duration::zero(), lane, std::move(work));
}

std::shared_ptr<Timer> InstanceBus::every(Duration period, const Lane& lane, std::function<void()> work) {
  const Duration shortest = std::chrono::milliseconds(1);
  return instance_->start_timer(std::max(period, shortest), std::max(period, shortest), lane, std::move(work));
}

Result<void> InstanceBus::publish_message(MessageRef message, const PublishOptions& options) {
  return instance_->hub().publish(*instance_, std::move(message), options);
}

void InstanceBus::add_subscription(const MessageType& type, const Lane& lane, EventHandler handler) {
  Target target;
  target.type = &type;
  target.lane = &instance_->lane(lane);
  target.handle = std::move(handler);
  instance_->add_subscription(std::move(target));
}

void InstanceBus::add_server(const MessageType& type, const MessageType& reply, const Lane& lane, Server server) {
  Target target;
  target.type = &type;
  target.reply = &reply;
  target.lane = &instance_->lane(lane);
  target.serve = std::move(server);
  instance_->add_server(std::move(target));
}

std::vector<std::string> InstanceBus::servers_of(const MessageType& type) const {
  return instance_->hub().servers_of(type);
}

void InstanceBus::send_request(MessageRef message, const RequestOptions& options, ReplyHandler handler) {
  instance_->hub().request(*instance_, std::move(message), options, std::move(handler));
}

Result<MessageRef> InstanceBus::ask_message(MessageRef message, const RequestOptions& options) {
  return instance_->hub().ask(*instance_, std::move(message), options);
}

}  // namespace qiao::core
