#include "connectors/platform/json_answer.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace qiao::platform {
namespace {

constexpr int kDeepest = 32;

const Json& nothing() {
  static const Json null;
  return null;
}

/// Before the parser builds anything: brackets outside of texts, counted.
bool too_deep(std::string_view body) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

/// A decimal number of exactly `width` digits at the front, which is cut off.
bool cut(std::string_view& text, std::size_t width, int& value) {
  if (text.size() < width) return false;
  value = 0;
  for (const char c : text.substr(0, width)) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(width);
  return true;
}

bool cut(std::string_view& text, char sign) {
  if (text.empty() || text.front() != sign) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

Result<Json> read_json(std::string_view body, std::string_view system) {
  if (!too_deep(body)) {
    Json value = Json::parse(body, nullptr, false);
    if (!value.is_discarded()) return value;
  }
  return Error{
      Errc::unavailable, fmt::format("{}.bad_answer", system),
      fmt::format("{} answered {} bytes that are not the JSON expected; look at the base URL and at what stands "
                  "between the hub and the system (a proxy's error page?)",
                  system, body.size())};
}

const Json& at(const Json& object, std::string_view key) {
  if (!object.is_object()) return nothing();
  const auto found = object.find(key);
  return found == object.end() ? nothing() : *found;
}

const Json& at(const Json& list, std::size_t index) {
  return list.is_array() && index < list.size() ? list[index] : nothing();
}

const Json& at(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* value = &object;
  for (const std::string_view key : path) value = &at(*value, key);
  return *value;
}

const Json::array_t& items(const Json& value) {
  static const Json::array_t none;
  const auto* list = value.get_ptr<const Json::array_t*>();
  return list == nullptr ? none : *list;
}

std::string text(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  if (value.is_number_unsigned()) return std::to_string(value.get<std::uint64_t>());
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  return {};
}

double number(const Json& value) {
  double result = 0;
  if (value.is_number()) {
    result = value.get<double>();
  } else if (const auto* s = value.get_ptr<const std::string*>()) {
    if (std::from_chars(s->data(), s->data() + s->size(), result).ec != std::errc{}) result = 0;
  }
  return std::isfinite(result) ? result : 0;
}

std::int64_t integer(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto n = value.get<std::uint64_t>();
    return n > INT64_MAX ? 0 : static_cast<std::int64_t>(n);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  const double n = number(value);
  return std::abs(n) < 9e15 ? static_cast<std::int64_t>(n) : 0;
}

std::string amount(const Json& value) {
  if (!value.is_number()) return text(value);
  const double n = number(value);
  std::string two = fmt::format("{:.2f}", n);
  return std::abs(n) > 1e12 || std::abs(n * 100 - std::round(n * 100)) < 1e-4 ? two : fmt::format("{}", n);
}

Time time(std::string_view text, int utc_offset) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!cut(text, 4, year) || !cut(text, '-') || !cut(text, 2, month) || !cut(text, '-') || !cut(text, 2, day))
    return {};
  if (cut(text, 'T') || cut(text, ' ')) {
    if (!cut(text, 2, hour) || !cut(text, ':') || !cut(text, 2, minute)) return {};
    if (cut(text, ':') && !cut(text, 2, second)) return {};
    if (cut(text, '.')) {
      while (!text.empty() && text.front() >= '0' && text.front() <= '9') text.remove_prefix(1);
    }
  }
  int offset = utc_offset * 60;
  if (cut(text, 'Z')) {
    offset = 0;
  } else if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    const int sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
    int hours = 0, minutes = 0;
    if (!cut(text, 2, hours)) return {};
    static_cast<void>(cut(text, ':'));
    static_cast<void>(cut(text, 2, minutes));
    offset = sign * (hours * 60 + minutes);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return {};
  return Time(std::chrono::sys_days(date).time_since_epoch()) + std::chrono::hours(hour) +
         std::chrono::minutes(minute - offset) + std::chrono::seconds(second);
}

}  // namespace qiao::platform
