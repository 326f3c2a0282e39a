#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/loader/catalog.hpp"
#include "core/loader/instance.hpp"

namespace qiao::core {

/// What the configuration says about one instance.
struct InstancePlan {
  std::string name;
  std::string use;  ///< the plugin
  Section config;
  bool required = true;
};

/// Why an instance is not as wanted.
struct HostProblem {
  std::string instance;
  Error error;
};

/// One instance as operators see it.
struct InstanceReport {
  std::string name;
  std::string plugin;
  std::string version;
  std::string generation;  ///< the first characters of the code's hash
  InstanceState state = InstanceState::stopped;
  std::string reason;
  bool required = true;
};
QIAO_FIELDS(InstanceReport, name, plugin, version, generation, state, reason, required)

/// What a reload did, by instance.
struct ReloadResult {
  std::vector<std::string> added, removed, reconfigured, replaced;
  std::vector<HostProblem> left_out;  ///< new instances that are not required and did not start
  std::vector<HostProblem> problems;  ///< not empty: nothing was changed
  [[nodiscard]] bool nothing() const {
    return added.empty() && removed.empty() && reconfigured.empty() && replaced.empty();
  }
};

/// Moves all instances through their lives. Controller thread only, except where told otherwise.
///
/// The new generation of an instance starts before the old one stops, so that nothing is lost between them: for a
/// moment both have their database sessions and connections open. A plugin with a resource that only one can hold (a
/// port of its own, a file lock) takes it on the first message rather than in `start`, or fails `start` and keeps the
/// old one running.
class PluginHost {
 public:
  struct Options {
    std::chrono::milliseconds start{30'000};  ///< for one plugin's start
    std::chrono::milliseconds drain{10'000};  ///< for what an old generation accepted, and for all together at the end
    bool wait_for_retired = false;            ///< reload returns when the old generations are gone; for tests
    /// Idle generations in memory above which the hub recommends a restart.
    std::size_t max_parked = 64;
  };

  PluginHost(Kernel kernel, PluginCatalog& catalog, Options options);
  ~PluginHost();
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;

  /// Starts what is planned, servers before askers. An instance that is not required may fail: it is reported, logged
  /// and left out. When a required one fails, everything is stopped again and the problems say why.
  std::vector<HostProblem> start(const std::vector<InstancePlan>& plan);

  /// Makes the running instances what is planned, touching only those whose settings or code changed (with `only`:
  /// exactly that one, changed or not). All or nothing, but for instances that did not run and are not required: every
  /// new generation is configured and started first, and if one of them cannot, the hub goes on as it was.
  ReloadResult reload(const std::vector<InstancePlan>& plan, const std::optional<std::string>& only = std::nullopt);

  void set_drain(std::chrono::milliseconds drain) { options_.drain = drain; }

  /// Stops everything, last started first, within Options::drain.
  void stop();

  /// True when no running instance has work waiting, running, or on its way to the store.
  bool idle(std::chrono::milliseconds patience);

  /// Forgets retired generations that have gone. Call about every second.
  void tick();

  /// Any thread.
  [[nodiscard]] std::vector<InstanceReport> report() const;
  /// All required instances run. Any thread.
  [[nodiscard]] bool ready() const;
  /// How many instances hang in memory because they did not let go. Any thread.
  [[nodiscard]] std::size_t parked_instances() const;
  /// True when no retired generation is still finishing. Any thread.
  [[nodiscard]] bool settled() const;

 private:
  struct Entry {
    InstancePlan plan;
    std::shared_ptr<Instance> instance;  // null after it failed to start
    std::string failure;
  };
  struct Retiring {
    std::shared_ptr<Instance> instance;
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> gone;
  };
  struct Change;
  using Entries = std::map<std::string, Entry>;

  Result<std::shared_ptr<Instance>> configure(const InstancePlan& plan);
  Error fail(const std::string& instance, const Error& error);
  std::vector<std::size_t> order(const std::vector<InstancePlan>& plan);
  std::vector<Change> changes(const std::vector<InstancePlan>& plan, const std::optional<std::string>& only,
                              std::vector<HostProblem>& problems);
  bool prepare(std::vector<Change>& changes, std::vector<HostProblem>& problems);
  bool reconfigure(std::vector<Change>& changes, std::vector<HostProblem>& problems);
  bool switch_over(std::vector<Change>& changes, std::vector<HostProblem>& problems, ReloadResult& result);
  void give_up(const std::shared_ptr<Instance>& instance);
  void abandon(const std::vector<Change>& changes);
  void retire_aside(std::shared_ptr<Instance> instance);
  void note_parked();

  const Kernel kernel_;
  PluginCatalog& catalog_;
  Options options_;
  Logger& log_;
  Gauge& loaded_gauge_;
  Gauge& parked_gauge_;
  Gauge& hanging_gauge_;
  Counter& swaps_;
  std::vector<std::string> start_order_;
  std::vector<Retiring> retiring_;
  bool warned_parked_ = false;

  mutable std::mutex mutex_;  // guards what other threads read
  Entries entries_;
  std::vector<std::shared_ptr<Instance>> hanging_;
  std::size_t retiring_count_ = 0;
};

}  // namespace qiao::core
