#include "plugins/accounts/login_guard.hpp"

#include <gtest/gtest.h>

namespace qiao::accounts {
namespace {

using namespace std::chrono_literals;

struct GuardTest : testing::Test {
  LoginGuard guard{5, 5min};
  SteadyTime now = SteadyTime{} + 100h;
  int addresses = 0;

  /// From a new address each time, so that only the account counts.
  Result<void> try_from_anywhere(const std::string& login) {
    return guard.begin(login, "10.0.0." + std::to_string(++addresses), now);
  }
};

TEST_F(GuardTest, FourWrongPasswordsCostNoWaiting) {
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(try_from_anywhere("liting"));
  EXPECT_TRUE(try_from_anywhere("liting"));
}

TEST_F(GuardTest, FromTheFifthFailureTheWaitDoublesUpTo300Seconds) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(try_from_anywhere("liting"));
  for (const auto wait : {1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 300s, 300s}) {
    auto refused = try_from_anywhere("liting");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::rate_limited);
    EXPECT_EQ(refused.error().retry_after, wait);
    now += wait - 1ms;
    ASSERT_FALSE(try_from_anywhere("liting"));
    now += 1ms;
    ASSERT_TRUE(try_from_anywhere("liting"));
  }
}

TEST_F(GuardTest, RefusedAttemptsDoNotExtendTheWaitSoTheOwnerGetsIn) {
  for (int i = 0; i < 1000; ++i) {
    (void)try_from_anywhere("liting");
    now += 10ms;
  }
  now += 300s;
  EXPECT_TRUE(try_from_anywhere("liting"));
  guard.succeeded("liting", "10.0.0." + std::to_string(addresses));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(try_from_anywhere("liting"));
}

TEST_F(GuardTest, AnAddressHasABudgetOfWrongLoginsInAWindow) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(guard.begin("user" + std::to_string(i), "192.0.2.7", now));
  auto refused = guard.begin("another", "192.0.2.7", now + 1min);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().retry_after, 4min);
  EXPECT_TRUE(guard.begin("another", "192.0.2.8", now + 1min));
  EXPECT_TRUE(guard.begin("another", "192.0.2.7", now + 5min));
}

TEST_F(GuardTest, RightLoginsDoNotUseUpTheBudgetOfAnOffice) {
  for (int i = 0; i < 100; ++i) {
    const std::string login = "agent" + std::to_string(i);
    ASSERT_TRUE(guard.begin(login, "192.0.2.7", now));
    guard.succeeded(login, "192.0.2.7");
  }
}

TEST_F(GuardTest, ManyGuessesAtOnceGainNothing) {
  int tried = 0;
  for (int i = 0; i < 50; ++i) tried += try_from_anywhere("liting") ? 1 : 0;
  EXPECT_EQ(tried, 5);
}

TEST_F(GuardTest, AWithdrawnAttemptDoesNotCount) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(guard.begin("liting", "192.0.2.7", now));
    guard.withdrawn("liting", "192.0.2.7");
  }
}

TEST_F(GuardTest, OldFailuresAreForgotten) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(try_from_anywhere("liting"));
  now += 2h;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(try_from_anywhere("liting"));
}

TEST_F(GuardTest, ManyNamesDoNotFillTheMemory) {
  for (int i = 0; i < 30'000; ++i) (void)guard.begin("name" + std::to_string(i), "address" + std::to_string(i), now);
  EXPECT_TRUE(try_from_anywhere("liting"));
}

}  // namespace
}  // namespace qiao::accounts
