#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qiao/plugin.hpp"
#include "qiao/testkit/manual_clock.hpp"
#include "qiao/testkit/probe.hpp"

namespace qiao::testkit {

// Given by the build (qiao_add_test, qiao_add_plugin_test): where the plugins under test lie.
#ifdef QIAO_PLUGIN_DIR
inline constexpr const char* kBuiltPluginDir = QIAO_PLUGIN_DIR;
#else
inline constexpr const char* kBuiltPluginDir = "";
#endif
#ifdef QIAO_SOURCE_DIR
inline constexpr const char* kBuiltShareDir = QIAO_SOURCE_DIR;
#else
inline constexpr const char* kBuiltShareDir = "";
#endif

struct HubOptions {
  /// false: nothing runs until the test asks (`ask`, `run_until_idle`, `advance`), in a fixed order, on the test's
  /// thread, by a clock that the test turns. true: workers as in production and the machine's clock.
  bool threads = false;
  /// Opens the HTTP front on a free loopback port; see TestHub::url and TestHub::http. Works in both modes.
  bool http = false;
  bool demo = false;
  /// What Context::share_dir gives.
  std::filesystem::path share_dir = kBuiltShareDir;
  /// Where plugins are looked for by name, before the folders in the environment's QIAO_PLUGIN_PATH (colon separated).
  std::vector<std::filesystem::path> plugin_dirs = {kBuiltPluginDir};
  /// How long drain and stop may take.
  std::chrono::milliseconds drain{5000};
  /// Keeps the data of an earlier hub, to test a restart; empty: a new temporary folder, deleted at the end.
  std::filesystem::path data_dir{};
};

/// What came back over HTTP. Status 0: no connection.
struct HttpAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  [[nodiscard]] QIAO_API std::string_view header(std::string_view lower_case_name) const;
};

/// The real kernel in this process, with the plugins that a test is about: bus, store (SQLite in a temporary folder),
/// loader, metrics, health and, when asked for, the HTTP front. Everything goes with the object.
///
/// With QIAO_TEST_STORE=mysql in the environment the store is a database of its own on a private MariaDB server, which
/// all hubs of the process share; Debian's `mariadb-server` has to be installed.
///
/// Used from the test's thread only.
class QIAO_API TestHub {
 public:
  explicit TestHub(const HubOptions& options = {});
  ~TestHub();
  TestHub(const TestHub&) = delete;
  TestHub& operator=(const TestHub&) = delete;

  /// Loads, configures and starts a plugin as the instance `instance` (default: the plugin's name). `plugin` is a name
  /// or the path of a library; `config` is what would stand below `config:` in YAML. Throws std::runtime_error with the
  /// reason when it does not start.
  void start_plugin(const std::string& plugin, const std::string& config = {}, const std::string& instance = {});
  /// The same, with the reason as a value.
  Result<void> try_start_plugin(const std::string& plugin, const std::string& config = {},
                                const std::string& instance = {});
  /// Drains and stops an instance.
  void stop_plugin(const std::string& instance);
  /// New settings for a running instance: by `reconfigure` where the plugin can, else by a successor that takes over.
  Result<void> reconfigure(const std::string& instance, const std::string& config);
  /// A new generation of an instance's code takes over while the hub runs, as `qiao reload --plugin` does; from another
  /// library when one is given.
  Result<void> reload_plugin(const std::string& instance, const std::filesystem::path& library = {});
  /// Gives a plugin its settings, as `qiao check` does, and forgets it. Throws when it refuses them.
  void configure_only(const std::string& plugin, const std::string& config = {});
  /// Starts an instance and takes it back before anybody can see it, as a reload does that fails elsewhere.
  Result<void> rehearse(const std::string& plugin, const std::string& config = {});
  /// Hands `count` empty messages of each event type that a plugin subscribes to, to its instance.
  void feed(const std::string& instance, int count);
  /// Stops everything and starts it again on the same data, as a restart of the hub does.
  void restart();

  /// Asks and waits for the answer; turns the manual clock to the deadline when nobody answers.
  template <Request Q>
  Result<ReplyOf<Q>> ask(Q question, RequestOptions options = {}) {
    auto state = std::make_shared<std::pair<std::mutex, std::optional<Result<ReplyOf<Q>>>>>();
    bus().request(std::move(question), options, [state](Result<ReplyOf<Q>> reply) {
      const std::lock_guard lock(state->first);
      state->second.emplace(std::move(reply));
    });
    wait_until(
        [state] {
          const std::lock_guard lock(state->first);
          return state->second.has_value();
        },
        options.deadline);
    const std::lock_guard lock(state->first);
    return state->second ? *state->second : Error{Errc::timeout, "nobody answered"};
  }

  /// Publishes as the test, and in manual mode runs what follows from it.
  template <Event E>
  Result<void> publish(E event, PublishOptions options = {}) {
    auto done = bus().publish(std::move(event), options);
    settle();
    return done;
  }

  /// Records the events of a type from now on.
  template <Event E>
  Probe<E> probe() {
    Probe<E> probe;
    join([probe](Bus& bus) {
      Lane lane;
      lane.capacity = 1'000'000;
      bus.subscribe<E>(lane, [probe](const E& event, const Headers& headers) { probe.record(event, headers); });
    });
    return probe;
  }

  /// Stands in for a plugin that is not there: `answer(const Q&, const Headers&) -> Result<Reply>`, or with a
  /// Responder. Before the plugins that ask it in their `start`. Stand-ins and probes outlive `restart`.
  template <Request Q, class F>
  void serve(F answer) {
    join([answer = std::move(answer)](Bus& bus) { bus.serve<Q>(answer); });
  }

  /// Manual mode: runs everything that is due, database writes included, until nothing is left. Threaded: waits until
  /// the lanes and the store are idle.
  void run_until_idle();
  /// Manual mode: moves the clock, timers firing in between in their order, and runs what follows.
  void advance(Duration by);
  /// Runs until the condition holds; turns the manual clock by up to `patience`. True when it held.
  bool wait_until(const std::function<bool()>& condition, Duration patience = std::chrono::seconds(20));

  /// In manual mode the clock of the hub.
  ManualClock& clock();
  /// The bus as the instance "test".
  Bus& bus();
  /// The database as the instance "test"; it may read every table.
  Database& store();
  /// "http://127.0.0.1:PORT"; needs HubOptions::http.
  [[nodiscard]] std::string url() const;
  /// One request to the HTTP front, while the hub works on.
  HttpAnswer http(const std::string& method, const std::string& path, const std::string& body = {},
                  const std::vector<std::pair<std::string, std::string>>& headers = {});
  [[nodiscard]] const std::filesystem::path& data_dir() const;

  /// "running", "failed", …; empty when there is no such instance.
  [[nodiscard]] std::string state(const std::string& instance) const;
  /// The version of the code that an instance runs.
  [[nodiscard]] std::string version(const std::string& instance) const;
  /// All metrics in Prometheus's text format.
  [[nodiscard]] std::string metrics() const;
  /// How many messages lie in the dead letters.
  [[nodiscard]] std::size_t dead_letters() const;
  /// How many messages an instance accepted and never handled.
  [[nodiscard]] std::uint64_t dropped(const std::string& instance) const;
  /// Everything that was logged.
  [[nodiscard]] std::string log() const;

 private:
  void join(std::function<void(Bus&)> registrations);
  /// In manual mode: runs what follows from the last step.
  void settle();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qiao::testkit
