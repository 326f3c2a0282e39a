#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "core/bus/local_bus.hpp"
#include "core/gateway/gateway.hpp"
#include "core/loader/generation.hpp"
#include "core/observe/health.hpp"
#include "core/observe/log.hpp"
#include "core/observe/metrics.hpp"
#include "core/store/store.hpp"
#include "qiao/audit.hpp"
#include "qiao/vault.hpp"

namespace qiao::core {

/// The parts of the kernel that instances live on. All of it outlives every instance.
struct Kernel {
  LocalBus& bus;
  Gateway& gateway;
  Store& store;
  Vault& vault;
  Audit& audit;
  MetricsRegistry& metrics;
  HealthBoard& health;
  Logs& logs;
  const Clock& clock;
  std::filesystem::path data_dir;
  std::filesystem::path share_dir;
  bool demo = false;
};

enum class InstanceState : std::uint8_t {
  configured,  ///< has its settings, nothing is open
  starting,
  running,
  draining,  ///< finishes what it accepted; a successor or nobody takes what is new
  stopped,
  failed,  ///< did not start; the reason says why
  parked,  ///< did not let go in time: kept in memory, gets no work, until the process ends
};
QIAO_ENUM(InstanceState, configured, starting, running, draining, stopped, failed, parked)
[[nodiscard]] std::string_view to_string(InstanceState state) noexcept;

/// One generation of a named instance: the plugin's object, its registrations and what the host lends to it.
///
/// The controller calls it, one call at a time; `state`, `reason` and the names may be read from any thread. Calls that
/// enter the plugin and may hang run on a thread of their own and are given up after their time; see `parked`.
class Instance final : private Context, public std::enable_shared_from_this<Instance> {
 public:
  /// Creates the plugin's object and gives it its settings; opens nothing.
  static Result<std::shared_ptr<Instance>> configure(const Kernel& kernel, std::string name, Lease lease,
                                                     const Section& section);
  ~Instance() override;

  /// Starts the plugin with its registrations still invisible. After a failure nothing is left of them.
  Result<void> start(std::chrono::milliseconds patience);
  /// Makes the registrations visible. Fails when another instance has one of the routes.
  Result<void> activate();
  /// Takes over the HTTP routes of a running generation. Fails, changing nothing, when another instance has one of
  /// them. The other way round it undoes itself.
  Result<void> take_over_routes(Instance& old);
  /// Takes over the bus, in one step: every message and request reaches exactly one of the two.
  void take_over_bus(Instance& old, std::chrono::milliseconds hold);
  Result<void> reconfigure(const Section& section);
  /// Its HTTP routes are gone when this returns; what they are handling goes on. Before `retire`, which may take a
  /// while.
  void withdraw() noexcept;
  /// Drains, takes the registrations back and stops. Leaves the state stopped, or parked when `patience` was not
  /// enough.
  void retire(std::chrono::milliseconds patience);

  /// Nothing accepted is waiting or running on the bus, and nothing is on its way to the store. Waits for the store,
  /// not for the bus.
  bool idle(std::chrono::milliseconds patience);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] Generation& generation() const noexcept { return *lease_.get(); }
  [[nodiscard]] InstanceState state() const;
  [[nodiscard]] std::string reason() const;

 private:
  Instance(const Kernel& kernel, std::string name, Lease lease);
  void set(InstanceState state, std::string reason = {});

  // Context
  [[nodiscard]] const std::string& instance() const noexcept override { return name_; }
  Bus& bus() override { return *bus_; }
  Http& http() override { return *http_; }
  Database& store() override { return *database_; }
  Vault& vault() override { return kernel_.vault; }
  Audit& audit() override { return kernel_.audit; }
  Logger& log() override { return log_; }
  Metrics& metrics() override { return metrics_; }
  Health& health() override { return health_; }
  [[nodiscard]] const Clock& clock() const noexcept override { return kernel_.clock; }
  [[nodiscard]] const std::filesystem::path& data_dir() const noexcept override { return data_dir_; }
  [[nodiscard]] const std::filesystem::path& share_dir() const noexcept override { return kernel_.share_dir; }
  [[nodiscard]] bool demo() const noexcept override { return kernel_.demo; }

  const Kernel& kernel_;
  const std::string name_;
  Lease lease_;  // before everything that is code or data of the plugin, so released last
  Logger& log_;
  Metrics& metrics_;
  Health& health_;
  std::filesystem::path data_dir_;
  std::unique_ptr<InstanceStore> database_;  // before the plugin, which holds it
  Generation::PluginPtr plugin_;
  std::unique_ptr<InstanceBus> bus_;
  std::unique_ptr<InstanceHttp> http_;

  mutable std::mutex mutex_;
  InstanceState state_ = InstanceState::configured;
  std::string reason_;
};

}  // namespace qiao::core
