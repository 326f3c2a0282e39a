#include "plugins/routing/time_zone.hpp"

#include <gtest/gtest.h>

#include <random>

namespace qiao::routing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

std::chrono::seconds ahead(const char* zone, const char* at) {
  const auto found = TimeZone::named(zone);
  if (!found) {
    ADD_FAILURE() << "no zone " << zone;
    return {};
  }
  return found->ahead(*from_iso8601(at));
}

void append_number(std::string& bytes, std::uint64_t value, int size) {
  for (int i = size - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
}

/// A file of the table with one change, from `before` to `then`, and a rule for what follows.
std::string table(std::int64_t change, std::int32_t before, std::int32_t then, const std::string& rule) {
  std::string bytes;
  for (const int size : {4, 8}) {
    bytes += "TZif2" + std::string(15, '\0');
    for (const std::uint64_t count : {0, 0, 0, 1, 2, 4}) append_number(bytes, count, 4);
    append_number(bytes, static_cast<std::uint64_t>(change), size);
    bytes += '\1';
    for (const std::int32_t one : {before, then}) {
      append_number(bytes, static_cast<std::uint32_t>(one), 4);
      bytes += std::string(2, '\0');
    }
    bytes += std::string("ABC\0", 4);
  }
  return bytes + "\n" + rule + "\n";
}

std::chrono::seconds by_rule(const std::string& rule, const char* at) {
  const auto zone = TimeZone::parse(table(0, 0, 0, rule));
  if (!zone) {
    ADD_FAILURE() << "refused: " << rule;
    return {};
  }
  return zone->ahead(*from_iso8601(at));
}

TEST(TimeZone, KnowsHowFarItsClocksAreAhead) {
  EXPECT_EQ(ahead("Asia/Shanghai", "2026-11-22T00:00:00Z"), hours(8));
  EXPECT_EQ(ahead("Asia/Kolkata", "2026-11-22T00:00:00Z"), hours(5) + minutes(30));
  EXPECT_EQ(ahead("America/New_York", "2026-11-22T00:00:00Z"), -hours(5));
  EXPECT_EQ(ahead("Etc/UTC", "2026-11-22T00:00:00Z"), hours(0));
}

TEST(TimeZone, ChangesTheClocksInTheSecondInWhichTheyAreChanged) {
  EXPECT_EQ(ahead("Europe/Berlin", "2026-10-25T00:59:59Z"), hours(2));
  EXPECT_EQ(ahead("Europe/Berlin", "2026-10-25T01:00:00Z"), hours(1));
  EXPECT_EQ(ahead("Europe/Berlin", "2027-03-28T00:59:59Z"), hours(1));
  EXPECT_EQ(ahead("Europe/Berlin", "2027-03-28T01:00:00Z"), hours(2));
  EXPECT_EQ(ahead("Australia/Sydney", "2026-12-24T00:00:00Z"), hours(11)) << "summer is at the turn of the year";
}

TEST(TimeZone, GoesOnByItsRuleAfterTheLastChangeThatIsListed) {
  EXPECT_EQ(ahead("Europe/Berlin", "2090-07-01T00:00:00Z"), hours(2));
  EXPECT_EQ(ahead("Europe/Berlin", "2090-12-01T00:00:00Z"), hours(1));
  EXPECT_EQ(by_rule("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T00:59:59Z"), hours(2));
  EXPECT_EQ(by_rule("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00Z"), hours(1));
  EXPECT_EQ(by_rule("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-12-31T23:00:00Z"), hours(11));
  EXPECT_EQ(by_rule("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-07-01T00:00:00Z"), hours(10));
  EXPECT_EQ(by_rule("<+0330>-3:30", "2026-07-01T00:00:00Z"), hours(3) + minutes(30));
  EXPECT_EQ(by_rule("IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-26T23:59:59Z"), hours(2)) << "the 26th hour of a Thursday";
  EXPECT_EQ(by_rule("IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-27T00:00:00Z"), hours(3));
  EXPECT_EQ(by_rule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z"), -hours(1)) << "an hour before midnight";
  EXPECT_EQ(by_rule("AAA0BBB,J60/0,J300/0", "2028-02-29T12:00:00Z"), hours(0)) << "J60 is always 1 March";
  EXPECT_EQ(by_rule("AAA0BBB,J60/0,J300/0", "2028-03-01T00:00:00Z"), hours(1));
  EXPECT_EQ(by_rule("AAA0BBB,59/0,300/0", "2028-02-29T00:00:00Z"), hours(1)) << "59 is the 60th day";
}

TEST(TimeZone, BeforeTheFirstChangeTheFirstKindHolds) {
  const auto zone = TimeZone::parse(table(1'000, 3600, 7200, "ABC-2"));
  ASSERT_TRUE(zone);
  EXPECT_EQ(zone->ahead(from_micros(999'999'999)), hours(1));
  EXPECT_EQ(zone->ahead(from_micros(1'000'000'000)), hours(2));
}

TEST(TimeZone, WhatTheTableDoesNotHaveIsNoZone) {
  for (const char* name :
       {"", "Asia", "Asia/Nowhere", "../../etc/passwd", "/etc/passwd", "tzdata.zi", "Asia/Shang hai"}) {
    EXPECT_FALSE(TimeZone::named(name)) << name;
  }
}

TEST(TimeZone, AnyOtherBytesAreRefusedOrRead) {
  const std::string good = table(1'000, 3600, 7200, "CET-1CEST,M3.5.0,M10.5.0/3");
  ASSERT_TRUE(TimeZone::parse(good));
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(TimeZone::parse(good.substr(0, size))) << size;
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good;
    for (int n = 0; n < 3; ++n) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (const auto zone = TimeZone::parse(bytes)) static_cast<void>(zone->ahead(from_micros(0)));
  }
  for (const char* rule : {"CET", "CET-25", "CET-1CEST", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/3,"}) {
    EXPECT_FALSE(TimeZone::parse(table(0, 0, 0, rule))) << rule;
  }
}

}  // namespace
}  // namespace qiao::routing
