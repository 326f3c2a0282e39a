#include "plugins/inbox/queue.hpp"

#include <gmock/gmock.h>

namespace qiao::inbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

QueueBoard::Ticket ticket(std::int64_t id, std::int64_t at, std::int32_t rank = 10) {
  return {rank, from_micros(at), Id{id}};
}

std::map<std::int64_t, std::int32_t> places(QueueBoard& board) {
  std::map<std::int64_t, std::int32_t> told;
  for (const QueueBoard::Move& move : board.moves()) told[move.conversation.value] = move.place;
  return told;
}

TEST(QueueBoard, ServesByRankThenByTime) {
  QueueBoard board;
  board.put("sales", ticket(1, 100));
  board.put("sales", ticket(2, 50));
  board.put("sales", ticket(3, 200, 5));
  EXPECT_THAT(board.line("sales", 0, 10), ElementsAre(Id{3}, Id{2}, Id{1}));
  EXPECT_THAT(board.line("sales", 1, 1), ElementsAre(Id{2}));
  EXPECT_EQ(board.ahead_of("sales", ticket(9, 150)), 3);
  EXPECT_EQ(board.ahead_of("sales", ticket(2, 50)), 1);
  EXPECT_EQ(board.ahead_of("nobody", ticket(2, 50)), 0);
}

TEST(QueueBoard, TellsEachPlaceOnceAndAgainWhenItChanges) {
  QueueBoard board;
  board.put("sales", ticket(1, 1));
  board.put("sales", ticket(2, 2));
  board.put("sales", ticket(3, 3));
  EXPECT_EQ(places(board), (std::map<std::int64_t, std::int32_t>{{1, 1}, {2, 2}, {3, 3}}));
  EXPECT_THAT(places(board), IsEmpty());
  EXPECT_TRUE(board.remove(Id{2}));
  EXPECT_FALSE(board.remove(Id{2}));
  EXPECT_EQ(places(board), (std::map<std::int64_t, std::int32_t>{{3, 2}}));
}

TEST(QueueBoard, TellsTheBackOfALongQueueInTenths) {
  QueueBoard board;
  for (std::int64_t i = 1; i <= 200; ++i) board.put("sales", ticket(i, i));
  EXPECT_THAT(places(board), SizeIs(200));
  board.remove(Id{1});
  EXPECT_THAT(places(board), SizeIs(20));  // the new places 1 to 20
  for (std::int64_t i = 2; i <= 30; ++i) board.remove(Id{i});
  EXPECT_THAT(places(board), SizeIs(170));
}

TEST(QueueBoard, MovesBetweenGroups) {
  QueueBoard board;
  board.put("sales", ticket(1, 1));
  board.put("finance", ticket(1, 1));
  EXPECT_THAT(board.groups(), ElementsAre("finance"));
  EXPECT_EQ(board.size(), 1u);
}

TEST(QueueBoard, EstimatesByTheLatestPace) {
  QueueBoard board;
  board.put("sales", ticket(1, 1));
  EXPECT_EQ(board.estimate("sales", 3), 0);
  board.learn_pace("sales", 2, 120);
  EXPECT_EQ(board.estimate("sales", 3), 180);
}

TEST(AgentLoads, CountsReservedConversationsOnce) {
  AgentLoads loads;
  loads.reserve(Id{1}, Id{7});
  EXPECT_EQ(loads.of(Id{7}), 1);
  loads.set(Id{1}, Id{7});
  EXPECT_EQ(loads.of(Id{7}), 1);
  loads.release(Id{1});
  EXPECT_EQ(loads.of(Id{7}), 1);
  loads.set(Id{1}, Id{8});
  EXPECT_EQ(loads.of(Id{7}), 0);
  EXPECT_EQ(loads.of(Id{8}), 1);
  loads.set(Id{1}, Id{});
  EXPECT_THAT(loads.all(), IsEmpty());
}

TEST(AgentLoads, GivesAReservationBack) {
  AgentLoads loads;
  loads.reserve(Id{1}, Id{7});
  loads.reserve(Id{1}, Id{8});
  EXPECT_EQ(loads.of(Id{7}), 0);
  loads.release(Id{1});
  EXPECT_EQ(loads.of(Id{8}), 0);
}

}  // namespace
}  // namespace qiao::inbox
