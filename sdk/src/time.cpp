#include "qiao/time.hpp"

#include <fmt/format.h>

#include <charconv>

namespace qiao {
namespace {

class SystemClock final : public Clock {
 public:
  Time now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

/// Reads exactly `digits` digits at `pos` and moves on; -1 when there are none.
int take(std::string_view text, std::size_t& pos, std::size_t digits) {
  if (pos + digits > text.size()) return -1;
  int value = 0;
  const char* begin = text.data() + pos;
  const auto [end, error] = std::from_chars(begin, begin + digits, value);
  if (error != std::errc{} || end != begin + digits) return -1;
  pos += digits;
  return value;
}

bool skip(std::string_view text, std::size_t& pos, char c) {
  if (pos >= text.size() || text[pos] != c) return false;
  ++pos;
  return true;
}

}  // namespace

const Clock& system_clock() noexcept {
  static const SystemClock clock;
  return clock;
}

std::string to_iso8601(Time at) {
  using namespace std::chrono;
  constexpr Time kFirst = sys_days(year(1) / 1 / 1);
  constexpr Time kLast = sys_days(year(9999) / 12 / 31) + hours(24) - microseconds(1);
  at = std::clamp(at, kFirst, kLast);  // four digits are all that the format has
  // Written by hand: every message on its way to a screen carries a time.
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(floor<milliseconds>(at - day));
  std::string out = "0000-00-00T00:00:00.000Z";
  const auto put = [&out](std::size_t last, std::int64_t value) {
    for (; value > 0; value /= 10) out[last--] = static_cast<char>('0' + value % 10);
  };
  put(3, static_cast<int>(date.year()));
  put(6, static_cast<unsigned>(date.month()));
  put(9, static_cast<unsigned>(date.day()));
  put(12, time.hours().count());
  put(15, time.minutes().count());
  put(18, time.seconds().count());
  put(22, time.subseconds().count());
  return out;
}

Result<Time> from_iso8601(std::string_view text) {
  const Error bad{Errc::bad_value, fmt::format("expected a time such as 2026-11-22T07:04:05Z, got \"{}\"", text)};
  std::size_t pos = 0;
  const int year = take(text, pos, 4);
  if (year < 0 || !skip(text, pos, '-')) return bad;
  const int month = take(text, pos, 2);
  if (month < 0 || !skip(text, pos, '-')) return bad;
  const int day = take(text, pos, 2);
  if (day < 0 || !(skip(text, pos, 'T') || skip(text, pos, 't') || skip(text, pos, ' '))) return bad;
  const int hour = take(text, pos, 2);
  if (hour < 0 || hour > 23 || !skip(text, pos, ':')) return bad;
  const int minute = take(text, pos, 2);
  if (minute < 0 || minute > 59 || !skip(text, pos, ':')) return bad;
  const int second = take(text, pos, 2);
  if (second < 0 || second > 59) return bad;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return bad;
  std::int64_t micros = 0;
  if (skip(text, pos, '.')) {
    std::int64_t unit = 100000;
    const std::size_t start = pos;
    for (; pos < text.size() && text[pos] >= '0' && text[pos] <= '9'; ++pos, unit /= 10)
      micros += (text[pos] - '0') * unit;
    if (pos == start) return bad;
  }
  std::chrono::minutes offset{0};
  if (skip(text, pos, 'Z') || skip(text, pos, 'z')) {
  } else if (pos < text.size() && (text[pos] == '+' || text[pos] == '-')) {
    const int sign = text[pos++] == '+' ? 1 : -1;
    const int hours = take(text, pos, 2);
    if (hours < 0 || hours > 23 || !skip(text, pos, ':')) return bad;
    const int minutes = take(text, pos, 2);
    if (minutes < 0 || minutes > 59) return bad;
    offset = std::chrono::minutes(sign * (hours * 60 + minutes));
  } else {
    return bad;
  }
  if (pos != text.size()) return bad;
  return Time(std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) - offset +
              std::chrono::seconds(second) + std::chrono::microseconds(micros));
}

}  // namespace qiao
