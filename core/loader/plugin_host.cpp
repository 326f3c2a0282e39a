#include "core/loader/plugin_host.hpp"

#include "core/loader/config_change.hpp"
#include "core/loader/guarded_call.hpp"
#include "core/loader/start_order.hpp"

namespace qiao::core {

struct PluginHost::Change {
  enum class Kind : std::uint8_t { add, replace, reconfigure };
  Kind kind;
  InstancePlan plan;
  std::shared_ptr<Instance> old{};
  std::shared_ptr<Instance> fresh{};
  std::optional<Error> left_out{};  ///< why it is not there, and need not be
  [[nodiscard]] bool may_fail() const { return kind == Kind::add && !plan.required; }
};

PluginHost::PluginHost(Kernel kernel, PluginCatalog& catalog, Options options)
    : kernel_(std::move(kernel)),
      catalog_(catalog),
      options_(options),
      log_(kernel_.logs.logger("hub")),
      loaded_gauge_(kernel_.metrics.gauge("qiao_plugin_generations", "Loaded copies of plugin code")),
      parked_gauge_(
          kernel_.metrics.gauge("qiao_plugin_generations_parked", "Loaded copies of plugin code that nobody uses")),
      hanging_gauge_(kernel_.metrics.gauge("qiao_plugin_instances_parked", "Instances that did not let go in time")),
      swaps_(
          kernel_.metrics.counter("qiao_plugin_swaps_total", "Times a new generation took over from a running one")) {}

PluginHost::~PluginHost() { stop(); }

Error PluginHost::fail(const std::string& instance, const Error& error) {
  return Error{error.code, std::string(error.name()), fmt::format("{}: {}", instance, error.message)};
}

Result<std::shared_ptr<Instance>> PluginHost::configure(const InstancePlan& plan) {
  auto generation = catalog_.open(plan.use);
  if (!generation) return generation.error();
  return Instance::configure(kernel_, plan.name, (*generation)->lease(), plan.config);
}

std::vector<std::size_t> PluginHost::order(const std::vector<InstancePlan>& plan) {
  static const Manifest kUnknown;
  std::vector<OrderedInstance> instances;
  for (const InstancePlan& p : plan) {
    auto generation = catalog_.open(p.use);
    instances.push_back({p.name, generation ? &(*generation)->manifest() : &kUnknown});
  }
  return start_order(instances);
}

std::vector<HostProblem> PluginHost::start(const std::vector<InstancePlan>& plan) {
  std::vector<HostProblem> problems;
  bool fatal = false;
  for (std::size_t i : order(plan)) {
    const InstancePlan& p = plan[i];
    auto instance = configure(p);
    Result<void> done = instance ? Result<void>() : Result<void>(instance.error());
    if (done) done = (*instance)->start(options_.start);
    if (done) done = (*instance)->activate();
    if (!done && instance) give_up(*instance);
    Entry entry{p, nullptr, {}};
    if (done) {
      entry.instance = *instance;
      log_.info("started {}, plugin={} version={} generation={}", p.name, p.use,
                (*instance)->generation().descriptor().version, (*instance)->generation().short_hash());
    } else {
      entry.failure = done.error().message;
      problems.push_back({p.name, done.error()});
      kernel_.health.for_instance(p.name).report(Health::State::failed, done.error().message);
      log_.error("{} did not start: {}, id={} plugin={}", p.name, done.error().message, done.error().name(), p.use);
      fatal = p.required;
    }
    {
      const std::lock_guard lock(mutex_);
      entries_.insert_or_assign(p.name, std::move(entry));
    }
    start_order_.push_back(p.name);
    if (fatal) break;
  }
  if (fatal) stop();
  note_parked();
  return problems;
}

void PluginHost::stop() {
  const auto end = std::chrono::steady_clock::now() + options_.drain;
  for (auto name = start_order_.rbegin(); name != start_order_.rend(); ++name) {
    auto found = entries_.find(*name);
    if (found == entries_.end() || !found->second.instance) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    found->second.instance->retire(std::max(left, std::chrono::milliseconds(100)));
    log_.info("stopped {}", *name);
  }
  start_order_.clear();
  for (Retiring& old : retiring_) old.thread.join();
  retiring_.clear();
  const std::lock_guard lock(mutex_);
  for (auto& [name, entry] : entries_) {
    if (entry.instance && entry.instance->state() == InstanceState::parked) hanging_.push_back(entry.instance);
  }
  entries_.clear();
  retiring_count_ = 0;
}

std::vector<PluginHost::Change> PluginHost::changes(const std::vector<InstancePlan>& plan,
                                                    const std::optional<std::string>& only,
                                                    std::vector<HostProblem>& problems) {
  std::vector<Change> list;
  for (std::size_t i : order(plan)) {
    const InstancePlan& p = plan[i];
    if (only && *only != p.name) continue;
    auto generation = catalog_.open(p.use);
    if (!generation) {
      problems.push_back({p.name, generation.error()});
      continue;
    }
    auto found = entries_.find(p.name);
    if (found == entries_.end() || !found->second.instance) {
      list.push_back({Change::Kind::add, p});
      continue;
    }
    const Entry& entry = found->second;
    const bool same_code = &entry.instance->generation() == *generation;
    const bool same_settings = same_config(entry.plan.config.node(), p.config.node());
    if (same_code && same_settings && !only) continue;
    const SchemaInfo* schema = (*generation)->manifest().config_schema();
    const bool in_place = same_code && !same_settings && schema != nullptr &&
                          only_reloadable_changed(*schema, entry.plan.config.node(), p.config.node());
    list.push_back({in_place ? Change::Kind::reconfigure : Change::Kind::replace, p, entry.instance});
  }
  return list;
}

bool PluginHost::prepare(std::vector<Change>& changes, std::vector<HostProblem>& problems) {
  const auto failed = [&problems](Change& change, const Error& error) {
    if (change.may_fail()) {
      change.left_out = error;
    } else {
      problems.push_back({change.plan.name, error});
    }
  };
  // First everything that opens nothing, so that most mistakes cost nothing.
  for (Change& change : changes) {
    auto fresh = configure(change.plan);
    if (fresh) {
      change.fresh = std::move(*fresh);
    } else {
      failed(change, fresh.error());
    }
  }
  if (!problems.empty()) return false;
  for (Change& change : changes) {
    if (change.left_out) continue;
    if (change.kind == Change::Kind::reconfigure) {
      change.fresh.reset();  // it only had to show that the settings are right
      continue;
    }
    auto done = change.fresh->start(options_.start);
    if (done && change.kind == Change::Kind::add) {
      done = change.fresh->activate();
      if (!done) give_up(change.fresh);
    }
    if (!done) failed(change, done.error());
    if (!problems.empty()) return false;
  }
  return true;
}

bool PluginHost::reconfigure(std::vector<Change>& changes, std::vector<HostProblem>& problems) {
  std::vector<const Change*> changed;
  for (Change& change : changes) {
    if (change.kind != Change::Kind::reconfigure) continue;
    auto done = change.old->reconfigure(change.plan.config);
    if (!done && done.error().name() == "plugin.restart_needed") {
      change.kind = Change::Kind::replace;
      auto fresh = configure(change.plan);
      done = fresh ? (*fresh)->start(options_.start) : Result<void>(fresh.error());
      if (fresh) change.fresh = std::move(*fresh);
    } else if (done) {
      changed.push_back(&change);
    }
    if (!done) {
      problems.push_back({change.plan.name, done.error()});
      for (const Change* undo : changed) {
        if (auto undone = undo->old->reconfigure(entries_.at(undo->plan.name).plan.config); !undone) {
          log_.error("{} did not take its old settings back: {}", undo->plan.name, undone.error().message);
        }
      }
      return false;
    }
  }
  return true;
}

bool PluginHost::switch_over(std::vector<Change>& changes, std::vector<HostProblem>& problems, ReloadResult& result) {
  std::vector<Change*> routed;
  for (Change& change : changes) {
    if (change.kind != Change::Kind::replace) continue;
    if (auto done = change.fresh->take_over_routes(*change.old); !done) {
      problems.push_back({change.plan.name, done.error()});
      for (Change* back : routed) static_cast<void>(back->old->take_over_routes(*back->fresh));
      return false;
    }
    routed.push_back(&change);
  }
  for (Change& change : changes) {
    const std::string& name = change.plan.name;
    switch (change.kind) {
      case Change::Kind::add: {
        if (change.left_out) {
          result.left_out.push_back({name, *change.left_out});
          kernel_.health.for_instance(name).report(Health::State::failed, change.left_out->message);
          const std::lock_guard lock(mutex_);
          entries_.insert_or_assign(name, Entry{change.plan, nullptr, change.left_out->message});
          break;
        }
        result.added.push_back(name);
        kernel_.health.for_instance(name).report(Health::State::ok);
        start_order_.push_back(name);
        const std::lock_guard lock(mutex_);
        entries_.insert_or_assign(name, Entry{change.plan, change.fresh, {}});
        break;
      }
      case Change::Kind::reconfigure: {
        result.reconfigured.push_back(name);
        const std::lock_guard lock(mutex_);
        entries_.at(name).plan = change.plan;
        break;
      }
      case Change::Kind::replace: {
        change.fresh->take_over_bus(*change.old, options_.drain);
        swaps_.add();
        result.replaced.push_back(name);
        {
          const std::lock_guard lock(mutex_);
          entries_.insert_or_assign(name, Entry{change.plan, change.fresh, {}});
        }
        log_.info("a new generation of {} took over, version={} generation={} before={}", name,
                  change.fresh->generation().descriptor().version, change.fresh->generation().short_hash(),
                  change.old->generation().short_hash());
        retire_aside(change.old);
        break;
      }
    }
  }
  return true;
}

void PluginHost::give_up(const std::shared_ptr<Instance>& instance) {
  const InstanceState state = instance->state();
  if (state == InstanceState::starting || state == InstanceState::running) instance->retire(options_.drain);
  if (instance->state() == InstanceState::parked) {
    const std::lock_guard lock(mutex_);
    hanging_.push_back(instance);
  }
}

void PluginHost::abandon(const std::vector<Change>& changes) {
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    if (change->fresh) give_up(change->fresh);
  }
}

ReloadResult PluginHost::reload(const std::vector<InstancePlan>& plan, const std::optional<std::string>& only) {
  ReloadResult result;
  if (only && std::none_of(plan.begin(), plan.end(), [&](const InstancePlan& p) { return p.name == *only; })) {
    result.problems.push_back({*only, Error{Errc::not_found, "plugin.unknown_instance",
                                            fmt::format("no enabled instance is called \"{}\"", *only)}});
    return result;
  }
  std::vector<Change> list = changes(plan, only, result.problems);
  if (!result.problems.empty() || !prepare(list, result.problems) || !reconfigure(list, result.problems) ||
      !switch_over(list, result.problems, result)) {
    abandon(list);
    for (const HostProblem& problem : result.problems) {
      log_.error("reload refused, nothing changed: {}: {}, id={}", problem.instance, problem.error.message,
                 problem.error.name());
    }
    note_parked();
    return result;
  }
  if (!only) {
    std::vector<std::string> gone;
    for (const auto& [name, entry] : entries_) {
      if (std::none_of(plan.begin(), plan.end(), [&n = name](const InstancePlan& p) { return p.name == n; }))
        gone.push_back(name);
    }
    for (const std::string& name : gone) {
      if (auto instance = entries_.at(name).instance) {
        instance->withdraw();  // whoever is told "stopped" finds the routes gone
        retire_aside(std::move(instance));
      }
      {
        const std::lock_guard lock(mutex_);
        entries_.erase(name);
      }
      std::erase(start_order_, name);
      kernel_.health.forget(name);
      result.removed.push_back(name);
    }
  }
  list.clear();
  tick();
  return result;
}

bool PluginHost::idle(std::chrono::milliseconds patience) {
  return std::all_of(entries_.begin(), entries_.end(),
                     [patience](auto& e) { return !e.second.instance || e.second.instance->idle(patience); });
}

void PluginHost::retire_aside(std::shared_ptr<Instance> instance) {
  if (options_.wait_for_retired) {
    instance->retire(options_.drain);
    if (instance->state() == InstanceState::parked) {
      const std::lock_guard lock(mutex_);
      hanging_.push_back(std::move(instance));
    }
    return;
  }
  auto gone = std::make_shared<std::atomic<bool>>(false);
  std::thread thread([instance, gone, patience = options_.drain] {
    name_thread("retire");
    instance->retire(patience);
    gone->store(true, std::memory_order_release);
  });
  retiring_.push_back({std::move(instance), std::move(thread), std::move(gone)});
  const std::lock_guard lock(mutex_);
  retiring_count_ = retiring_.size();
}

void PluginHost::tick() {
  for (auto old = retiring_.begin(); old != retiring_.end();) {
    if (!old->gone->load(std::memory_order_acquire)) {
      ++old;
      continue;
    }
    old->thread.join();
    const std::lock_guard lock(mutex_);
    if (old->instance->state() == InstanceState::parked) hanging_.push_back(old->instance);
    old = retiring_.erase(old);
    retiring_count_ = retiring_.size();
  }
  note_parked();
}

void PluginHost::note_parked() {
  const std::size_t parked = Generation::parked();
  loaded_gauge_.set(static_cast<std::int64_t>(Generation::loaded()));
  parked_gauge_.set(static_cast<std::int64_t>(parked));
  hanging_gauge_.set(static_cast<std::int64_t>(parked_instances()));
  if (parked > options_.max_parked && !std::exchange(warned_parked_, true)) {
    log_.warn("{} replaced plugin libraries are still in memory; restart the hub at a quiet hour to give it back",
              parked);
  }
}

std::vector<InstanceReport> PluginHost::report() const {
  const std::lock_guard lock(mutex_);
  std::vector<InstanceReport> list;
  const auto add = [&list](const std::string& name, const std::string& plugin, bool required, const Instance* instance,
                           const std::string& failure) {
    InstanceReport report{name, plugin, {}, {}, InstanceState::failed, failure, required};
    if (instance) {
      report.version = instance->generation().descriptor().version;
      report.generation = instance->generation().short_hash();
      report.state = instance->state();
      report.reason = instance->reason();
    }
    list.push_back(std::move(report));
  };
  for (const auto& [name, entry] : entries_) {
    add(name, entry.plan.use, entry.plan.required, entry.instance.get(), entry.failure);
  }
  for (const auto& instance : hanging_) {
    add(instance->name(), instance->generation().descriptor().name, false, instance.get(), {});
  }
  return list;
}

bool PluginHost::ready() const {
  const std::lock_guard lock(mutex_);
  return !entries_.empty() && std::all_of(entries_.begin(), entries_.end(), [](const auto& e) {
    const Entry& entry = e.second;
    return !entry.plan.required || (entry.instance && entry.instance->state() == InstanceState::running);
  });
}

std::size_t PluginHost::parked_instances() const {
  const std::lock_guard lock(mutex_);
  return hanging_.size();
}

bool PluginHost::settled() const {
  const std::lock_guard lock(mutex_);
  return retiring_count_ == 0;
}

}  // namespace qiao::core
