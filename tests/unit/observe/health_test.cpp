#include "core/observe/health.hpp"

#include <gmock/gmock.h>

namespace qiao::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(HealthBoard, IsAsGoodAsItsWorstInstance) {
  HealthBoard board;
  EXPECT_EQ(board.overall(), Health::State::ok);
  Health& inbox = board.for_instance("inbox");
  Health& erp = board.for_instance("stock");
  erp.report(Health::State::degraded, "the ERP answers slowly");
  EXPECT_EQ(board.overall(), Health::State::degraded);
  inbox.report(Health::State::failed, "no database");
  EXPECT_EQ(board.overall(), Health::State::failed);
  inbox.report(Health::State::ok);
  const auto all = board.snapshot();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].instance, "inbox");
  EXPECT_EQ(all[0].reason, "");
  EXPECT_EQ(all[1].reason, "the ERP answers slowly");
}

TEST(HealthBoard, TellsEachChangeOnce) {
  std::vector<std::string> told;
  HealthBoard board(system_clock(), [&](const HealthBoard::Entry& now, Health::State before) {
    told.push_back(fmt::format("{} {}->{}: {}", now.instance, to_string(before), to_string(now.state), now.reason));
  });
  Health& health = board.for_instance("stock");
  health.report(Health::State::ok);
  health.report(Health::State::degraded, "slow");
  health.report(Health::State::degraded, "slow");
  health.report(Health::State::degraded, "slower");
  health.report(Health::State::ok);
  EXPECT_THAT(told,
              ElementsAre("stock ok->degraded: slow", "stock degraded->degraded: slower", "stock degraded->ok: "));
}

TEST(HealthBoard, ForgetsAnInstanceThatEnded) {
  HealthBoard board;
  board.for_instance("stock").report(Health::State::failed, "gone");
  board.forget("stock");
  EXPECT_THAT(board.snapshot(), IsEmpty());
  EXPECT_EQ(board.overall(), Health::State::ok);
  board.for_instance("stock").report(Health::State::degraded, "back");
  EXPECT_THAT(board.snapshot(), SizeIs(1));
}

}  // namespace
}  // namespace qiao::core
