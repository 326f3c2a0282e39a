#include "plugins/accounts/session_table.hpp"

#include <gtest/gtest.h>

#include "plugins/accounts/tokens.hpp"

namespace qiao::accounts {
namespace {

using namespace std::chrono_literals;

/// Two hands, turned separately: a machine's wall clock jumps, its steady clock does not.
class TwoClocks final : public Clock {
 public:
  Time wall = from_micros(1'800'000'000'000'000);
  SteadyTime steady_now = SteadyTime{} + 1000h;
  [[nodiscard]] Time now() const override { return wall; }
  [[nodiscard]] SteadyTime steady() const override { return steady_now; }
  void advance(std::chrono::microseconds by) {
    wall += by;
    steady_now += by;
  }
};

struct SessionTableTest : testing::Test {
  TwoClocks clock;
  SessionTable table{clock, 30min, 12h};
  SessionRecord session(std::int64_t id, const std::string& token) const {
    return {Id{id}, Id{7}, token_hash(token), "192.0.2.1", "browser", clock.wall, clock.wall};
  }
};

TEST_F(SessionTableTest, KnowsASessionByItsTokenOnly) {
  ASSERT_TRUE(table.put(session(1, "secret")));
  ASSERT_TRUE(table.use("secret"));
  EXPECT_EQ(table.use("secret")->id, Id{1});
  EXPECT_FALSE(table.use("Secret"));
  EXPECT_FALSE(table.use(token_hash("secret")));
}

TEST_F(SessionTableTest, EndsAfterThirtyMinutesWithoutUse) {
  table.put(session(1, "secret"));
  clock.advance(29min);
  EXPECT_TRUE(table.use("secret"));
  clock.advance(29min);
  EXPECT_TRUE(table.use("secret"));
  clock.advance(30min);
  EXPECT_FALSE(table.use("secret"));
  ASSERT_EQ(table.take_expired().size(), 1u);
  EXPECT_EQ(table.size(), 0u);
}

TEST_F(SessionTableTest, EndsAfterTwelveHoursHoweverBusy) {
  table.put(session(1, "secret"));
  for (int i = 0; i < 12 * 3 - 1; ++i) {
    clock.advance(20min);
    ASSERT_TRUE(table.use("secret"));
  }
  clock.advance(20min);
  EXPECT_FALSE(table.use("secret"));
}

TEST_F(SessionTableTest, AWallClockThatJumpsNeitherEndsNorRevives) {
  table.put(session(1, "secret"));
  clock.wall += 48h;
  EXPECT_TRUE(table.use("secret"));
  clock.wall -= 48h;
  clock.advance(31min);
  clock.wall -= 1h;
  EXPECT_FALSE(table.use("secret"));
}

TEST_F(SessionTableTest, AfterARestartTheTimeAlreadyUsedCounts) {
  SessionRecord old = session(1, "secret");
  old.created_at = clock.wall - 11h;
  old.seen_at = clock.wall - 29min;
  ASSERT_TRUE(table.put(old));
  clock.advance(1min);
  EXPECT_FALSE(table.use("secret"));

  SessionRecord over = session(2, "other");
  over.seen_at = clock.wall - 31min;
  EXPECT_FALSE(table.put(over));
  over.created_at = clock.wall - 12h;
  over.seen_at = clock.wall;
  EXPECT_FALSE(table.put(over));
}

TEST_F(SessionTableTest, ARemovedSessionIsGoneAtOnce) {
  table.put(session(1, "secret"));
  ASSERT_TRUE(table.remove(Id{1}));
  EXPECT_FALSE(table.use("secret"));
  EXPECT_FALSE(table.remove(Id{1}));
}

TEST_F(SessionTableTest, TellsWhichSessionsWereUsedSinceTheLastSave) {
  table.put(session(1, "a"));
  table.put(session(2, "b"));
  EXPECT_TRUE(table.take_used().empty());
  clock.advance(1min);
  (void)table.use("b");
  const auto used = table.take_used();
  ASSERT_EQ(used.size(), 1u);
  EXPECT_EQ(used[0].id, Id{2});
  EXPECT_EQ(used[0].seen_at, clock.wall);
  EXPECT_TRUE(table.take_used().empty());
}

TEST_F(SessionTableTest, ListsAnAgentsSessionsOldestFirst) {
  table.put(session(2, "b"));
  table.put(session(1, "a"));
  SessionRecord other = session(3, "c");
  other.agent = Id{8};
  table.put(other);
  const auto mine = table.of(Id{7});
  ASSERT_EQ(mine.size(), 2u);
  EXPECT_EQ(mine[0].id, Id{1});
}

}  // namespace
}  // namespace qiao::accounts
