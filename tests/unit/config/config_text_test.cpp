#include <gtest/gtest.h>

#include <sstream>

#include "qiao/config.hpp"

namespace qiao {
namespace {

using namespace std::chrono_literals;

TEST(Durations, AreReadWithTheirUnit) {
  EXPECT_EQ(*parse_duration("250us"), 250us);
  EXPECT_EQ(*parse_duration("300ms"), 300ms);
  EXPECT_EQ(*parse_duration("5s"), 5s);
  EXPECT_EQ(*parse_duration("2m"), 2min);
  EXPECT_EQ(*parse_duration("1h"), 1h);
  EXPECT_EQ(*parse_duration("7d"), 168h);
  EXPECT_EQ(*parse_duration("0s"), 0s);
}

TEST(Durations, AreRefusedWithoutAClearUnit) {
  for (const char* text :
       {"", "5", "s", "-5s", "05s", "1.5s", "5 s", "5S", "5sec", "1h30m", "99999999999999999999s", "4000d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_EQ(parse_duration("5min").error().message,
            "expected a duration such as 300ms, 5s, 2m, 1h or 7d, got \"5min\"; did you mean \"5m\"?");
}

TEST(Durations, ArePrintedInTheLargestUnitThatFits) {
  EXPECT_EQ(duration_text(0us), "0s");
  EXPECT_EQ(duration_text(1500ms), "1500ms");
  EXPECT_EQ(duration_text(90s), "90s");
  EXPECT_EQ(duration_text(120s), "2m");
  EXPECT_EQ(duration_text(48h), "2d");
  EXPECT_EQ(duration_text(7us), "7us");
}

TEST(Sizes, AreReadInPowersOf1024) {
  EXPECT_EQ(*parse_bytes("512B"), 512_B);
  EXPECT_EQ(*parse_bytes("64KB"), 64_KB);
  EXPECT_EQ(*parse_bytes("64KiB"), 64_KB);
  EXPECT_EQ(*parse_bytes("10MB"), 10_MB);
  EXPECT_EQ(*parse_bytes("2GB"), 2_GB);
  EXPECT_FALSE(parse_bytes("9999999999GB"));
  EXPECT_EQ(parse_bytes("64k").error().message,
            "expected a size such as 64KB or 10MB, got \"64k\"; did you mean \"64KB\"?");
}

TEST(Sizes, ArePrintedInTheLargestUnitThatFits) {
  EXPECT_EQ(to_string(64_KB), "64KB");
  EXPECT_EQ(to_string(1500_B), "1500B");
  EXPECT_EQ(to_string(3_GB), "3GB");
  EXPECT_EQ(to_string(0_B), "0B");
}

TEST(Secrets, NeverShow) {
  const Secret secret("canary");
  std::ostringstream stream;
  stream << secret;
  EXPECT_EQ(stream.str(), "***");
  EXPECT_EQ(fmt::format("{} {:>5}", secret, secret), "***   ***");
  EXPECT_EQ(secret.reveal(), "canary");
}

TEST(NearestName, FindsTypingSlips) {
  const std::vector<std::string> names = {"endpoint", "timeout", "token", "cache"};
  EXPECT_EQ(nearest_name("timout", names), "timeout");
  EXPECT_EQ(nearest_name("endpiont", names), "endpoint");
  EXPECT_EQ(nearest_name("tokne", names), "token");
  EXPECT_EQ(nearest_name("colour", names), "");
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name(std::string(10000, 'a'), names), "");
}

}  // namespace
}  // namespace qiao
