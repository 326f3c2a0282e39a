#include "core/loader/instance.hpp"

#include "core/loader/guarded_call.hpp"

namespace qiao::core {

namespace {
constexpr std::chrono::milliseconds kRevokePatience{2000};
}  // namespace

std::string_view to_string(InstanceState state) noexcept {
  for (const EnumName& name : qiao_enum_of(static_cast<const InstanceState*>(nullptr))) {
    if (name.value == static_cast<std::int64_t>(state)) return name.name;
  }
  return "?";
}

Instance::Instance(const Kernel& kernel, std::string name, Lease lease)
    : kernel_(kernel),
      name_(std::move(name)),
      lease_(std::move(lease)),
      log_(kernel.logs.logger(name_)),
      metrics_(kernel.metrics.for_instance(name_)),
      health_(kernel.health.for_instance(name_)),
      data_dir_(kernel.data_dir / "instances" / name_),
      plugin_(nullptr, {nullptr}) {}

Instance::~Instance() {
  // Parked code may still run: nothing of it is destroyed, its registrations included.
  if (state() != InstanceState::parked) return;
  struct Parked {
    Lease lease;
    std::unique_ptr<InstanceStore> database;
    Generation::PluginPtr plugin;
    std::unique_ptr<InstanceBus> bus;
    std::unique_ptr<InstanceHttp> http;
  };
  static std::mutex mutex;
  static auto* parked = new std::vector<Parked>;
  const std::lock_guard lock(mutex);
  parked->push_back({lease_, std::move(database_), std::move(plugin_), std::move(bus_), std::move(http_)});
}

InstanceState Instance::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::string Instance::reason() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

void Instance::set(InstanceState state, std::string reason) {
  const std::lock_guard lock(mutex_);
  state_ = state;
  reason_ = std::move(reason);
}

Result<std::shared_ptr<Instance>> Instance::configure(const Kernel& kernel, std::string name, Lease lease,
                                                      const Section& section) {
  std::shared_ptr<Instance> made(new Instance(kernel, std::move(name), std::move(lease)));
  auto done = call_plugin("configure", [&]() -> Result<void> {
    made->plugin_ = made->lease_->create();
    return made->plugin_->configure(section);
  });
  if (!done) return done.error();
  return made;
}

Result<void> Instance::start(std::chrono::milliseconds patience) {
  std::error_code failed;
  std::filesystem::create_directories(data_dir_, failed);
  if (failed) {
    return Error{Errc::unavailable, "plugin.data_dir", fmt::format("{}: {}", data_dir_.string(), failed.message())};
  }
  database_ = kernel_.store.for_instance(name_, lease_->descriptor().name);
  bus_ = kernel_.bus.attach(name_);
  http_ = kernel_.gateway.attach(name_);
  set(InstanceState::starting);
  auto self = shared_from_this();
  auto done = call_plugin_for(patience, "start", [self] { return self->plugin_->start(*self); });
  if (!done) {
    const std::string reason = fmt::format("start has not returned within {} ms", patience.count());
    set(InstanceState::parked, reason);
    return Error{Errc::timeout, "plugin.start_hangs", reason};
  }
  if (!*done) {
    bus_->revoke(kernel_.clock.steady() + kRevokePatience);
    http_->revoke(kRevokePatience);
    database_->wait_written(kRevokePatience);
    plugin_.reset();
    bus_.reset();
    http_.reset();
    database_.reset();
    set(InstanceState::failed, done->error().message);
    return *done;
  }
  return {};
}

Result<void> Instance::activate() {
  if (auto done = http_->activate(); !done) return done;
  bus_->activate();
  set(InstanceState::running);
  return {};
}

Result<void> Instance::take_over_routes(Instance& old) { return kernel_.gateway.replace(*old.http_, *http_); }

void Instance::take_over_bus(Instance& old, std::chrono::milliseconds hold) {
  // A direct handler of the old generation that does not return is noticed when that generation is revoked.
  static_cast<void>(kernel_.bus.replace(*old.bus_, *bus_, kernel_.clock.steady() + hold));
  old.set(InstanceState::draining, "a new generation took over");
  set(InstanceState::running);
}

Result<void> Instance::reconfigure(const Section& section) {
  return call_plugin("reconfigure", [&] { return plugin_->reconfigure(section); });
}

bool Instance::idle(std::chrono::milliseconds patience) {
  return !bus_ || (database_->wait_written(patience) && bus_->idle());
}

void Instance::withdraw() noexcept {
  // Running handlers are waited for in `retire`.
  if (http_) static_cast<void>(http_->revoke(std::chrono::milliseconds(0)));
}

void Instance::retire(std::chrono::milliseconds patience) {
  if (!bus_) return set(InstanceState::stopped);
  set(InstanceState::draining);
  const auto self = shared_from_this();
  const auto end = std::chrono::steady_clock::now() + patience;
  const auto left = [end] {
    return std::max(std::chrono::milliseconds(1),
                    std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()));
  };
  const auto park = [this](const std::string& reason) {
    log_.error("parked: {}; it stays in memory until the hub restarts, generation={}", reason,
               generation().short_hash());
    set(InstanceState::parked, reason);
  };

  // New work no longer arrives; what was accepted is handled on the lanes while the plugin finishes its own.
  if (!http_->revoke(left())) return park("an HTTP handler has not returned in time");
  bus_->retire(kernel_.clock.steady() + left());
  const SteadyTime deadline = kernel_.clock.steady() + patience;
  auto drained = call_plugin_for(left(), "drain", [self, deadline]() -> Result<void> {
    self->plugin_->drain(deadline);
    return {};
  });
  if (!drained) return park("drain has not returned in time");
  if (!*drained) log_.error("{}", drained->error().message);
  // A write that is on its way may still publish or answer once it is stored, so the bus is looked at before and after.
  if (!bus_->drain(kernel_.clock.steady() + left()) || !database_->wait_written(left()) ||
      !bus_->drain(kernel_.clock.steady() + left())) {
    log_.warn("accepted work was not finished within {} ms", patience.count());
  }
  if (!bus_->revoke(kernel_.clock.steady() + left() + kRevokePatience))
    return park("a handler has not returned in time");
  if (!database_->wait_written(left() + kRevokePatience)) return park("its writes were not done in time");
  auto stopped = call_plugin_for(left() + kRevokePatience, "stop", [self]() -> Result<void> {
    self->plugin_->stop();
    self->plugin_.reset();
    return {};
  });
  if (!stopped) return park("stop has not returned in time");
  if (!*stopped) log_.error("{}", stopped->error().message);
  bus_.reset();
  http_.reset();
  database_.reset();
  set(InstanceState::stopped);
}

}  // namespace qiao::core
