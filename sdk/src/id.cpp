#include "qiao/id.hpp"

#include <fmt/format.h>

#include <time.h>

#include <atomic>
#include <charconv>

namespace qiao {
namespace {

constexpr std::int64_t kEpochMillis = 1704067200000;  // 2024-01-01; 41 bits last until 2093
std::atomic<std::int64_t> last{0};                    // milliseconds << 12 | count

}  // namespace

Result<Id> parse_id(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value <= 0) {
    return Error{Errc::bad_value,
                 fmt::format("expected an id (a positive decimal number), got \"{}\"", text.substr(0, 40))};
  }
  return Id{value};
}

Id new_id() noexcept {
  // A few milliseconds late does no harm, and every message needs an id.
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  const std::int64_t millis = static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
  // More than 4096 ids in a millisecond, or a clock that steps back, borrow from the milliseconds to come.
  const std::int64_t fresh = (millis - kEpochMillis) << 12;
  std::int64_t before = last.load(std::memory_order_relaxed);
  std::int64_t next = 0;
  do {
    next = std::max(fresh, before + 1);
  } while (!last.compare_exchange_weak(before, next, std::memory_order_relaxed));
  return Id{((next >> 12) << 22) | (next & 0xFFF)};
}

}  // namespace qiao
