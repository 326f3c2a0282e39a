#include "qiao/testkit/test_hub.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "core/bus/thread_role.hpp"
#include "core/config/yaml_reader.hpp"
#include "core/loader/plugin_host.hpp"
#include "core/vault/audit_log.hpp"
#include "http_client.hpp"
#include "mysql_server.hpp"
#include "qiao/codec.hpp"

namespace qiao::testkit {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPatience{20'000};
/// For what happens outside of the bus (sockets, a plugin's own threads) before the manual clock is turned.
constexpr std::chrono::milliseconds kRealTime{50};

/// A folder below the system's temporary one, deleted with the object.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (fs::temp_directory_path() / "qiao-testhub-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("TestHub: no temporary folder");
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The database of a data folder on the server that this process's tests share.
core::mysql::Settings database_of(const fs::path& data_dir) {
  core::mysql::Settings server;
  server.socket = MysqlServer::shared().socket();
  server.user = "root";
  server.database = fmt::format("hub_{:016x}", std::hash<std::string>{}(data_dir.string()));
  return server;
}

/// Copies of the libraries under test, shared by all hubs of this process.
core::CopyStore& copies() {
  static const TempFolder folder;
  static core::CopyStore store(folder.path());
  return store;
}

/// The kernel between two restarts, in the order in which its parts need each other.
struct Kernel {
  Kernel(const HubOptions& options, const fs::path& data_dir, const Clock& clock,
         const std::function<void(std::string_view)>& sink)
      : logs({.level = LogLevel::debug, .format = core::LogFormat::text, .file = {}}, sink),
        health(clock),
        store(open_store(data_dir, clock)),
        vault(open_vault(clock)),
        audit(open_audit(clock)),
        bus(bus_options(options, clock)),
        gateway_bus(bus.attach("gateway")),
        gateway(gateway_options(), gateway_services()),
        catalog(copies(), {}),
        services{bus,      gateway,           *store,      *vault, *audit, metrics, health, logs, clock,
                 data_dir, options.share_dir, options.demo},
        host(services, catalog, {.drain = options.drain, .wait_for_retired = true}),
        test_bus(bus.attach("test")),
        test_store(store->for_instance("test")) {
    gateway_bus->activate();
    test_bus->activate();
    if (options.http) {
      if (auto done = gateway.start(); !done) throw std::runtime_error("TestHub: " + done.error().message);
    }
  }
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  ~Kernel() {
    gateway.stop(1s);
    host.stop();
    const SteadyTime soon = system_clock().steady() + 5s;
    for (auto& joined : stand_ins) joined->revoke(soon);
    test_bus->revoke(soon);
    gateway_bus->revoke(soon);
  }

  std::unique_ptr<core::Store> open_store(const fs::path& folder, const Clock& clock) {
    core::StoreSettings settings;
    settings.folder = folder;
    if (tests_run_on_mysql()) {
      settings.mysql = database_of(folder);
      MysqlServer::shared().run("CREATE DATABASE IF NOT EXISTS " + settings.mysql->database);
    }
    core::StoreHost store_host{logs.logger("store"),
                               metrics,
                               health.for_instance("store"),
                               clock,
                               [] {
                                 const auto role = core::thread_role();
                                 return role == core::ThreadRole::worker || role == core::ThreadRole::io;
                               },
                               {}};
    auto opened = core::Store::open(settings, std::move(store_host));
    if (!opened) throw std::runtime_error("TestHub: " + opened.error().message);
    return std::move(*opened);
  }

  std::unique_ptr<core::FieldVault> open_vault(const Clock& clock) {
    // The same in every test hub, so that one opens what the one before it has stored.
    core::FieldVault::Settings settings;
    settings.masters.current = *core::MasterKey::parse(std::string(64, '5'));
    auto opened =
        core::FieldVault::open(store->for_instance("vault"), std::move(settings), logs.logger("vault"), clock);
    if (!opened) throw std::runtime_error("TestHub: " + opened.error().message);
    return std::move(*opened);
  }

  std::unique_ptr<core::AuditLog> open_audit(const Clock& clock) {
    auto opened = core::AuditLog::open(store->for_instance("audit"), *vault, {}, logs.logger("audit"), clock);
    if (!opened) throw std::runtime_error("TestHub: " + opened.error().message);
    return std::move(*opened);
  }

  core::LocalBus::Options bus_options(const HubOptions& options, const Clock& clock) {
    core::LocalBus::Options made;
    made.manual = !options.threads;
    made.clock = &clock;
    made.dead_letters = &dead_letters;
    made.on_failure = [this](const core::HandlerFailure& failure) {
      logs.logger(failure.instance)
          .error("a handler of {} failed: {}, id={}", failure.message, failure.error.message, failure.error.name());
    };
    return made;
  }

  static core::GatewayOptions gateway_options() {
    core::GatewayOptions made;
    made.listen = {"127.0.0.1:0"};
    made.tick = 20ms;
    return made;
  }

  core::GatewayServices gateway_services() {
    return {logs.logger("gateway"), metrics,
            [this](std::function<void()> work) {
              Lane lane{Lane::blocking};
              lane.concurrency = 16;
              return gateway_bus->post(lane, std::move(work));
            },
            [] { core::set_thread_role(core::ThreadRole::io); }};
  }

  core::Logs logs;
  core::MetricsRegistry metrics;
  core::HealthBoard health;
  core::DeadLetterRing dead_letters;
  std::unique_ptr<core::Store> store;
  std::unique_ptr<core::FieldVault> vault;
  std::unique_ptr<core::AuditLog> audit;
  core::LocalBus bus;
  std::unique_ptr<core::InstanceBus> gateway_bus;
  core::Gateway gateway;
  core::PluginCatalog catalog;
  core::Kernel services;
  core::PluginHost host;
  std::unique_ptr<core::InstanceBus> test_bus;
  std::unique_ptr<core::InstanceStore> test_store;
  std::vector<std::unique_ptr<core::InstanceBus>> stand_ins;
};

}  // namespace

struct TestHub::Impl {
  explicit Impl(HubOptions given) : options(std::move(given)) {
    if (options.data_dir.empty()) {
      temporary = std::make_unique<TempFolder>();
      data_dir = temporary->path();
    } else {
      data_dir = options.data_dir;
    }
    start();
  }
  ~Impl() {
    kernel.reset();
    if (tests_run_on_mysql() && temporary) MysqlServer::shared().run("DROP DATABASE " + database_of(data_dir).database);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] const Clock& hub_clock() const { return options.threads ? system_clock() : clock; }

  void start() {
    kernel = std::make_unique<Kernel>(options, data_dir, hub_clock(), [this](std::string_view line) {
      const std::lock_guard lock(log_mutex);
      log += line;
      if (show_log) std::fwrite(line.data(), 1, line.size(), stderr);
    });
  }

  fs::path find(const std::string& plugin) const {
    if (plugin.find('/') != std::string::npos) return plugin;
    std::vector<fs::path> folders = options.plugin_dirs;
    if (const char* path = std::getenv("QIAO_PLUGIN_PATH")) {
      std::string_view rest = path;
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        folders.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
    for (const fs::path& folder : folders) {
      if (folder.empty()) continue;
      if (fs::path library = folder / (plugin + ".so"); fs::exists(library)) return library;
    }
    return plugin + ".so";
  }

  Result<std::shared_ptr<core::Instance>> configure(const std::string& plugin, const std::string& config) {
    auto name = kernel->catalog.take(find(plugin));
    if (!name) return name.error();
    auto generation = kernel->catalog.open(*name);
    if (!generation) return generation.error();
    auto section = core::section_from_yaml(config, "plugins." + *name + ".config");
    if (!section) return section.error();
    return core::Instance::configure(kernel->services, "rehearsal", (*generation)->lease(), *section);
  }

  void join(const std::function<void(Bus&)>& registrations) {
    auto joined = kernel->bus.attach(fmt::format("stand-in-{}", kernel->stand_ins.size() + 1));
    registrations(*joined);
    joined->activate();
    kernel->stand_ins.push_back(std::move(joined));
  }

  Result<void> apply(const std::vector<core::InstancePlan>& wanted,
                     const std::optional<std::string>& only = std::nullopt) {
    core::ReloadResult result = kernel->host.reload(wanted, only);
    if (!result.problems.empty()) return result.problems.front().error;
    plan = wanted;
    return {};
  }

  core::InstancePlan* planned(const std::string& instance) {
    for (core::InstancePlan& p : plan) {
      if (p.name == instance) return &p;
    }
    throw std::runtime_error("TestHub: no instance is called \"" + instance + "\"");
  }

  bool idle_now() {
    return kernel->test_store->wait_written(kPatience) && kernel->host.idle(kPatience) && kernel->test_bus->idle() &&
           std::all_of(kernel->stand_ins.begin(), kernel->stand_ins.end(), [](const auto& s) { return s->idle(); });
  }

  void run_until_idle() {
    if (!options.threads) {
      do {
        kernel->bus.run_until_idle();
        kernel->test_store->wait_written(kPatience);
        kernel->host.idle(kPatience);
      } while (kernel->bus.run_until_idle() > 0);
      return;
    }
    const auto end = std::chrono::steady_clock::now() + kPatience;
    for (int quiet = 0; quiet < 3 && std::chrono::steady_clock::now() < end;) {
      quiet = idle_now() ? quiet + 1 : 0;
      std::this_thread::sleep_for(200us);
    }
  }

  HubOptions options;
  ManualClock clock;
  std::unique_ptr<TempFolder> temporary;
  fs::path data_dir;
  std::vector<core::InstancePlan> plan;
  std::vector<std::function<void(Bus&)>> joins;
  mutable std::mutex log_mutex;
  std::string log;
  const bool show_log = std::getenv("QIAO_TEST_LOG") != nullptr;
  std::unique_ptr<Kernel> kernel;
};

TestHub::TestHub(const HubOptions& options) : impl_(std::make_unique<Impl>(options)) {}
TestHub::~TestHub() = default;

Result<void> TestHub::try_start_plugin(const std::string& plugin, const std::string& config,
                                       const std::string& instance) {
  auto name = impl_->kernel->catalog.take(impl_->find(plugin));
  if (!name) return name.error();
  core::InstancePlan planned{instance.empty() ? *name : instance, *name, {}, true};
  auto section = core::section_from_yaml(config, "plugins." + planned.name + ".config");
  if (!section) return section.error();
  planned.config = *section;
  std::vector<core::InstancePlan> wanted = impl_->plan;
  wanted.push_back(std::move(planned));
  auto done = impl_->apply(wanted);
  settle();
  return done;
}

void TestHub::start_plugin(const std::string& plugin, const std::string& config, const std::string& instance) {
  if (auto done = try_start_plugin(plugin, config, instance); !done) {
    throw std::runtime_error(
        fmt::format("{} did not start: {} ({})", plugin, done.error().message, done.error().name()));
  }
}

void TestHub::stop_plugin(const std::string& instance) {
  impl_->planned(instance);
  std::vector<core::InstancePlan> wanted = impl_->plan;
  std::erase_if(wanted, [&](const core::InstancePlan& p) { return p.name == instance; });
  if (auto done = impl_->apply(wanted); !done) throw std::runtime_error(done.error().message);
}

Result<void> TestHub::reconfigure(const std::string& instance, const std::string& config) {
  impl_->planned(instance);
  std::vector<core::InstancePlan> wanted = impl_->plan;
  auto section = core::section_from_yaml(config, "plugins." + instance + ".config");
  if (!section) return section.error();
  for (core::InstancePlan& p : wanted) {
    if (p.name == instance) p.config = *section;
  }
  auto done = impl_->apply(wanted);
  settle();
  return done;
}

Result<void> TestHub::reload_plugin(const std::string& instance, const fs::path& library) {
  const core::InstancePlan* planned = impl_->planned(instance);
  const core::PluginCatalog::Entry* entry = impl_->kernel->catalog.find(planned->use);
  auto name = impl_->kernel->catalog.take(library.empty() && entry ? entry->library : library);
  if (!name) return name.error();
  auto done = impl_->apply(std::vector<core::InstancePlan>(impl_->plan), instance);
  settle();
  return done;
}

void TestHub::configure_only(const std::string& plugin, const std::string& config) {
  if (auto done = impl_->configure(plugin, config); !done) throw std::runtime_error(done.error().message);
}

Result<void> TestHub::rehearse(const std::string& plugin, const std::string& config) {
  auto instance = impl_->configure(plugin, config);
  if (!instance) return instance.error();
  if (auto done = (*instance)->start(kPatience); !done) return done;
  (*instance)->retire(impl_->options.drain);
  if ((*instance)->state() == core::InstanceState::parked) {
    return Error{Errc::timeout, "plugin.parked", (*instance)->reason()};
  }
  return {};
}

void TestHub::feed(const std::string& instance, int count) {
  auto generation = impl_->kernel->catalog.open(impl_->planned(instance)->use);
  if (!generation) throw std::runtime_error(generation.error().message);
  for (const Manifest::Port& port : (*generation)->manifest().ports()) {
    if (port.type != Manifest::Port::Type::subscribes) continue;
    const MessageRef empty = MessageRef::adopt(static_cast<Message*>(port.message->create()));
    std::string bytes;
    encode(port.message->fields(), empty->body(), bytes);
    for (int i = 0; i < count; ++i) {
      Headers headers;
      headers.id = new_id();
      static_cast<void>(impl_->kernel->bus.replay(port.message->name, port.message->version, bytes, headers, instance));
    }
  }
}

void TestHub::restart() {
  std::vector<fs::path> libraries;
  for (const auto& [name, entry] : impl_->kernel->catalog.entries()) libraries.push_back(entry.library);
  run_until_idle();
  impl_->kernel.reset();
  impl_->start();
  for (const auto& registrations : impl_->joins) impl_->join(registrations);
  for (const fs::path& library : libraries) {
    if (auto taken = impl_->kernel->catalog.take(library); !taken) throw std::runtime_error(taken.error().message);
  }
  if (auto problems = impl_->kernel->host.start(impl_->plan); !problems.empty()) {
    throw std::runtime_error("TestHub: after the restart: " + problems.front().error.message);
  }
  run_until_idle();
}

void TestHub::join(std::function<void(Bus&)> registrations) {
  impl_->join(registrations);
  impl_->joins.push_back(std::move(registrations));
}

void TestHub::run_until_idle() { impl_->run_until_idle(); }

void TestHub::settle() {
  if (!impl_->options.threads) impl_->run_until_idle();
}

void TestHub::advance(Duration by) {
  if (impl_->options.threads) throw std::logic_error("TestHub: a threaded hub runs by the machine's clock");
  const Duration step = std::max<Duration>(100ms, by / 200);
  for (Duration left = by; left > Duration::zero();) {
    const Duration next = std::min(step, left);
    impl_->clock.advance(next);
    left -= next;
    run_until_idle();
  }
}

bool TestHub::wait_until(const std::function<bool()>& condition, Duration patience) {
  using Real = std::chrono::steady_clock;
  const auto poll_until = [&](Real::time_point end) {
    for (;;) {
      if (!impl_->options.threads) run_until_idle();
      if (condition()) return true;
      if (Real::now() >= end) return false;
      std::this_thread::sleep_for(100us);
    }
  };
  if (impl_->options.threads) return poll_until(Real::now() + std::max<Duration>(patience, kPatience));
  if (poll_until(Real::now() + kRealTime)) return true;
  const Duration step = std::max<Duration>(10ms, patience / 100);
  for (Duration moved{}; moved < patience; moved += step) {
    impl_->clock.advance(step);
    run_until_idle();
    if (condition()) return true;
  }
  impl_->clock.advance(1ms);
  return poll_until(Real::now());
}

ManualClock& TestHub::clock() { return impl_->clock; }
Bus& TestHub::bus() { return *impl_->kernel->test_bus; }
Database& TestHub::store() { return *impl_->kernel->test_store; }
const fs::path& TestHub::data_dir() const { return impl_->data_dir; }

std::string TestHub::url() const { return fmt::format("http://127.0.0.1:{}", impl_->kernel->gateway.port()); }

HttpAnswer TestHub::http(const std::string& method, const std::string& path, const std::string& body,
                         const std::vector<std::pair<std::string, std::string>>& headers) {
  if (!impl_->options.http) throw std::logic_error("TestHub: HubOptions::http is off");
  HttpAnswer answer;
  std::atomic<bool> done{false};
  std::thread client([&, port = impl_->kernel->gateway.port()] {
    answer = http_request(port, method, path, body, headers);
    done = true;
  });
  while (!done) {
    if (!impl_->options.threads) run_until_idle();
    std::this_thread::sleep_for(100us);
  }
  client.join();
  return answer;
}

std::string TestHub::state(const std::string& instance) const {
  for (const core::InstanceReport& report : impl_->kernel->host.report()) {
    if (report.name == instance) return std::string(core::to_string(report.state));
  }
  return {};
}

std::string TestHub::version(const std::string& instance) const {
  for (const core::InstanceReport& report : impl_->kernel->host.report()) {
    if (report.name == instance) return report.version;
  }
  return {};
}

std::string TestHub::metrics() const { return impl_->kernel->metrics.render(); }
std::size_t TestHub::dead_letters() const { return impl_->kernel->dead_letters.list().size(); }

std::uint64_t TestHub::dropped(const std::string& instance) const {
  std::uint64_t sum = 0;
  for (const core::LaneSnapshot& lane : impl_->kernel->bus.snapshot().lanes) {
    if (lane.instance == instance) sum += lane.dropped;
  }
  return sum;
}

std::string TestHub::log() const {
  const std::lock_guard lock(impl_->log_mutex);
  return impl_->log;
}

}  // namespace qiao::testkit
