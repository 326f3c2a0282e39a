#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "qiao/export.hpp"
#include "qiao/result.hpp"

namespace qiao {

/// Wall-clock time as it is stored and shown: UTC, microseconds.
using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;
/// Time for waiting and measuring; never jumps.
using SteadyTime = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// Where the time comes from. Plugins take it from their Context, tests turn it by hand.
class QIAO_API Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual SteadyTime steady() const = 0;
};

/// The machine's own clock.
QIAO_API const Clock& system_clock() noexcept;

/// "2026-11-22T07:04:05.123Z"; microseconds below the millisecond are cut.
QIAO_API std::string to_iso8601(Time at);
QIAO_API Result<Time> from_iso8601(std::string_view text);
[[nodiscard]] inline std::int64_t to_micros(Time at) noexcept { return at.time_since_epoch().count(); }
[[nodiscard]] inline Time from_micros(std::int64_t micros) noexcept { return Time(std::chrono::microseconds(micros)); }

}  // namespace qiao
