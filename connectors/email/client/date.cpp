#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>

#include "connectors/email/client/charset.hpp"
#include "connectors/email/client/header.hpp"

namespace qiao::email {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

int number_of(std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : -1;
}

/// Minutes east of UTC; names that nobody knows count as UTC.
int zone_of(std::string_view zone) {
  if (zone.size() == 5 && (zone[0] == '+' || zone[0] == '-')) {
    const int value = number_of(zone.substr(1));
    if (value < 0) return 0;
    const int minutes = value / 100 * 60 + value % 100;
    return zone[0] == '-' ? -minutes : minutes;
  }
  static constexpr std::pair<std::string_view, int> kNames[] = {{"EST", -300}, {"EDT", -240}, {"CST", -360},
                                                                {"CDT", -300}, {"MST", -420}, {"MDT", -360},
                                                                {"PST", -480}, {"PDT", -420}};
  for (const auto& [name, minutes] : kNames) {
    if (same_word(zone, name)) return minutes;
  }
  return 0;
}

}  // namespace

Time read_date(std::string_view text) {
  std::array<std::string_view, 6> words;  // day month year time zone
  std::size_t count = 0;
  if (const auto comma = text.find(','); comma != std::string_view::npos) text.remove_prefix(comma + 1);
  while (count < words.size()) {
    text = trim(text);
    if (text.empty()) break;
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    words[count++] = text.substr(0, end);
    text.remove_prefix(end);
  }
  // Without its comma the name of the day stands first.
  const std::size_t first = count > 0 && number_of(words[0]) < 0 ? 1 : 0;
  if (count < first + 4) return {};
  const int day = number_of(words[first]);
  int month = -1;
  for (std::size_t m = 0; m < kMonths.size(); ++m) {
    if (same_word(words[first + 1].substr(0, 3), kMonths[m])) month = static_cast<int>(m) + 1;
  }
  int year = number_of(words[first + 2]);
  if (year >= 0 && year < 50) year += 2000;
  if (year >= 50 && year < 1000) year += 1900;
  const std::string_view clock = words[first + 3];
  if (clock.size() < 5 || clock[2] != ':') return {};
  const int hour = number_of(clock.substr(0, 2));
  const int minute = number_of(clock.substr(3, 2));
  const int second = clock.size() >= 8 && clock[5] == ':' ? number_of(clock.substr(6, 2)) : 0;
  const auto date = std::chrono::year(year) / month / day;
  if (month < 1 || year < 1980 || year > 4000 || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 60) {
    return {};
  }
  const int zone = count > first + 4 ? zone_of(words[first + 4]) : 0;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute - zone) +
         std::chrono::seconds(second);
}

std::string write_date(Time at) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
  std::tm t{};
  ::gmtime_r(&seconds, &t);
  std::string month(kMonths[static_cast<std::size_t>(t.tm_mon)]);
  month[0] = static_cast<char>(month[0] - 32);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", kDays[static_cast<std::size_t>(t.tm_wday)],
                     t.tm_mday, month, t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

}  // namespace qiao::email
