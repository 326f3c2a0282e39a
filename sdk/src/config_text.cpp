#include "config_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include "qiao/config.hpp"

namespace qiao {

namespace detail {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
  std::string_view written;  // what to suggest instead; empty for the names that are right
};

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::array kTimeUnits = {
    Unit{"us", 1, {}}, Unit{"ms", 1000, {}}, Unit{"s", kSecond, {}}, Unit{"m", 60 * kSecond, {}},
    Unit{"h", 3600 * kSecond, {}}, Unit{"d", 86400 * kSecond, {}},
    // Near misses: never accepted, only told what to write.
    Unit{"", 0, "s"}, Unit{"sec", 0, "s"}, Unit{"secs", 0, "s"}, Unit{"second", 0, "s"}, Unit{"seconds", 0, "s"},
    Unit{"S", 0, "s"}, Unit{"msec", 0, "ms"}, Unit{"millis", 0, "ms"}, Unit{"MS", 0, "ms"}, Unit{"min", 0, "m"},
    Unit{"mins", 0, "m"}, Unit{"minute", 0, "m"}, Unit{"minutes", 0, "m"}, Unit{"hr", 0, "h"}, Unit{"hour", 0, "h"},
    Unit{"hours", 0, "h"}, Unit{"H", 0, "h"}, Unit{"day", 0, "d"}, Unit{"days", 0, "d"}, Unit{"D", 0, "d"}};

constexpr std::array kSizeUnits = {Unit{"B", 1, {}}, Unit{"KB", 1LL << 10, {}}, Unit{"MB", 1LL << 20, {}},
                                   Unit{"GB", 1LL << 30, {}}, Unit{"TB", 1LL << 40, {}}, Unit{"KiB", 1LL << 10, {}},
                                   Unit{"MiB", 1LL << 20, {}}, Unit{"GiB", 1LL << 30, {}}, Unit{"TiB", 1LL << 40, {}},
                                   // Near misses, as above.
                                   Unit{"", 0, "B"}, Unit{"b", 0, "B"}, Unit{"k", 0, "KB"}, Unit{"K", 0, "KB"},
                                   Unit{"kb", 0, "KB"}, Unit{"kB", 0, "KB"}, Unit{"Kb", 0, "KB"}, Unit{"m", 0, "MB"},
                                   Unit{"M", 0, "MB"}, Unit{"mb", 0, "MB"}, Unit{"Mb", 0, "MB"}, Unit{"g", 0, "GB"},
                                   Unit{"G", 0, "GB"}, Unit{"gb", 0, "GB"}, Unit{"Gb", 0, "GB"}};

bool digit(char c) { return c >= '0' && c <= '9'; }

std::optional<std::int64_t> with_unit(std::string_view text, std::span<const Unit> units, std::int64_t highest,
                                      std::string& nearest) {
  const auto end = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), digit) - text.begin());
  const std::string_view number = text.substr(0, end);
  std::string_view unit = text.substr(end);
  const bool spaced = !unit.empty() && unit.front() == ' ';
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  std::string ignored;
  const auto count = read_integer(number, ignored);
  if (!count) return std::nullopt;
  const auto known = std::find_if(units.begin(), units.end(), [unit](const Unit& u) { return u.name == unit; });
  if (known == units.end()) return std::nullopt;
  if (spaced || !known->written.empty()) {
    nearest = std::string(number) + std::string(known->written.empty() ? known->name : known->written);
    return std::nullopt;
  }
  std::int64_t product = 0;
  if (__builtin_mul_overflow(*count, known->factor, &product) || product > highest) return std::nullopt;
  return product;
}

}  // namespace

std::optional<bool> read_bool(std::string_view text, std::string& nearest) {
  if (text == "true") return true;
  if (text == "false") return false;
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  constexpr std::array kYes = {"true", "yes", "on", "y", "1", "enabled"};
  constexpr std::array kNo = {"false", "no", "off", "n", "0", "disabled"};
  if (std::find(kYes.begin(), kYes.end(), lower) != kYes.end())
    nearest = "true";
  else if (std::find(kNo.begin(), kNo.end(), lower) != kNo.end())
    nearest = "false";
  else
    nearest = nearest_name(lower, std::array<std::string, 2>{"true", "false"});
  return std::nullopt;
}

std::optional<std::int64_t> read_integer(std::string_view text, std::string& nearest) {
  std::int64_t value = 0;
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = failed == std::errc() && rest == text.data() + text.size();
  if (whole && (digits.size() == 1 || digits.front() != '0')) return value;
  std::string plain(text);
  std::erase_if(plain, [](char c) { return c == '_' || c == ',' || c == '+' || c == ' '; });
  if (plain != text && !plain.empty() && plain.front() != '0' && std::all_of(plain.begin(), plain.end(), digit))
    nearest = plain;
  return std::nullopt;
}

std::optional<double> read_real(std::string_view text, std::string& nearest) {
  const std::string_view number = text.starts_with('-') ? text.substr(1) : text;
  if (!number.empty() && digit(number.front()) && digit(number.back()) &&
      !(number.size() > 1 && number[0] == '0' && digit(number[1]))) {
    double value = 0;
    const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed == std::errc() && rest == text.data() + text.size() && std::isfinite(value)) return value;
  }
  if (number.starts_with('.') && number.size() > 1 && std::all_of(number.begin() + 1, number.end(), digit)) {
    nearest = (text.starts_with('-') ? "-0" : "0") + std::string(number);
  } else if (const auto comma = number.find(',');
             comma != std::string_view::npos && number.find(',', comma + 1) == std::string_view::npos) {
    nearest = std::string(text);
    nearest[nearest.find(',')] = '.';
  }
  return std::nullopt;
}

std::optional<std::int64_t> read_duration(std::string_view text, std::string& nearest) {
  return with_unit(text, kTimeUnits, kLongestMicros, nearest);
}

std::optional<std::int64_t> read_size(std::string_view text, std::string& nearest) {
  return with_unit(text, kSizeUnits, std::numeric_limits<std::int64_t>::max(), nearest);
}

}  // namespace detail

std::string to_string(Bytes size) {
  for (std::size_t i = 5; i-- > 1;) {
    const auto factor = static_cast<std::uint64_t>(detail::kSizeUnits[i].factor);
    if (size.count != 0 && size.count % factor == 0)
      return fmt::format("{}{}", size.count / factor, detail::kSizeUnits[i].name);
  }
  return fmt::format("{}B", size.count);
}

std::string duration_text(std::chrono::microseconds duration) {
  for (std::size_t i = 6; i-- > 0;) {
    const detail::Unit& unit = detail::kTimeUnits[i];
    if (duration.count() != 0 && duration.count() % unit.factor == 0)
      return fmt::format("{}{}", duration.count() / unit.factor, unit.name);
  }
  return "0s";
}

namespace {
Error unreadable(std::string_view what, std::string_view text, const std::string& nearest) {
  std::string message = fmt::format("expected {}, got \"{}\"", what, text);
  if (!nearest.empty()) message += fmt::format("; did you mean \"{}\"?", nearest);
  return Error{Errc::bad_value, "config.bad_value", std::move(message)};
}
}  // namespace

Result<Bytes> parse_bytes(std::string_view text) {
  std::string nearest;
  if (const auto size = detail::read_size(text, nearest)) return Bytes{static_cast<std::uint64_t>(*size)};
  return unreadable("a size such as 64KB or 10MB", text, nearest);
}

Result<std::chrono::microseconds> parse_duration(std::string_view text) {
  std::string nearest;
  if (const auto micros = detail::read_duration(text, nearest)) return std::chrono::microseconds(*micros);
  return unreadable("a duration such as 300ms, 5s, 2m, 1h or 7d", text, nearest);
}

}  // namespace qiao
