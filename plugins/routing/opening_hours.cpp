#include "plugins/routing/opening_hours.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <stdexcept>

namespace qiao::routing {
namespace {

constexpr std::array<const char*, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::array<const char*, 7> kDaysZh = {"周一", "周二", "周三", "周四", "周五", "周六", "周日"};
constexpr std::array<const char*, 7> kDaysEn = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                "Friday", "Saturday", "Sunday"};
constexpr int kDayMinutes = 24 * 60;
constexpr int kLookAhead = 14;

struct Span {
  int from = 0;  // minutes since midnight
  int to = 0;
};

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int> minutes(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = number(text.substr(0, 2));
  const auto minute = number(text.substr(3));
  if (!hour || !minute || *hour < 0 || *hour > 24 || *minute < 0 || *minute > 59) return std::nullopt;
  const int all = *hour * 60 + *minute;
  return all <= kDayMinutes ? std::optional<int>(all) : std::nullopt;
}

std::optional<Span> span(std::string_view text) {
  if (text.size() != 11 || text[5] != '-') return std::nullopt;
  const auto from = minutes(text.substr(0, 5));
  const auto to = minutes(text.substr(6));
  if (!from || !to || *from >= *to) return std::nullopt;
  return Span{*from, *to};
}

/// Days since 1970 of a date of the calendar.
std::optional<std::int64_t> day_of(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = number(text.substr(0, 4));
  const auto month = number(text.substr(5, 2));
  const auto day = number(text.substr(8));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

/// As the system's table of zones (package tzdata) has it; null when it does not. Stays for good.
const date::time_zone* zone_named(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

}  // namespace

void describe(Schema<HoursConfig>& s) {
  s.optional("timezone", &HoursConfig::timezone).doc("Name of the time zone, e.g. Asia/Shanghai or Europe/Berlin");
  s.rule("timezone", [](const HoursConfig& c) -> std::string {
    const bool said = !c.week.empty() || c.timezone != HoursConfig{}.timezone;
    return !said || zone_named(c.timezone)
               ? ""
               : "unknown time zone; expected a name like Asia/Shanghai, of the package tzdata";
  });
  s.optional("week", &HoursConfig::week)
      .doc(
          "Hours of each day, e.g. {mon: [\"09:00-12:00\", \"13:00-18:00\"], sat: [\"10:00-16:00\"]}; days that are "
          "not "
          "named are closed. Empty: always open");
  s.rule("week", [](const HoursConfig& c) -> std::string {
    for (const auto& [day, spans] : c.week) {
      if (std::find(kDays.begin(), kDays.end(), day) == kDays.end())
        return fmt::format("unknown day \"{}\"; expected mon, tue, wed, thu, fri, sat or sun", day);
      for (const std::string& text : spans) {
        if (!span(text)) return fmt::format("{}: expected hours like 09:00-18:00, got \"{}\"", day, text);
      }
    }
    return {};
  });
  s.optional("holidays", &HoursConfig::holidays).max_items(1000).doc("Days on which nobody answers, e.g. 2026-10-01");
  s.rule("holidays", [](const HoursConfig& c) -> std::string {
    for (const std::string& day : c.holidays) {
      if (!day_of(day)) return fmt::format("expected a date like 2026-10-01, got \"{}\"", day);
    }
    return {};
  });
}

struct OpeningHours::Parts {
  const date::time_zone* zone = nullptr;  // unset when `always`
  bool always = true;
  std::array<std::vector<Span>, 7> week;
  std::set<std::int64_t> holidays;

  struct Local {
    std::int64_t day;  // since 1970
    int minute;
  };
  [[nodiscard]] Local local(Time at) const {
    const auto ahead =
        zone ? zone->get_info(std::chrono::floor<std::chrono::seconds>(at)).offset : std::chrono::seconds(0);
    const auto clock = at + ahead;
    const std::int64_t all = std::chrono::floor<std::chrono::minutes>(clock).time_since_epoch().count();
    return {all / kDayMinutes, static_cast<int>(all % kDayMinutes)};
  }
  /// Monday is 0; 1970 began on a Thursday.
  static std::size_t weekday(std::int64_t day) { return static_cast<std::size_t>((day + 3) % 7); }
  [[nodiscard]] const std::vector<Span>& hours(std::int64_t day) const {
    static const std::vector<Span> kNone;
    return holidays.contains(day) ? kNone : week[weekday(day)];
  }
};

OpeningHours::OpeningHours(const HoursConfig& config) : parts_(std::make_unique<Parts>()) {
  for (std::size_t d = 0; d < kDays.size(); ++d) {
    const auto day = config.week.find(kDays[d]);
    if (day == config.week.end()) continue;
    for (const std::string& text : day->second) {
      parts_->week[d].push_back(span(text).value_or(Span{}));
      parts_->always = false;
    }
    std::sort(parts_->week[d].begin(), parts_->week[d].end(), [](Span a, Span b) { return a.from < b.from; });
  }
  if (!parts_->always) parts_->zone = zone_named(config.timezone);
  for (const std::string& day : config.holidays) parts_->holidays.insert(day_of(day).value_or(-1));
}
OpeningHours::~OpeningHours() = default;
OpeningHours::OpeningHours(OpeningHours&&) noexcept = default;
OpeningHours& OpeningHours::operator=(OpeningHours&&) noexcept = default;

bool OpeningHours::open(Time at) const {
  if (parts_->always) return true;
  const auto [day, minute] = parts_->local(at);
  const auto& spans = parts_->hours(day);
  return std::any_of(spans.begin(), spans.end(), [m = minute](Span s) { return m >= s.from && m < s.to; });
}

std::optional<Time> OpeningHours::next_opening(Time at) const {
  if (open(at)) return at;
  const auto now = parts_->local(at);
  for (std::int64_t ahead = 0; ahead <= kLookAhead; ++ahead) {
    for (const Span s : parts_->hours(now.day + ahead)) {
      const std::int64_t wait = ahead * kDayMinutes + s.from - now.minute;
      if (wait <= 0) continue;
      const auto whole = std::chrono::floor<std::chrono::minutes>(at) + std::chrono::minutes(wait);
      // A clock that was put forward or back in between.
      const auto then = parts_->local(std::chrono::time_point_cast<std::chrono::microseconds>(whole));
      return std::chrono::time_point_cast<std::chrono::microseconds>(whole +
                                                                     std::chrono::minutes(s.from - then.minute));
    }
  }
  return std::nullopt;
}

std::string OpeningHours::promise(Time at, bool chinese) const {
  const auto next = next_opening(at);
  if (!next) {
    return chinese ? "现在是非工作时间，您的留言已经收到，同事上班后会第一时间回复您。"
                   : "Nobody is here at the moment. We have your message and will answer it first when we are back.";
  }
  const auto now = parts_->local(at);
  const auto then = parts_->local(*next);
  const std::string clock = fmt::format("{:02}:{:02}", then.minute / 60, then.minute % 60);
  const auto days = then.day - now.day;
  const std::size_t weekday = Parts::weekday(then.day);
  if (chinese) {
    const std::string when = days == 0   ? "今天 " + clock
                             : days == 1 ? "明天 " + clock
                             : days < 7  ? fmt::format("{} {}", kDaysZh[weekday], clock)
                                         : fmt::format("{} 天后的 {}", days, clock);
    return fmt::format("现在是非工作时间，您的留言已经收到。同事{}上班，会第一时间回复您，您不用再说一遍。", when);
  }
  const std::string when = days == 0   ? "today at " + clock
                           : days == 1 ? "tomorrow at " + clock
                           : days < 7  ? fmt::format("on {} at {}", kDaysEn[weekday], clock)
                                       : fmt::format("in {} days at {}", days, clock);
  return fmt::format("Nobody is here at the moment. We have your message and will answer it first when we are back {}.",
                     when);
}

}  // namespace qiao::routing
