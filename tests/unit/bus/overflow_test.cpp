#include <latch>

#include "tests/unit/bus/fixture.hpp"

namespace qiao::core::test {
namespace {

TEST_F(ManualBus, RefusesWhatDoesNotFitAndTellsTheOthers) {
  int small = 0;
  int large = 0;
  auto a = bus.attach("a");
  a->subscribe<Ping>({.capacity = 2, .name = "small"}, [&](const Ping&, const Headers&) { ++small; });
  a->subscribe<Ping>({.name = "large"}, [&](const Ping&, const Headers&) { ++large; });
  a->activate();
  EXPECT_TRUE(a->publish(Ping{}));
  EXPECT_TRUE(a->publish(Ping{}));
  const auto third = a->publish(Ping{});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().name(), "bus.overloaded");
  EXPECT_EQ(third.error().code, Errc::overloaded);
  EXPECT_NE(third.error().message.find("\"small\" of a"), std::string::npos) << third.error().message;
  bus.run_until_idle();
  EXPECT_EQ(small, 2);
  EXPECT_EQ(large, 3);
  EXPECT_EQ(lane("a", "small").rejected, 1u);
  EXPECT_TRUE(a->publish(Ping{})) << "there is room again";
}

TEST_F(ManualBus, CountsTheCapacityForEachPriority) {
  auto a = bus.attach("a");
  a->subscribe<Ping>({.capacity = 1}, [](const Ping&, const Headers&) {});
  a->activate();
  EXPECT_TRUE(a->publish(Ping{}, {.priority = Priority::background}));
  EXPECT_FALSE(a->publish(Ping{}, {.priority = Priority::background}));
  EXPECT_TRUE(a->publish(Ping{}, {.priority = Priority::service}));
}

TEST_F(ManualBus, DropsTheOldestToTheDeadLetters) {
  std::vector<std::int64_t> seen;
  auto a = bus.attach("a");
  a->subscribe<Ping>({.capacity = 2, .overflow = Overflow::drop_oldest},
                     [&](const Ping& p, const Headers&) { seen.push_back(p.number); });
  a->activate();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(a->publish(Ping{i, {}, ""}));
  bus.run_until_idle();
  EXPECT_EQ(seen, (std::vector<std::int64_t>{3, 4}));
  ASSERT_EQ(letters.list().size(), 3u);
  EXPECT_EQ(letters.list()[0].error, "bus.dropped");
  EXPECT_EQ(lane("a").dropped, 3u);
}

TEST_F(ManualBus, NeverDropsPostedWorkForNewerMessages) {
  bool ran = false;
  auto a = bus.attach("a");
  const Lane lane{.capacity = 1, .overflow = Overflow::drop_oldest};
  a->subscribe<Ping>(lane, [](const Ping&, const Headers&) {});
  a->activate();
  ASSERT_TRUE(a->post(lane, [&] { ran = true; }));
  EXPECT_FALSE(a->publish(Ping{}));
  bus.run_until_idle();
  EXPECT_TRUE(ran);
}

TEST_F(ManualBus, AnswersARequestThatWasPushedOut) {
  auto a = bus.attach("a");
  a->serve<Add>({.capacity = 1, .overflow = Overflow::drop_oldest},
                [](const Add& q, const Headers&) -> Result<Sum> { return Sum{q.left + q.right}; });
  a->activate();
  std::vector<std::string> answers;
  for (int i = 0; i < 2; ++i) {
    a->request(Add{i, 0}, 1s,
               [&](Result<Sum> r) { answers.push_back(r ? std::to_string(r->value) : std::string(r.error().name())); });
  }
  bus.run_until_idle();
  EXPECT_EQ(answers, (std::vector<std::string>{"bus.dropped", "1"}));
}

TEST_F(ManualBus, RefusesPostedWorkWhenFull) {
  auto a = active("a");
  EXPECT_TRUE(a->post({.capacity = 1}, [] {}));
  EXPECT_FALSE(a->post({.capacity = 1}, [] {}));
}

TEST(Overflow, BlocksAPublisherThatMayWaitAndLosesNothing) {
  LocalBus bus;
  std::int64_t expected = 0;
  auto a = bus.attach("a");
  a->subscribe<Ping>({.capacity = 8, .overflow = Overflow::block}, [&](const Ping& p, const Headers&) {
    EXPECT_EQ(p.number, expected);
    ++expected;
  });
  a->activate();
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(a->publish(Ping{i, {}, ""}));
  ASSERT_TRUE(a->drain(soon()));
  EXPECT_EQ(expected, 20'000);
}

TEST(Overflow, RejectsInsteadOfBlockingAWorker) {
  LocalBus bus;
  std::promise<std::string> error;
  auto a = bus.attach("a");
  std::latch release(1);
  a->subscribe<Pong>({.kind = Lane::blocking, .capacity = 1, .overflow = Overflow::block, .concurrency = 1},
                     [&](const Pong&, const Headers&) { release.wait(); });
  a->subscribe<Ping>([&](const Ping&, const Headers&) {
    Result<void> done;
    while (done) done = a->publish(Pong{});
    error.set_value(std::string(done.error().name()));
    release.count_down();
  });
  a->activate();
  ASSERT_TRUE(a->publish(Ping{}));
  EXPECT_EQ(error.get_future().get(), "bus.overloaded");
  EXPECT_TRUE(a->drain(soon()));
}

}  // namespace
}  // namespace qiao::core::test
