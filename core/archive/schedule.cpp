#include "core/archive/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <set>

namespace qiao::core {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPrefix = "backup-";

std::time_t seconds(Time at) { return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count(); }

std::tm local(Time at) {
  const std::time_t since = seconds(at);
  std::tm parts{};
  localtime_r(&since, &parts);
  return parts;
}

bool number(std::string_view text, int& value) {
  value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  return !text.empty();
}

/// Marks the newest of each of the last `count` periods. `taken` is newest first.
void keep_newest_of(const std::vector<Time>& taken, std::uint32_t count,
                    const std::function<int(const std::tm&)>& period, std::set<Time>& kept) {
  std::set<int> seen;
  for (const Time at : taken) {
    const int of = period(local(at));
    if (seen.contains(of)) continue;
    if (seen.size() == count) return;
    seen.insert(of);
    kept.insert(at);
  }
}

/// Days since some Monday.
int day_number(const std::tm& t) {
  std::tm noon = t;
  noon.tm_hour = 12;
  noon.tm_min = noon.tm_sec = 0;
  return static_cast<int>((timegm(&noon) / 86400) + 3);
}

}  // namespace

std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text) {
  int hour = 0;
  int minute = 0;
  if (text.size() != 5 || text[2] != ':' || !number(text.substr(0, 2), hour) || !number(text.substr(3), minute))
    return {};
  if (hour > 23 || minute > 59) return {};
  return std::chrono::minutes(hour * 60 + minute);
}

std::string backup_name(Time taken) {
  const std::time_t since = seconds(taken);
  std::tm t{};
  gmtime_r(&since, &t);
  return fmt::format("{}{:04}{:02}{:02}T{:02}{:02}{:02}Z", kPrefix, t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                     t.tm_hour, t.tm_min, t.tm_sec);
}

std::optional<Time> backup_time(std::string_view name) {
  if (!name.starts_with(kPrefix) || name.size() != kPrefix.size() + 16) return {};
  const std::string_view text = name.substr(kPrefix.size());
  if (text[8] != 'T' || text[15] != 'Z') return {};
  std::tm t{};
  int year = 0;
  int month = 0;
  if (!number(text.substr(0, 4), year) || !number(text.substr(4, 2), month) || !number(text.substr(6, 2), t.tm_mday) ||
      !number(text.substr(9, 2), t.tm_hour) || !number(text.substr(11, 2), t.tm_min) ||
      !number(text.substr(13, 2), t.tm_sec)) {
    return {};
  }
  t.tm_year = year - 1900;
  t.tm_mon = month - 1;
  return Time(std::chrono::seconds(timegm(&t)));
}

Time next_backup(const BackupTimes& times, Time last) {
  if (!times.at) return last + times.every;
  std::tm t = local(last);
  const auto minutes = static_cast<int>(times.at->count());
  t.tm_hour = minutes / 60;
  t.tm_min = minutes % 60;
  t.tm_sec = 0;
  t.tm_isdst = -1;
  for (int day = 0; day < 2; ++day, ++t.tm_mday, t.tm_isdst = -1) {
    std::tm tried = t;
    const Time at = Time(std::chrono::seconds(std::mktime(&tried)));
    if (at > last) return at;
  }
  return last + 24h;
}

std::chrono::milliseconds longest_gap(const BackupTimes& times) {
  // A day of 25 hours, or a pause of the hub's, is no reason to wake anybody.
  const std::chrono::milliseconds period = times.at ? std::chrono::milliseconds(25h) : times.every;
  return period + std::max<std::chrono::milliseconds>(period / 4, 10min);
}

std::vector<Time> superfluous(std::vector<Time> taken, const BackupKeep& keep) {
  std::sort(taken.begin(), taken.end(), std::greater<>());
  std::set<Time> kept;
  for (std::size_t i = 0; i < taken.size() && i < std::max<std::uint32_t>(keep.last, 1); ++i) kept.insert(taken[i]);
  keep_newest_of(taken, keep.daily, day_number, kept);
  keep_newest_of(
      taken, keep.weekly, [](const std::tm& t) { return day_number(t) / 7; }, kept);
  keep_newest_of(
      taken, keep.monthly, [](const std::tm& t) { return t.tm_year * 12 + t.tm_mon; }, kept);
  std::erase_if(taken, [&](Time at) { return kept.contains(at); });
  return taken;
}

}  // namespace qiao::core
