#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "qiao/plugin.hpp"

namespace qiao {

/// How answers of a slow or unreliable system are asked for and remembered.
struct LookupSettings {
  std::chrono::milliseconds deadline{800};  ///< then a remembered value (stale) or `unavailable` is answered
  std::chrono::milliseconds fresh_for{30000};
  std::chrono::milliseconds keep_for{std::chrono::hours(24)};  ///< how old a value may be to stand in
  std::size_t capacity = 10000;                                ///< remembered values
  unsigned concurrency = 8;                                    ///< calls at a time, a thread each
  std::size_t batch = 1;                                       ///< keys a call may carry
  unsigned breaker_failures = 5;                               ///< in a row; or half of at least 20 in 10 s
  std::chrono::milliseconds probe_after{5000};                 ///< first probe of an open breaker; doubles up to 60 s
};
QIAO_API void describe(Schema<LookupSettings>& s);

/// A value with its age.
template <class V>
struct Aged {
  V value;
  Time as_of;
  bool stale = false;  ///< older than fresh_for: the system did not answer in time
};

namespace detail {
class LookupCore;
using AnyValue = std::shared_ptr<const void>;
struct AnyAnswer {
  AnyValue value;  ///< null: no such thing
  Time as_of;
  bool stale = false;
};
/// Type-erased: keys are text, values are shared and immutable. Defined in sdk/src/lookup.cpp.
class QIAO_API LookupCore {
 public:
  using Fetch = std::function<Result<std::vector<AnyValue>>(std::span<const std::string> keys)>;
  LookupCore(Context& host, std::string name, LookupSettings settings, Fetch fetch);
  ~LookupCore();
  LookupCore(const LookupCore&) = delete;
  LookupCore& operator=(const LookupCore&) = delete;
  void get(std::string key, std::function<void(Result<AnyAnswer>)> done);
  void forget(const std::string& key);
  void clear();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};
}  // namespace detail

/// Asks an outside system through a cache, once for all who ask the same at the same time, with a deadline and a
/// circuit breaker, on at most `concurrency` threads, which all lookups of an instance share. Whoever asks is answered
/// within `deadline`, whatever the system does.
///
/// `fetch(keys)` runs on a blocking lane of the instance and answers one value a key (null: there is no such thing,
/// which is remembered too), or an error for all of them. Errc::bad_value, forbidden and not_found do not count against
/// the breaker. `get` never waits; `done` runs once, at once when the answer is remembered, else on the answering
/// thread. Errors: `lookup.unavailable`, `not_found`. Any thread. Metrics qiao_lookup_* carry the instance and `name`;
/// an open breaker degrades the instance's health.
template <class V>
class Lookup {
 public:
  using Values = std::vector<std::shared_ptr<const V>>;
  using Fetch = std::function<Result<Values>(std::span<const std::string> keys)>;

  Lookup(Context& host, std::string name, LookupSettings settings, Fetch fetch)
      : core_(host, std::move(name), settings,
              [f = std::move(fetch)](std::span<const std::string> keys) -> Result<std::vector<detail::AnyValue>> {
                auto values = f(keys);
                if (!values) return values.error();
                return std::vector<detail::AnyValue>(values->begin(), values->end());
              }) {}

  void get(std::string key, std::function<void(Result<Aged<V>>)> done) {
    core_.get(std::move(key), [d = std::move(done)](Result<detail::AnyAnswer> answer) {
      if (!answer) return d(answer.error());
      d(Aged<V>{*static_cast<const V*>(answer->value.get()), answer->as_of, answer->stale});
    });
  }
  void forget(const std::string& key) { core_.forget(key); }
  void clear() { core_.clear(); }

 private:
  detail::LookupCore core_;
};

}  // namespace qiao
