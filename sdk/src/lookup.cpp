#include "qiao/lookup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>

#include "lookup_breaker.hpp"

namespace qiao {

void describe(Schema<LookupSettings>& s) {
  using namespace std::chrono_literals;
  s.optional("deadline", &LookupSettings::deadline)
      .range(10ms, 10s)
      .doc("Whoever asks is answered within it, if need be with a remembered value");
  s.optional("fresh_for", &LookupSettings::fresh_for).range(0ms, 24h).doc("How long an answer is used again");
  s.optional("keep_for", &LookupSettings::keep_for)
      .range(0ms, 24h * 30)
      .doc("How old an answer may be to stand in for one that does not come");
  s.optional("capacity", &LookupSettings::capacity).range(1, 1'000'000).doc("Remembered answers");
  s.optional("concurrency", &LookupSettings::concurrency).range(1, 32).doc("Calls at a time, a thread each");
  s.optional("batch", &LookupSettings::batch).range(1, 500).doc("Questions that one call may carry");
  s.optional("breaker_failures", &LookupSettings::breaker_failures)
      .range(1, 100)
      .doc("Failures in a row after which the system is left alone; half of at least 20 within 10 s count too");
  s.optional("probe_after", &LookupSettings::probe_after)
      .range(100ms, 60s)
      .doc("When it is tried again; doubles up to 60 s");
}

namespace detail {
namespace {

/// An instance has one health and may have several lookups: it is well when none of them has a complaint.
class Complaints {
 public:
  static Complaints& all() {
    static Complaints complaints;
    return complaints;
  }
  void set(Health& health, const void* who, std::string reason) {
    const std::lock_guard lock(mutex_);
    auto& list = by_health_[&health];
    if (reason.empty()) {
      list.erase(who);
    } else {
      list[who] = std::move(reason);
    }
    std::string sum;
    for (const auto& [lookup, text] : list) sum += (sum.empty() ? "" : "; ") + text;
    if (list.empty()) by_health_.erase(&health);
    health.report(sum.empty() ? Health::State::ok : Health::State::degraded, sum);
  }
  /// The lookup ends: nothing is reported any more.
  void forget(Health& health, const void* who) {
    const std::lock_guard lock(mutex_);
    const auto list = by_health_.find(&health);
    if (list == by_health_.end()) return;
    list->second.erase(who);
    if (list->second.empty()) by_health_.erase(list);
  }

 private:
  std::mutex mutex_;
  std::map<Health*, std::map<const void*, std::string>> by_health_;
};

using Done = std::function<void(Result<AnyAnswer>)>;
/// Collected under the lock, called without it.
using Outcomes = std::vector<std::pair<Done, Result<AnyAnswer>>>;

struct Waiter {
  std::uint64_t number;
  Done done;
};

/// A question under way: waiting for a call, or in one.
struct Flight {
  std::vector<Waiter> waiters;
  bool ahead = false;  ///< asked for before anybody needs it
  bool stored = true;  ///< not when forget() came meanwhile: the answer may be from before
};

struct Entry {
  AnyValue value;
  Time as_of;
  SteadyTime got;
  std::list<const std::string*>::iterator used;
};

struct Expiry {
  SteadyTime at;
  std::string key;
  std::uint64_t waiter;
};

struct Call {
  std::vector<std::string> keys;
  SteadyTime until;      ///< then it counts as failed, though it runs on
  bool counted = false;  ///< by the breaker
  bool probe = false;
};

}  // namespace

// `mutex` guards what stands below it and is a leaf: callbacks, calls and reports run outside of it.
struct LookupCore::Impl : std::enable_shared_from_this<Impl> {
  Impl(Context& given_host, std::string given_name, LookupSettings given_settings, Fetch given_fetch)
      : host(given_host),
        health(given_host.health()),
        name(std::move(given_name)),
        settings(given_settings),
        fetch(std::move(given_fetch)),
        clock(given_host.clock()),
        breaker(std::max(1U, given_settings.breaker_failures), given_settings.probe_after) {
    settings.concurrency = std::max(1U, settings.concurrency);
    settings.batch = std::max<std::size_t>(1, settings.batch);
    settings.capacity = std::max<std::size_t>(1, settings.capacity);
    const auto answers = [&](const char* kind) {
      return &host.metrics().counter("qiao_lookup_answers_total", "Answers about outside systems, by what they rest on",
                                     {{"lookup", name}, {"kind", kind}});
    };
    const auto calls = [&](const char* result) {
      return &host.metrics().counter("qiao_lookup_calls_total", "Calls to outside systems, by result",
                                     {{"lookup", name}, {"result", result}});
    };
    const Labels labels{{"lookup", name}};
    remembered = answers("remembered");
    asked = answers("asked");
    stale = answers("stale");
    unavailable = answers("unavailable");
    calls_ok = calls("ok");
    calls_failed = calls("failed");
    calls_late = calls("late");
    seconds = &host.metrics().histogram("qiao_lookup_call_seconds", "How long calls to outside systems took", labels);
    open = &host.metrics().gauge("qiao_lookup_breaker_open", "1: the outside system is left alone for a while", labels);
    running = &host.metrics().gauge("qiao_lookup_calls_running", "Calls to outside systems under way", labels);
    entries = &host.metrics().gauge("qiao_lookup_entries", "Remembered answers", labels);
  }

  // ---- asking

  void get(std::string key, Done done) {
    const SteadyTime now = clock.steady();
    std::optional<Result<AnyAnswer>> answer;
    bool call = false;
    bool arm = false;
    {
      const std::lock_guard lock(mutex);
      if (const auto found = cache.find(key); found != cache.end() && fresh(found->second, now)) {
        touch(found->second);
        answer.emplace(given(found->second, false));
        remembered->add();
        // A value in use is fetched again before it is too old, so that nobody has to wait for it.
        const bool ageing = now - found->second.got >= settings.fresh_for / 4 * 3;
        if (ageing && !closed && !breaker.open()) call = take_off(key).second;
      } else if (closed) {
        answer.emplace(Error{Errc::cancelled, "lookup.unavailable", fmt::format("{} ends", name)});
      } else if (breaker.open() || (pending.size() >= settings.capacity && !flights.contains(key))) {
        probe_key = key;
        answer.emplace(stand_in(key, now));
      } else {
        probe_key = key;
        const auto [flight, first] = take_off(key);
        flight->waiters.push_back({next_waiter, std::move(done)});
        expiries.push_back({now + settings.deadline, std::move(key), next_waiter++});
        arm = !std::exchange(timer_armed, true);
        call = first;
      }
    }
    if (arm) arm_timer(settings.deadline);
    if (call) pump();
    if (answer) done(std::move(*answer));
  }

  [[nodiscard]] bool fresh(const Entry& entry, SteadyTime now) const { return now - entry.got < settings.fresh_for; }
  void touch(Entry& entry) { recent.splice(recent.begin(), recent, entry.used); }

  /// The flight of a key; true when it begins now.
  std::pair<Flight*, bool> take_off(const std::string& key) {
    auto [flight, first] = flights.try_emplace(key);
    if (first) {
      flight->second.ahead = cache_is_fresh(key);
      pending.push_back(key);
    }
    return {&flight->second, first};
  }
  bool cache_is_fresh(const std::string& key) const {
    const auto found = cache.find(key);
    return found != cache.end() && fresh(found->second, clock.steady());
  }

  [[nodiscard]] static Result<AnyAnswer> given(const Entry& entry, bool is_stale) {
    if (!entry.value) return Error{Errc::not_found, "there is no such thing"};
    return AnyAnswer{entry.value, entry.as_of, is_stale};
  }

  /// What is said when the system says nothing: a remembered value, else that there is none. That a thing does not
  /// exist is believed only while it is fresh.
  Result<AnyAnswer> stand_in(const std::string& key, SteadyTime now) {
    const auto found = cache.find(key);
    if (found != cache.end() && found->second.value && now - found->second.got < settings.keep_for) {
      touch(found->second);
      const bool old = !fresh(found->second, now);
      (old ? stale : remembered)->add();
      return given(found->second, old);
    }
    unavailable->add();
    Error error{Errc::unavailable, "lookup.unavailable",
                fmt::format("{} does not answer{}{}", name, last_problem.empty() ? "" : ": ", last_problem)};
    if (breaker.open()) {
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(breaker.probe_at() - now);
      error.retry_after = std::max(wait, std::chrono::milliseconds(1));
    }
    return error;
  }

  // ---- calling

  /// Hands the waiting questions to a thread, if one more may be used.
  void pump() {
    {
      const std::lock_guard lock(mutex);
      if (closed || (pending.empty() && !probe_due) || posted >= settings.concurrency) return;
      ++posted;
    }
    // All lookups of an instance share this lane, so together they use no more threads than one may.
    Lane lane{Lane::blocking};
    lane.name = "lookup";
    lane.concurrency = settings.concurrency;
    lane.budget = std::chrono::seconds(30);
    if (host.bus().post(
            lane, [self = shared_from_this()] { self->call_all(); }, Priority::enrich))
      return;
    Outcomes out;
    {
      const std::lock_guard lock(mutex);
      --posted;
      ground_pending(out);
    }
    deliver(out);
  }

  /// Answers those whose question is not even in a call.
  void ground_pending(Outcomes& out) {
    const SteadyTime now = clock.steady();
    for (const std::string& key : std::exchange(pending, {})) {
      auto flight = flights.extract(key);
      if (flight.empty()) continue;
      for (Waiter& waiter : flight.mapped().waiters) out.emplace_back(std::move(waiter.done), stand_in(key, now));
    }
  }

  static void deliver(Outcomes& out) {
    for (auto& [done, answer] : out) done(std::move(answer));
  }

  /// On the blocking lane: until no question waits.
  void call_all() {
    for (;;) {
      auto call = std::make_shared<Call>();
      {
        const std::lock_guard lock(mutex);
        if (!closed) choose(*call);
        if (call->keys.empty()) {
          --posted;
          return;
        }
      }
      // Others may begin meanwhile.
      pump();
      const std::shared_ptr<Timer> late =
          host.bus().after(settings.deadline, timer_lane(), [weak = weak_from_this(), call] {
            if (const auto self = weak.lock()) self->on_late(*call);
          });
      running->add(1);
      const SteadyTime began = clock.steady();
      Result<std::vector<AnyValue>> values = ask(call->keys);
      const SteadyTime now = clock.steady();
      running->add(-1);
      late->cancel();
      seconds->observe(std::chrono::duration<double>(now - began).count());
      settle(*call, values, now - began <= settings.deadline, now);
    }
  }

  void choose(Call& call) {
    if (probe_due) {
      probe_due = false;
      call.probe = true;
      call.keys.push_back(probe_key);
      flights[probe_key].ahead = true;
      return;
    }
    while (!pending.empty() && call.keys.size() < settings.batch) {
      std::string key = std::move(pending.front());
      pending.pop_front();
      const auto flight = flights.find(key);
      if (flight == flights.end()) continue;
      if (flight->second.waiters.empty() && !flight->second.ahead) {
        // Whoever asked was answered meanwhile: a slow system is spared the question.
        flights.erase(flight);
      } else {
        call.keys.push_back(std::move(key));
      }
    }
  }

  Result<std::vector<AnyValue>> ask(const std::vector<std::string>& keys) {
    try {
      auto values = fetch(std::span<const std::string>(keys));
      if (values && values->size() != keys.size()) {
        return Error{Errc::internal, "lookup.bad_answer", "the connector answered another number of values"};
      }
      return values;
    } catch (const std::exception& e) {
      return Error{Errc::internal, "plugin.threw", fmt::format("the connector threw: {}", e.what())};
    }
  }

  /// Errors that speak of the question, not of the system.
  static bool harmless(Errc code) {
    return code == Errc::bad_value || code == Errc::forbidden || code == Errc::not_found || code == Errc::cancelled;
  }

  void settle(Call& call, const Result<std::vector<AnyValue>>& values, bool in_time, SteadyTime now) {
    const bool well = in_time && (values.ok() || harmless(values.error().code));
    (values.ok() ? calls_ok : calls_failed)->add();
    Outcomes out;
    std::vector<AnyValue> dropped;  // destroyed without the lock
    std::optional<std::string> news;
    std::optional<Duration> probe_in;
    {
      const std::lock_guard lock(mutex);
      if (!values) last_problem = values.error().message;
      if (!std::exchange(call.counted, true)) count(call, well, now, news, probe_in, out);
      for (std::size_t i = 0; i < call.keys.size(); ++i) {
        auto flight = flights.extract(call.keys[i]);
        if (flight.empty()) continue;
        if (values && flight.mapped().stored && !closed) remember(call.keys[i], (*values)[i], now, dropped);
        for (Waiter& waiter : flight.mapped().waiters) {
          out.emplace_back(std::move(waiter.done), answer_for(call.keys[i], values, i, now));
        }
      }
    }
    after_count(news, probe_in);
    deliver(out);
  }

  Result<AnyAnswer> answer_for(const std::string& key, const Result<std::vector<AnyValue>>& values, std::size_t i,
                               SteadyTime now) {
    if (values) {
      asked->add();
      return given({(*values)[i], clock.now(), now, {}}, false);
    }
    // A wrong question is not covered up by an old answer; one that was broken off because the instance ends is.
    if (harmless(values.error().code) && values.error().code != Errc::cancelled) return values.error();
    return stand_in(key, now);
  }

  void remember(const std::string& key, const AnyValue& value, SteadyTime now, std::vector<AnyValue>& dropped) {
    auto [entry, first] = cache.try_emplace(key);
    if (first) {
      recent.push_front(&entry->first);
      entry->second.used = recent.begin();
    } else {
      touch(entry->second);
      dropped.push_back(std::move(entry->second.value));
    }
    entry->second.value = value;
    entry->second.as_of = clock.now();
    entry->second.got = now;
    if (cache.size() > settings.capacity) drop(cache.find(*recent.back()), dropped);
    entries->set(static_cast<std::int64_t>(cache.size()));
  }

  void drop(std::unordered_map<std::string, Entry>::iterator entry, std::vector<AnyValue>& dropped) {
    dropped.push_back(std::move(entry->second.value));
    recent.erase(entry->second.used);
    cache.erase(entry);
  }

  // ---- the breaker

  void count(const Call& call, bool well, SteadyTime now, std::optional<std::string>& news,
             std::optional<Duration>& probe_in, Outcomes& out) {
    if (call.probe) {
      breaker.probed(well, now);
      if (well) {
        last_problem.clear();
        news = "";
      }
    } else if (breaker.count(well, now)) {
      news = fmt::format("{} is left alone for a while: {}; remembered answers stand in", name,
                         last_problem.empty() ? "it does not answer in time" : last_problem);
      ground_pending(out);
    } else {
      return;
    }
    if (breaker.open()) probe_in = breaker.probe_at() - now;
  }

  void after_count(const std::optional<std::string>& news, const std::optional<Duration>& probe_in) {
    if (probe_in) {
      host.bus().after(*probe_in, timer_lane(), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->on_probe();
      });
    }
    if (!news) return;
    open->set(news->empty() ? 0 : 1);
    if (news->empty()) {
      host.log().info("{} answers again", name);
    } else {
      host.log().warn("{}", *news);
    }
    Complaints::all().set(health, this, *news);
  }

  void on_probe() {
    {
      const std::lock_guard lock(mutex);
      if (closed || !breaker.open()) return;
      probe_due = true;
    }
    pump();
  }

  /// A call runs longer than anybody waits: it has failed, whatever still comes.
  void on_late(Call& call) {
    Outcomes out;
    std::optional<std::string> news;
    std::optional<Duration> probe_in;
    {
      const std::lock_guard lock(mutex);
      if (closed || std::exchange(call.counted, true)) return;
      calls_late->add();
      last_problem = fmt::format("no answer within {} ms", settings.deadline.count());
      count(call, false, clock.steady(), news, probe_in, out);
    }
    after_count(news, probe_in);
    deliver(out);
  }

  // ---- deadlines: one timer at a time, for whoever has waited longest

  static Lane timer_lane() {
    Lane lane;
    lane.name = "lookup";
    return lane;
  }

  void arm_timer(Duration delay) {
    host.bus().after(delay, timer_lane(), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->on_timer();
    });
  }

  void on_timer() {
    Outcomes out;
    Duration next{};
    {
      const std::lock_guard lock(mutex);
      const SteadyTime now = clock.steady();
      while (!expiries.empty() && expiries.front().at <= now) {
        const Expiry expiry = std::move(expiries.front());
        expiries.pop_front();
        const auto flight = flights.find(expiry.key);
        if (flight == flights.end()) continue;
        auto& waiters = flight->second.waiters;
        const auto waiter =
            std::find_if(waiters.begin(), waiters.end(), [&](const Waiter& w) { return w.number == expiry.waiter; });
        if (waiter == waiters.end()) continue;
        out.emplace_back(std::move(waiter->done), stand_in(expiry.key, now));
        waiters.erase(waiter);
      }
      timer_armed = !expiries.empty() && !closed;
      if (timer_armed) next = expiries.front().at - now;
    }
    if (next > Duration::zero()) arm_timer(next);
    deliver(out);
  }

  // ---- forgetting

  void forget(const std::string& key) {
    std::vector<AnyValue> dropped;
    const std::lock_guard lock(mutex);
    if (const auto found = cache.find(key); found != cache.end()) drop(found, dropped);
    if (const auto flight = flights.find(key); flight != flights.end()) flight->second.stored = false;
  }

  void clear() {
    std::unordered_map<std::string, Entry> dropped;
    const std::lock_guard lock(mutex);
    recent.clear();
    dropped.swap(cache);
    for (auto& [key, flight] : flights) flight.stored = false;
  }

  void close() {
    Outcomes out;
    {
      const std::lock_guard lock(mutex);
      closed = true;
      for (auto& [key, flight] : flights) {
        for (Waiter& waiter : flight.waiters) {
          out.emplace_back(std::move(waiter.done),
                           Error{Errc::cancelled, "lookup.unavailable", fmt::format("{} ends", name)});
        }
      }
      flights.clear();
      pending.clear();
      expiries.clear();
    }
    clear();
    Complaints::all().forget(health, this);
    deliver(out);
  }

  Context& host;
  Health& health;
  const std::string name;
  LookupSettings settings;
  const Fetch fetch;
  const Clock& clock;
  Counter *remembered, *asked, *stale, *unavailable, *calls_ok, *calls_failed, *calls_late;
  Histogram* seconds;
  Gauge *open, *running, *entries;

  std::mutex mutex;
  bool closed = false;
  Breaker breaker;
  std::string last_problem;
  std::string probe_key;  // what was asked for last
  bool probe_due = false;
  unsigned posted = 0;  // threads in use or asked for
  std::unordered_map<std::string, Entry> cache;
  std::list<const std::string*> recent;  // keys of cache_, the latest used first
  std::unordered_map<std::string, Flight> flights;
  std::deque<std::string> pending;  // flights that are in no call yet
  std::deque<Expiry> expiries;      // in order: everybody waits equally long
  bool timer_armed = false;
  std::uint64_t next_waiter = 1;
};

LookupCore::LookupCore(Context& host, std::string name, LookupSettings settings, Fetch fetch)
    : impl_(std::make_shared<Impl>(host, std::move(name), settings, std::move(fetch))) {}
LookupCore::~LookupCore() { impl_->close(); }
void LookupCore::get(std::string key, std::function<void(Result<AnyAnswer>)> done) {
  impl_->get(std::move(key), std::move(done));
}
void LookupCore::forget(const std::string& key) { impl_->forget(key); }
void LookupCore::clear() { impl_->clear(); }

}  // namespace detail
}  // namespace qiao
