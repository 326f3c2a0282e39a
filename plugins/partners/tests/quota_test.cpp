#include "plugins/partners/quota.hpp"

#include <gtest/gtest.h>

#include "plugins/partners/key_usage.hpp"
#include "qiao/testkit/manual_clock.hpp"

namespace qiao::partners {
namespace {

using namespace std::chrono_literals;

struct QuotaTest : testing::Test {
  testkit::ManualClock clock;
  Quota quota;
  QuotaState take(const Allowance& allowance = {3, 5, 0}) { return quota.take(clock.now(), allowance, "10.0.0.1"); }
};

TEST_F(QuotaTest, CountsDownWithinAMinuteAndBeginsAnew) {
  for (int left : {2, 1, 0}) {
    const QuotaState state = take();
    EXPECT_TRUE(state.granted);
    EXPECT_EQ(state.remaining, left);
    EXPECT_EQ(state.limit, 3);
  }
  const QuotaState refused = take();
  EXPECT_FALSE(refused.granted);
  EXPECT_EQ(refused.reset_seconds, 60);
  clock.advance(59s);
  EXPECT_FALSE(take().granted);
  clock.advance(1s);
  EXPECT_TRUE(take().granted);
}

TEST_F(QuotaTest, TheDayEndsAtMidnightOfUtcAndTellsWhen) {
  for (int minute = 0; minute < 2; ++minute) {
    for (int i = 0; i < 3; ++i) (void)take();
    clock.advance(1min);
  }
  const QuotaState refused = take();
  EXPECT_FALSE(refused.granted);
  EXPECT_EQ(refused.limit, 5);
  EXPECT_EQ(refused.reset_seconds, 15 * 3600 - 120);  // the clock began at nine
  EXPECT_EQ(quota.used_today(clock.now()), 5);
  clock.advance(15h);
  EXPECT_TRUE(take().granted);
  EXPECT_EQ(quota.used_today(clock.now()), 1);
}

TEST_F(QuotaTest, GoesOnWithWhatTheDayHadBeforeARestart) {
  quota.start_day(clock.now(), 4);
  EXPECT_TRUE(take().granted);
  EXPECT_FALSE(take().granted);
}

TEST_F(QuotaTest, AnAddressHasAShareOfItsOwn) {
  const Allowance allowance{100, 1000, 2};
  EXPECT_EQ(take(allowance).limit, 2);
  EXPECT_TRUE(take(allowance).granted);
  EXPECT_FALSE(take(allowance).granted);
  EXPECT_TRUE(quota.take(clock.now(), allowance, "10.0.0.2").granted);
  clock.advance(1min);
  EXPECT_TRUE(take(allowance).granted);
}

TEST(KeyUsage, CountsByStatusAndTakesBackWhatCouldNotBeStored) {
  KeyUsage usage;
  usage.count(200, from_micros(5));
  usage.count(200, from_micros(7));
  usage.count(418, from_micros(6));
  auto counts = usage.take();
  EXPECT_EQ(counts, (std::map<int, std::int64_t>{{200, 2}, {500, 1}}));
  EXPECT_TRUE(usage.take().empty());
  usage.put_back(counts);
  EXPECT_EQ(usage.take(), counts);
}

TEST(KeyUsage, ADayIsADateAndNothingElse) {
  EXPECT_EQ(day_of(from_micros(0)), "1970-01-01");
  EXPECT_TRUE(is_day("2026-11-22"));
  for (const char* wrong : {"", "2026-11-32", "2026-1-2", "22.11.2026", "2026-11-22T00"}) EXPECT_FALSE(is_day(wrong));
}

}  // namespace
}  // namespace qiao::partners
