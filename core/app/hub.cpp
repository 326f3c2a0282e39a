#include "core/app/hub.hpp"

#include <future>

#include "core/app/hub_parts.hpp"
#include "core/app/paths.hpp"
#include "core/app/person.hpp"
#include "core/archive/transfer.hpp"
#include "core/bus/thread_role.hpp"
#include "core/config/diff.hpp"

namespace qiao::core {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t kStrikes = 3;
constexpr auto kStrikeWindow = 10min;

LogSettings log_settings(const LogConfig& config, const HubStart& start, const fs::path& data_dir) {
  LogSettings settings;
  settings.level = config.level;
  settings.format = start.log_format.value_or(config.format);
  if (!config.file.empty()) settings.file = data_dir / config.file;
  settings.max_bytes = config.max_size.count;
  settings.keep = config.keep;
  return settings;
}

GatewayOptions gateway_options(const LoadedConfig& loaded, const HubStart& start) {
  const HubSettings& hub = loaded.config.hub;
  GatewayOptions options;
  options.listen = {start.listen.value_or(hub.listen)};
  if (hub.tls) {
    std::swap(options.listen, options.listen_tls);
    options.listen.clear();
    options.certificate = (loaded.folder / hub.tls->certificate).string();
    options.private_key = (loaded.folder / hub.tls->key).string();
  }
  options.threads = hub.io_threads;
  options.trusted_proxies = hub.trusted_proxies;
  options.limits.connections_per_address = hub.limits.connections_per_address;
  options.limits.connections_per_second = hub.limits.connections_per_second;
  options.limits.requests_per_second = hub.limits.requests_per_second;
  options.limits.session_requests_per_second = hub.limits.session_requests_per_second;
  options.max_connections = hub.limits.connections;
  options.header_timeout = hub.limits.header_timeout;
  options.answer_timeout = hub.limits.request_timeout;
  options.keep_alive = hub.limits.idle_timeout;
  options.max_head = hub.limits.header.count;
  options.body_memory = hub.limits.body_memory.count;
  options.socket_queue = hub.limits.websocket_queue.count;
  return options;
}

Failure failure(int exit_code, const Error& error) {
  return {exit_code, fmt::format("error[{}]: {}\n", error.name(), error.message)};
}

std::string setup_text(const Setup& setup) {
  std::string text = problems_text(setup.check.problems);
  if (!text.empty() && text.back() != '\n') text += '\n';
  for (const Error& error : setup.refused) text += fmt::format("error[{}]: {}\n", error.name(), error.message);
  return text;
}

/// For the audit log: names of instances and keys, never values.
std::string one_line(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) text.replace(at, 1, "; ");
  return text;
}

bool must_not_wait() {
  const ThreadRole role = thread_role();
  return role == ThreadRole::worker || role == ThreadRole::io;
}

}  // namespace

Hub::Hub(HubStart start) : start_(std::move(start)), parts_(std::make_unique<Parts>()) {}

Hub::~Hub() { stop(); }

std::optional<Failure> Hub::start(std::function<void()> fatal) {
  LoadedConfig loaded = load_config(start_.config);
  if (!loaded.ok()) return Failure{exit_code::kConfig, problems_text(loaded.problems)};
  data_dir_ = fs::absolute(start_.data.value_or(loaded.config.hub.data));
  std::error_code failed;
  fs::create_directories(data_dir_, failed);
  if (failed) return Failure{exit_code::kUnavailable, fmt::format("{}: {}\n", data_dir_.string(), failed.message())};

  parts_->copies = std::make_unique<CopyStore>(data_dir_ / "generations");
  parts_->catalog = std::make_unique<PluginCatalog>(*parts_->copies, plugin_folders(loaded, start_.plugin_dirs));
  parts_->catalog->scan();
  setup_ = check_setup(std::move(loaded), *parts_->catalog);
  if (!setup_.may_start()) return Failure{exit_code::kConfig, setup_text(setup_)};

  if (auto stopped = open_parts(std::move(fatal))) return stopped;
  Parts& parts = *parts_;
  for (const ConfigProblem& problem : setup_.check.problems) parts.log->warn("{}", to_string(problem));
  for (const auto& refusal : parts.catalog->refusals()) parts.log->warn("refused a plugin: {}", refusal.error.message);

  const auto problems = parts.host->start(plan_of(setup_, *parts.catalog, start_.safe_mode));
  for (const HostProblem& problem : problems) {
    const auto found = setup_.loaded.config.plugins.find(problem.instance);
    if (found == setup_.loaded.config.plugins.end() || !found->second.required) continue;
    return Failure{exit_code::kUnavailable, fmt::format("error[{}]: plugins.{}: {}\n", problem.error.name(),
                                                        problem.instance, problem.error.message)};
  }
  add_kernel_routes();
  if (auto done = parts.hub_http->activate(); !done) return failure(exit_code::kInternal, done.error());
  if (auto done = parts.gateway->start(); !done) return failure(exit_code::kUnavailable, done.error());
  start_backups();
  started_ = true;
  return std::nullopt;
}

std::optional<Failure> Hub::open_parts(std::function<void()> fatal) {
  Parts& parts = *parts_;
  const HubConfig& config = setup_.loaded.config;
  auto logs = Logs::open(log_settings(config.hub.log, start_, data_dir_));
  if (!logs) return failure(exit_code::kUnavailable, logs.error());
  parts.logs = std::move(*logs);
  parts.log = &parts.logs->logger("hub");
  parts.metrics = std::make_unique<MetricsRegistry>();
  parts.health = std::make_unique<HealthBoard>(
      system_clock(), [log = parts.log](const HealthBoard::Entry& now, Health::State before) {
        if (now.state == Health::State::ok) {
          if (before != Health::State::ok) log->info("{} is well again", now.instance);
        } else {
          log->warn("{} is {}: {}", now.instance, to_string(now.state), now.reason);
        }
      });

  auto opened = Store::open(
      store_settings(setup_.loaded, data_dir_),
      {parts.logs->logger("store"), *parts.metrics, parts.health->for_instance("store"), system_clock(), must_not_wait,
       [log = parts.log, fatal = std::move(fatal)](const Error& error) {
         log->error("the database cannot be written any more, the hub ends: {}, id={}", error.message, error.name());
         fatal();
       }});
  if (!opened) return failure(exit_code::kUnavailable, opened.error());
  parts.store = std::move(*opened);
  parts.hub_store = parts.store->for_instance("hub");
  if (auto whole = parts.hub_store->read(check_complete); !whole) {
    return failure(exit_code::kUnavailable, whole.error());
  }
  if (auto failed = open_vault()) return failed;
  parts.dead_letters = std::make_unique<DeadLetterStore>(parts.store->for_instance("hub"), *parts.vault, *parts.log);
  if (auto done = parts.dead_letters->open(); !done) return failure(exit_code::kUnavailable, done.error());

  LocalBus::Options bus;
  bus.workers = config.hub.workers;
  bus.max_blocking = config.hub.blocking_threads;
  bus.dead_letters = parts.dead_letters.get();
  bus.wiring = wiring_of(config);
  bus.on_failure = [&logs_of = *parts.logs](const HandlerFailure& failed) {
    logs_of.logger(failed.instance)
        .error("a handler failed: {}, id={} message={} message_id={} trace={}", failed.error.message,
               failed.error.name(), failed.message, failed.id.value, failed.trace.value);
  };
  parts.bus = std::make_unique<LocalBus>(std::move(bus));
  parts.hub_bus = parts.bus->attach("hub");
  serve_person(*parts.hub_bus, *parts.dead_letters, *parts.bus);
  parts.hub_bus->activate();

  Lane waiting{Lane::blocking};
  waiting.capacity = 512;
  waiting.concurrency = config.hub.blocking_threads;
  waiting.name = "http";
  waiting.budget = config.hub.limits.request_timeout;
  parts.gateway =
      std::make_unique<Gateway>(gateway_options(setup_.loaded, start_),
                                GatewayServices{parts.logs->logger("gateway"), *parts.metrics,
                                                [bus = parts.hub_bus.get(), waiting](std::function<void()> work) {
                                                  return bus->post(waiting, std::move(work));
                                                },
                                                [] { set_thread_role(ThreadRole::io); }});
  parts.hub_http = parts.gateway->attach("hub");

  parts.local.add("127.0.0.0/8");
  parts.local.add("::1");
  for (const std::string& proxy : config.hub.trusted_proxies) parts.local.add(proxy);
  parts.reloads = &parts.metrics->counter("qiao_reloads_total", "Reloads that were taken up");
  parts.refused_reloads =
      &parts.metrics->counter("qiao_reloads_refused_total", "Reloads that changed nothing because something was wrong");
  add_collectors();

  PluginHost::Options options;
  options.drain = config.hub.drain;
  parts.host = std::make_unique<PluginHost>(
      Kernel{*parts.bus, *parts.gateway, *parts.store, *parts.vault, *parts.audit, *parts.metrics, *parts.health,
             *parts.logs, system_clock(), data_dir_, own_share_dir(), start_.demo},
      *parts.catalog, options);
  return std::nullopt;
}

ControlReply Hub::reload(const std::string& only) {
  Parts& parts = *parts_;
  const auto refuse = [&](std::string error, std::string text) {
    parts.refused_reloads->add();
    parts.log->error("reload refused, nothing changed: {}", text);
    return ControlReply{false, std::move(error), std::move(text)};
  };
  LoadedConfig loaded = load_config(start_.config);
  if (!loaded.ok()) return refuse("config", problems_text(loaded.problems));
  parts.catalog->scan();
  Setup setup = check_setup(std::move(loaded), *parts.catalog);
  if (!setup.check.problems.empty() || !setup.refused.empty()) return refuse("config", setup_text(setup));

  const ReloadResult result = parts.host->reload(plan_of(setup, *parts.catalog, start_.safe_mode),
                                                 only.empty() ? std::nullopt : std::optional(only));
  if (!result.problems.empty()) {
    std::string text;
    for (const HostProblem& problem : result.problems) {
      text += fmt::format("error[{}]: plugins.{}: {}\n", problem.error.name(), problem.instance, problem.error.message);
    }
    return refuse("plugin", text);
  }
  std::string text;
  const auto list = [&text](const char* what, const std::vector<std::string>& names) {
    if (!names.empty()) text += fmt::format("{}: {}\n", what, fmt::join(names, ", "));
  };
  list("started", result.added);
  list("settings changed", result.reconfigured);
  list("new generation", result.replaced);
  list("stopped", result.removed);
  for (const HostProblem& problem : result.left_out) {
    text += fmt::format("not started: {}: {}\n", problem.instance, problem.error.message);
  }
  if (only.empty()) {
    const ConfigDiff diff = diff_config(setup_.loaded, setup.loaded, {});
    if (diff.wiring) {
      parts.bus->rewire(wiring_of(setup.loaded.config));
      text += "routes and bindings changed\n";
    }
    parts.logs->set_level(setup.loaded.config.hub.log.level);
    parts.host->set_drain(setup.loaded.config.hub.drain);
    for (const auto& key : diff.hub) {
      text +=
          fmt::format("{} changed{}\n", key.path, key.restart ? ", which takes effect when the hub starts again" : "");
    }
    setup_ = std::move(setup);
  }
  if (text.empty()) text = "nothing changed\n";
  parts.reloads->add();
  parts.log->info("reloaded: {}", std::string_view(text).substr(0, text.size() - 1));
  if (only.empty()) {
    audit_own("config.reload", "config", one_line(text));
  } else {
    audit_own("plugin.reload", "plugin:" + only, one_line(text));
  }
  return {true, {}, text};
}

void Hub::tick() {
  Parts& parts = *parts_;
  parts.host->tick();
  keep_vault();
  const SteadyTime now = system_clock().steady();
  if (now >= parts.letters_due) {
    parts.letters_due = now + 1h;
    parts.dead_letters->drop_before(system_clock().now() - setup_.loaded.config.hub.keep_dead_letters);
  }
  std::map<std::string, Id> overdue;
  for (const OverdueHandler& handler : parts.bus->overdue()) {
    if (handler.running < setup_.loaded.config.hub.handler_watchdog || handler.instance == "hub") continue;
    overdue[handler.instance] = handler.id;
    if (const auto known = parts.overdue.find(handler.instance);
        known != parts.overdue.end() && known->second == handler.id) {
      continue;
    }
    parts.metrics
        ->counter("qiao_handlers_overdue_total", "Handlers that ran longer than their lane allows",
                  {{"instance", handler.instance}})
        .add();
    const std::string what = fmt::format("a handler of {} has been running for {} ms, {} ms are allowed",
                                         handler.message, handler.running.count(), handler.budget.count());
    parts.log->warn("{}: {}, message_id={}", handler.instance, what, handler.id.value);
    parts.health->for_instance(handler.instance).report(Health::State::degraded, what);
    parts.strikes[handler.instance].push_back(now);
  }
  for (const auto& [instance, id] : parts.overdue) {
    if (!overdue.contains(instance)) parts.health->for_instance(instance).report(Health::State::ok);
  }
  parts.overdue = std::move(overdue);

  for (auto& [instance, times] : parts.strikes) {
    std::erase_if(times, [&](SteadyTime at) { return now - at > kStrikeWindow; });
    if (times.size() < kStrikes) continue;
    times.clear();
    parts.log->error("{} was overdue {} times in ten minutes: a fresh generation takes over", instance, kStrikes);
    static_cast<void>(parts.host->reload(plan_of(setup_, *parts.catalog, start_.safe_mode), instance));
  }
}

bool Hub::alive() {
  auto answered = std::make_shared<std::promise<void>>();
  auto future = answered->get_future();
  if (!parts_->hub_bus->post({}, [answered] { answered->set_value(); })) return false;
  if (future.wait_for(1s) != std::future_status::ready) return false;
  auto written = std::make_shared<std::promise<void>>();
  future = written->get_future();
  parts_->hub_store->write(
      0, [](Session&) -> Result<void> { return {}; }, [written](const Result<void>&) { written->set_value(); });
  return future.wait_for(5s) == std::future_status::ready;
}

bool Hub::must_leave_at_once() const { return parts_->host && parts_->host->parked_instances() > 0; }

std::vector<std::string> Hub::addresses() const {
  std::vector<std::string> list;
  const char* scheme = setup_.loaded.config.hub.tls ? "https" : "http";
  for (const std::string& address : parts_->gateway->addresses())
    list.push_back(fmt::format("{}://{}", scheme, address));
  return list;
}

void Hub::start_backups() {
  const std::optional<BackupConfig>& config = setup_.loaded.config.store.backup;
  if (!config) return;
  Parts& parts = *parts_;
  BackupRunner::Settings settings;
  settings.times = {config->every.value_or(std::chrono::milliseconds(0)), parse_time_of_day(config->at)};
  settings.keep = {config->keep.last, config->keep.daily, config->keep.weekly, config->keep.monthly};
  settings.folder = data_dir_ / config->folder;
  settings.instances = data_dir_ / "instances";
  settings.hub_version = QIAO_VERSION;
  parts.backups = std::make_unique<BackupRunner>(
      std::move(settings), BackupRunner::Host{*parts.store, parts.logs->logger("backup"), *parts.metrics,
                                              parts.health->for_instance("backup"), system_clock()});
  parts.backups->start();
}

void Hub::stop() {
  Parts& parts = *parts_;
  started_ = false;
  if (!parts.gateway) return;
  parts.backups.reset();
  parts.gateway->stop(std::min<std::chrono::milliseconds>(setup_.loaded.config.hub.drain, 3s));
  if (parts.host) parts.host->stop();
  parts.bus->stop_accepting();
  parts.hub_http.reset();
  parts.hub_bus->revoke(system_clock().steady() + 1s);
  if (auto noted = parts.audit->note_head(); !noted) parts.log->warn("{}", noted.error().message);
  parts.store->stop();
  parts.logs->flush();
}

}  // namespace qiao::core
