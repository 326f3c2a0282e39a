#include "tests/unit/bus/fixture.hpp"

namespace qiao::core::test {
namespace {

TEST_F(ManualBus, RunsATimerOnceWhenItsTimeHasCome) {
  auto a = active("a");
  int ran = 0;
  a->after(100ms, {}, [&] { ++ran; });
  clock.advance(99ms);
  EXPECT_FALSE(bus.run_until_idle());
  clock.advance(1ms);
  bus.run_until_idle();
  clock.advance(10s);
  bus.run_until_idle();
  EXPECT_EQ(ran, 1);
}

TEST_F(ManualBus, RunsTimersInTheOrderOfTheirTimes) {
  auto a = active("a");
  std::string order;
  a->after(30ms, {}, [&] { order += "c"; });
  a->after(10ms, {}, [&] { order += "a"; });
  a->after(20ms, {}, [&] { order += "b"; });
  clock.advance(1s);
  bus.run_until_idle();
  EXPECT_EQ(order, "abc");
}

TEST_F(ManualBus, RepeatsATimerUntilItIsCancelled) {
  auto a = active("a");
  int ran = 0;
  auto timer = a->every(10ms, {}, [&] { ++ran; });
  for (int i = 0; i < 5; ++i) {
    clock.advance(10ms);
    bus.run_until_idle();
  }
  EXPECT_EQ(ran, 5);
  timer->cancel();
  clock.advance(1s);
  bus.run_until_idle();
  EXPECT_EQ(ran, 5);
}

TEST_F(ManualBus, DoesNotRepeatTheTicksThatItMissed) {
  auto a = active("a");
  int ran = 0;
  a->every(10ms, {}, [&] { ++ran; });
  clock.advance(1s);
  bus.run_until_idle();
  EXPECT_EQ(ran, 1);
  clock.advance(10ms);
  bus.run_until_idle();
  EXPECT_EQ(ran, 2);
}

TEST_F(ManualBus, LetsATimerCancelItself) {
  auto a = active("a");
  int ran = 0;
  std::shared_ptr<Timer> timer;
  timer = a->every(10ms, {}, [&] {
    if (++ran == 2) timer->cancel();
  });
  for (int i = 0; i < 5; ++i) {
    clock.advance(10ms);
    bus.run_until_idle();
  }
  EXPECT_EQ(ran, 2);
}

TEST_F(ManualBus, EndsTimersWhenTheInstanceRetires) {
  auto a = active("a");
  int ran = 0;
  a->every(10ms, {}, [&] { ++ran; });
  a->after(10ms, {}, [&] { ++ran; });
  ASSERT_TRUE(a->retire(soon()));
  a->after(10ms, {}, [&] { ++ran; });
  clock.advance(1s);
  bus.run_until_idle();
  EXPECT_EQ(ran, 0);
  EXPECT_TRUE(a->drain(soon()));
}

TEST_F(ManualBus, HoldsTimersOfAnInstanceThatIsNotActiveYet) {
  auto a = bus.attach("a");
  int ran = 0;
  a->after(10ms, {}, [&] { ++ran; });
  clock.advance(1s);
  bus.run_until_idle();
  EXPECT_EQ(ran, 0);
  a->activate();
  bus.run_until_idle();
  EXPECT_EQ(ran, 1);
}

TEST_F(ManualBus, CountsAThrowingTimerAndGoesOn) {
  auto a = active("a");
  int ran = 0;
  a->every(10ms, {}, [&] {
    ++ran;
    throw std::runtime_error("tick");
  });
  for (int i = 0; i < 2; ++i) {
    clock.advance(10ms);
    bus.run_until_idle();
  }
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(failures, (std::vector<std::string>{"a timer plugin.threw", "a timer plugin.threw"}));
}

TEST(Timers, RingByTheClockOfTheMachine) {
  LocalBus bus;
  auto a = bus.attach("a");
  a->activate();
  std::promise<void> first;
  std::promise<void> third;
  int ran = 0;
  a->after(1ms, {}, [&] { first.set_value(); });
  auto timer = a->every(1ms, {.name = "ticks"}, [&] {
    if (++ran == 3) third.set_value();
  });
  first.get_future().get();
  third.get_future().get();
  timer->cancel();
}

TEST(Timers, FollowAClockThatIsTurnedByHand) {
  TurnedClock clock;
  LocalBus::Options options;
  options.clock = &clock;
  LocalBus bus(options);
  auto a = bus.attach("a");
  a->activate();
  std::promise<void> rang;
  a->after(1h, {}, [&] { rang.set_value(); });
  clock.advance(1h);
  bus.clock_moved();
  rang.get_future().get();
}

TEST(Timers, KeepNothingOfAnsweredRequests) {
  LocalBus::Options options;
  options.manual = true;
  TurnedClock clock;
  options.clock = &clock;
  LocalBus bus(options);
  auto a = bus.attach("a");
  a->serve<Add>({Lane::direct}, [](const Add& q, const Headers&) -> Result<Sum> { return Sum{q.left}; });
  a->activate();
  auto captured = std::make_shared<int>(0);
  int answers = 0;
  for (int i = 0; i < 5000; ++i) {
    a->request(Add{i, 0}, 1h, [captured, &answers](Result<Sum> r) { answers += r ? 1 : 0; });
  }
  EXPECT_EQ(answers, 5000);
  EXPECT_EQ(captured.use_count(), 1) << "an answered request keeps nothing of its callback";
}

}  // namespace
}  // namespace qiao::core::test
