#include "plugins/routing/time_zone.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace qiao::routing {
namespace {

constexpr std::size_t kHeaderBytes = 44;
constexpr std::int64_t kDay = 86'400;
constexpr std::size_t kLargestFile = 1 << 20;

using std::chrono::sys_days;

std::int64_t days_of(std::chrono::year_month_day date) { return sys_days(date).time_since_epoch().count(); }

/// Reads numbers and names off the front of a text; after the first that is missing it stays failed.
struct Scanner {
  std::string_view rest;
  bool ok = true;

  [[nodiscard]] bool at(char c) const { return !rest.empty() && rest.front() == c; }
  bool take(char c) {
    if (!at(c)) return false;
    rest.remove_prefix(1);
    return true;
  }
  int number(int least, int most) {
    int value = 0;
    std::size_t digits = 0;
    for (; digits < rest.size() && digits < 4 && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
      value = value * 10 + (rest[digits] - '0');
    }
    ok = ok && digits > 0 && value >= least && value <= most;
    rest.remove_prefix(digits);
    return value;
  }
  /// The short name of a zone, "CET" or "<+0330>"; nobody is shown it.
  void skip_name() {
    const bool quoted = take('<');
    const auto end = std::find_if(rest.begin(), rest.end(), [&](char c) {
      return quoted ? c == '>' : (c < 'A' || c > 'Z') && (c < 'a' || c > 'z');
    });
    ok = ok && end != rest.begin();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.begin()));
    if (quoted) ok = take('>') && ok;
  }
  /// "-3", "+5:30", "2:00:00" in seconds.
  std::int64_t clock(int most_hours) {
    const bool negative = take('-');
    if (!negative) static_cast<void>(take('+'));
    std::int64_t seconds = std::int64_t{number(0, most_hours)} * 3600;
    if (take(':')) seconds += std::int64_t{number(0, 59)} * 60;
    if (take(':')) seconds += number(0, 59);
    return negative ? -seconds : seconds;
  }
};

/// "M3.5.0/2": a day of each year, and the time on the clocks of the season that ends then.
struct Change {
  enum class Kind { julian, day, month_week };
  Kind kind = Kind::day;
  int day = 0;  // of the year; of the week, 0 is Sunday
  int month = 0;
  int week = 0;
  std::int64_t time = 2 * 3600;

  static Change read(Scanner& text) {
    Change change;
    if (text.take('M')) {
      change.kind = Kind::month_week;
      change.month = text.number(1, 12);
      text.ok = text.take('.') && text.ok;
      change.week = text.number(1, 5);
      text.ok = text.take('.') && text.ok;
      change.day = text.number(0, 6);
    } else if (text.take('J')) {
      change.kind = Kind::julian;  // 29 February is not counted
      change.day = text.number(1, 365);
    } else {
      change.day = text.number(0, 365);
    }
    if (text.take('/')) change.time = text.clock(167);
    return change;
  }

  /// Seconds since 1970, by those clocks.
  [[nodiscard]] std::int64_t in(std::chrono::year year) const {
    using namespace std::chrono;
    if (kind == Kind::month_week) {
      const weekday wanted(static_cast<unsigned>(day));
      const auto m = year / std::chrono::month(static_cast<unsigned>(month));
      const sys_days date = week == 5 ? sys_days(m / wanted[last]) : sys_days(m / wanted[static_cast<unsigned>(week)]);
      return date.time_since_epoch().count() * kDay + time;
    }
    std::int64_t days = days_of(year / January / 1) + day;
    if (kind == Kind::julian && !(year.is_leap() && day >= 60)) --days;
    return days * kDay + time;
  }
};

/// What holds after the last change that the table lists: "CET-1CEST,M3.5.0,M10.5.0/3".
struct Rule {
  std::int64_t standard = 0;
  std::int64_t summer = 0;
  std::optional<std::array<Change, 2>> changes;  // to summer time and back

  static std::optional<Rule> read(std::string_view from) {
    Scanner text{from};
    Rule rule;
    text.skip_name();
    rule.standard = -text.clock(24);  // written as what is to be added for UTC
    if (text.rest.empty()) return text.ok ? std::optional(rule) : std::nullopt;
    text.skip_name();
    rule.summer = text.at(',') ? rule.standard + 3600 : -text.clock(24);
    text.ok = text.take(',') && text.ok;
    const Change begins = Change::read(text);
    text.ok = text.take(',') && text.ok;
    const Change ends = Change::read(text);
    rule.changes = {begins, ends};
    return text.ok && text.rest.empty() ? std::optional(rule) : std::nullopt;
  }

  [[nodiscard]] std::int64_t ahead(std::int64_t utc) const {
    if (!changes) return standard;
    const auto day =
        std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(utc + standard)));
    const auto year = std::chrono::year_month_day(day).year();
    const std::int64_t begins = (*changes)[0].in(year)-standard;
    const std::int64_t ends = (*changes)[1].in(year)-summer;
    const bool in_summer = begins < ends ? utc >= begins && utc < ends : utc >= begins || utc < ends;
    return in_summer ? summer : standard;
  }
};

/// The blocks of a file: times of change, what holds from each on, and the rule for what comes after.
class Table final : public TimeZone {
 public:
  bool read(std::string_view bytes) {
    const auto first = Counts::read(bytes, 0);
    if (!first || first->version < '2') return false;
    const std::size_t second_at = kHeaderBytes + first->block_bytes(4);
    const auto counts = Counts::read(bytes, second_at);
    if (!counts || counts->types == 0) return false;
    const std::size_t times_at = second_at + kHeaderBytes;
    const std::size_t end = times_at + counts->block_bytes(8);
    if (end > bytes.size()) return false;
    const std::size_t indexes_at = times_at + counts->times * 8;
    const std::size_t types_at = indexes_at + counts->times;
    const auto ahead_of = [&](std::size_t type) {
      return static_cast<std::int64_t>(static_cast<std::int32_t>(big_endian(bytes, types_at + type * 6, 4)));
    };
    before_ = ahead_of(0);
    for (std::size_t i = 0; i < counts->times; ++i) {
      const auto type = static_cast<unsigned char>(bytes[indexes_at + i]);
      if (type >= counts->types) return false;
      changes_.push_back({static_cast<std::int64_t>(big_endian(bytes, times_at + i * 8, 8)), ahead_of(type)});
      if (i > 0 && changes_[i].utc <= changes_[i - 1].utc) return false;
    }
    std::string_view footer = bytes.substr(end);
    if (footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n') return false;
    footer = footer.substr(1, footer.size() - 2);
    if (footer.empty()) return true;
    after_ = Rule::read(footer);
    return after_.has_value();
  }

  [[nodiscard]] std::chrono::seconds ahead(Time at) const override {
    const std::int64_t utc = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
    const auto next =
        std::upper_bound(changes_.begin(), changes_.end(), utc, [](auto when, const auto& c) { return when < c.utc; });
    if (next == changes_.end() && after_) return std::chrono::seconds(after_->ahead(utc));
    return std::chrono::seconds(next == changes_.begin() ? before_ : std::prev(next)->ahead);
  }

 private:
  static std::uint64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
    return value;
  }

  struct Counts {
    char version;
    std::size_t ut, standard, leaps, times, types, letters;

    static std::optional<Counts> read(std::string_view bytes, std::size_t at) {
      if (at + kHeaderBytes > bytes.size() || bytes.substr(at, 4) != "TZif") return std::nullopt;
      std::array<std::size_t, 6> n{};
      for (std::size_t i = 0; i < n.size(); ++i) n[i] = big_endian(bytes, at + 20 + i * 4, 4);
      if (std::any_of(n.begin(), n.end(), [](std::size_t one) { return one > kLargestFile; })) return std::nullopt;
      return Counts{bytes[at + 4], n[0], n[1], n[2], n[3], n[4], n[5]};
    }
    [[nodiscard]] std::size_t block_bytes(std::size_t time_bytes) const {
      return times * (time_bytes + 1) + types * 6 + letters + leaps * (time_bytes + 4) + standard + ut;
    }
  };
  struct From {
    std::int64_t utc;
    std::int64_t ahead;
  };
  std::int64_t before_ = 0;
  std::vector<From> changes_;
  std::optional<Rule> after_;
};

}  // namespace

std::shared_ptr<const TimeZone> TimeZone::parse(std::string_view bytes) {
  auto table = std::make_shared<Table>();
  return table->read(bytes) ? table : nullptr;
}

std::shared_ptr<const TimeZone> TimeZone::named(std::string_view name, const std::filesystem::path& table) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+-/").find(c) != std::string_view::npos;
  });
  if (name.empty() || !plain || name.front() == '/') return nullptr;
  const std::filesystem::path path = table / name;
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed) || std::filesystem::file_size(path, failed) > kLargestFile) {
    return nullptr;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  return parse(bytes);
}

}  // namespace qiao::routing
