#pragma once

#include <utility>

#include "qiao/id.hpp"

namespace qiao::core {

/// What the current thread is working on; every log line written meanwhile carries it.
struct Trace {
  Id trace;    ///< one id from the wire to the last handler
  Id message;  ///< the message or request being handled
};

namespace detail {
inline thread_local Trace current_trace;
}  // namespace detail

[[nodiscard]] inline const Trace& current_trace() noexcept { return detail::current_trace; }

/// Sets the thread's trace for the length of a scope. Costs two words of copying, so that hot paths can afford it.
class TraceScope {
 public:
  explicit TraceScope(Id trace, Id message = {}) noexcept
      : before_(std::exchange(detail::current_trace, Trace{trace, message})) {}
  ~TraceScope() { detail::current_trace = before_; }
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

 private:
  Trace before_;
};

}  // namespace qiao::core
