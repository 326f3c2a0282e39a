#include "connectors/channel/rate.hpp"

#include <gtest/gtest.h>

#include "qiao/testkit/manual_clock.hpp"

namespace qiao::channel {
namespace {

using namespace std::chrono_literals;

TEST(Rate, LetsASecondsWorthGoAndThenOneAtATime) {
  testkit::ManualClock clock;
  Rate rate(clock, 5);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(rate.take(), 0ms);
  EXPECT_EQ(rate.take(), 200ms);
  clock.advance(200ms);
  EXPECT_EQ(rate.take(), 0ms);
  EXPECT_GT(rate.take(), 0ms);
}

TEST(Rate, CountsLessThanOneASecond) {
  testkit::ManualClock clock;
  Rate rate(clock, 0.1);
  EXPECT_EQ(rate.take(), 0ms);
  EXPECT_EQ(rate.take(), 10s);
  clock.advance(10s);
  EXPECT_EQ(rate.take(), 0ms);
}

TEST(Rate, HoldsEverybodyWhenThePlatformSaysSo) {
  testkit::ManualClock clock;
  Rate rate(clock, 100);
  rate.hold(3s);
  EXPECT_EQ(rate.take(), 3s);
  clock.advance(3s);
  EXPECT_EQ(rate.take(), 0ms);
}

}  // namespace
}  // namespace qiao::channel
