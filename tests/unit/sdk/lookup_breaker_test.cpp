#include "sdk/src/lookup_breaker.hpp"

#include <gtest/gtest.h>

namespace qiao::detail {
namespace {

using namespace std::chrono_literals;
const SteadyTime kStart{1h};

TEST(Breaker, OpensAtFiveFailuresInARow) {
  Breaker breaker(5, 5s);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.count(false, kStart));
  EXPECT_FALSE(breaker.count(true, kStart));
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.count(false, kStart));
  EXPECT_TRUE(breaker.count(false, kStart));
  EXPECT_TRUE(breaker.open());
  EXPECT_EQ(breaker.probe_at(), kStart + 5s);
}

TEST(Breaker, OpensWhenHalfOfTwentyWithinTenSecondsFail) {
  Breaker breaker(5, 5s);
  for (int i = 0; i < 9; ++i) {
    EXPECT_FALSE(breaker.count(true, kStart + i * 500ms));
    EXPECT_FALSE(breaker.count(false, kStart + i * 500ms));
  }
  EXPECT_FALSE(breaker.count(true, kStart + 5s));
  EXPECT_TRUE(breaker.count(false, kStart + 5s));
}

TEST(Breaker, WhatIsOlderThanTenSecondsDoesNotCount) {
  Breaker breaker(5, 5s);
  for (int i = 0; i < 9; ++i) {
    breaker.count(true, kStart);
    breaker.count(false, kStart);
  }
  breaker.count(true, kStart + 11s);
  EXPECT_FALSE(breaker.count(false, kStart + 11s));
}

TEST(Breaker, ProbesAtDoublingIntervalsUpToAMinuteUntilOneSucceeds) {
  Breaker breaker(1, 5s);
  SteadyTime now = kStart;
  breaker.count(false, now);
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 6; ++i) {
    waits.push_back(std::chrono::duration_cast<std::chrono::seconds>(breaker.probe_at() - now).count());
    now = breaker.probe_at();
    breaker.probed(false, now);
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{5, 10, 20, 40, 60, 60}));
  breaker.probed(true, now);
  EXPECT_FALSE(breaker.open());
  breaker.count(false, now);
  EXPECT_EQ(breaker.probe_at(), now + 5s);
}

}  // namespace
}  // namespace qiao::detail
