#include "core/archive/schedule.hpp"

#include <gmock/gmock.h>

namespace qiao::core {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// The tests do not depend on the machine's time zone.
class Schedule : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "Asia/Shanghai", 1);
    tzset();
  }
  static Time at(std::string_view name) { return backup_time("backup-" + std::string(name)).value_or(Time{}); }
};

TEST_F(Schedule, NamesTellTheTimeAndSortByIt) {
  const Time noon = at("20261122T120000Z");
  EXPECT_EQ(backup_name(noon), "backup-20261122T120000Z");
  EXPECT_LT(backup_name(noon), backup_name(noon + 1s));
  EXPECT_FALSE(backup_time("backup-20261122T120000Z.part"));
  EXPECT_FALSE(backup_time("backup-2026112xT120000Z"));
  EXPECT_FALSE(backup_time("photos"));
}

TEST_F(Schedule, TimesOfDayAreOfTheClockOnTheWall) {
  EXPECT_EQ(parse_time_of_day("03:30"), 210min);
  EXPECT_FALSE(parse_time_of_day("24:00"));
  EXPECT_FALSE(parse_time_of_day("3:30"));
  EXPECT_FALSE(parse_time_of_day("03:60"));
  const BackupTimes nightly{0ms, 210min};
  EXPECT_EQ(next_backup(nightly, at("20261122T120000Z")), at("20261122T193000Z")) << "03:30 in Shanghai";
  EXPECT_EQ(next_backup(nightly, at("20261122T193000Z")), at("20261123T193000Z"));
  EXPECT_EQ(next_backup(nightly, at("20261122T193001Z")), at("20261123T193000Z"));
}

TEST_F(Schedule, PeriodsCountFromTheLastOne) {
  EXPECT_EQ(next_backup({1h, {}}, at("20261122T120000Z")), at("20261122T130000Z"));
  EXPECT_EQ(longest_gap({1h, {}}), 75min);
  EXPECT_GT(longest_gap({0ms, 210min}), 25h);
}

TEST_F(Schedule, KeepsTheNewestOfEachDayWeekAndMonth) {
  std::vector<Time> taken;
  for (int hour = 0; hour < 24 * 100; ++hour) taken.push_back(at("20260801T000000Z") + std::chrono::hours(hour));
  const auto gone = superfluous(taken, {3, 7, 4, 2});
  EXPECT_LE(taken.size() - gone.size(), 3u + 7u + 4u + 2u) << "some are the newest of a day and of a week";
  EXPECT_GE(taken.size() - gone.size(), 2u + 7u + 2u + 1u);
  std::vector<Time> kept = taken;
  for (const Time at_time : gone) std::erase(kept, at_time);
  EXPECT_THAT(superfluous(kept, {3, 7, 4, 2}), IsEmpty()) << "thinning out twice changes nothing";
  EXPECT_EQ(kept.back(), taken.back());
}

TEST_F(Schedule, AlwaysKeepsTheNewest) {
  const Time one = at("20261122T120000Z");
  EXPECT_THAT(superfluous({one, one - 1h}, {0, 0, 0, 0}), ElementsAre(one - 1h));
  EXPECT_THAT(superfluous({one}, {0, 0, 0, 0}), IsEmpty());
  EXPECT_THAT(superfluous({}, {3, 7, 4, 0}), IsEmpty());
}

TEST_F(Schedule, RetentionOfDailyBackupsReachesItsSteadyState) {
  std::vector<Time> kept;
  for (int day = 0; day < 365; ++day) {
    kept.push_back(at("20260101T193000Z") + std::chrono::hours(24 * day));
    for (const Time gone : superfluous(kept, {1, 7, 4, 12})) std::erase(kept, gone);
  }
  EXPECT_LE(kept.size(), 7u + 4u + 12u);
  EXPECT_GE(kept.size(), 7u + 2u + 10u);
}

}  // namespace
}  // namespace qiao::core
