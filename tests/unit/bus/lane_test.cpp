#include <latch>
#include <map>
#include <set>

#include "core/bus/thread_role.hpp"
#include "core/observe/trace.hpp"
#include "tests/unit/bus/fixture.hpp"

namespace qiao::core::test {
namespace {

using Numbers = std::vector<std::int64_t>;

TEST_F(ManualBus, HandsAnEventToEverySubscriberInOrder) {
  Numbers first;
  Numbers second;
  auto a = bus.attach("a");
  a->subscribe<Ping>([&](const Ping& p, const Headers&) { first.push_back(p.number); });
  a->activate();
  auto b = bus.attach("b");
  b->subscribe<Ping>([&](const Ping& p, const Headers&) { second.push_back(p.number); });
  b->activate();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(a->publish(Ping{i, {}, ""}));
  bus.run_until_idle();
  ASSERT_EQ(first.size(), 200u);
  EXPECT_TRUE(std::is_sorted(first.begin(), first.end()));
  EXPECT_EQ(first, second);
}

TEST_F(ManualBus, KeepsRegistrationsInvisibleUntilActivation) {
  int seen = 0;
  auto a = bus.attach("a");
  a->subscribe<Ping>([&](const Ping&, const Headers&) { ++seen; });
  ASSERT_TRUE(a->publish(Ping{}));
  bus.run_until_idle();
  EXPECT_EQ(seen, 0);
  a->activate();
  ASSERT_TRUE(a->publish(Ping{}));
  bus.run_until_idle();
  EXPECT_EQ(seen, 1);
}

TEST_F(ManualBus, RunsWorkPostedDuringStartOnceActive) {
  bool ran = false;
  auto a = bus.attach("a");
  EXPECT_TRUE(a->post({}, [&] { ran = true; }));
  bus.run_until_idle();
  EXPECT_FALSE(ran);
  a->activate();
  bus.run_until_idle();
  EXPECT_TRUE(ran);
}

TEST_F(ManualBus, IgnoresAndReportsRegistrationsAfterStart) {
  auto a = active("a");
  int seen = 0;
  a->subscribe<Ping>([&](const Ping&, const Headers&) { ++seen; });
  ASSERT_TRUE(a->publish(Ping{}));
  bus.run_until_idle();
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(failures, std::vector<std::string>{"a test.ping.sent bus.late_registration"});
}

TEST_F(ManualBus, ServesHigherPrioritiesFirst) {
  std::string order;
  auto a = bus.attach("a");
  a->subscribe<Ping>([&](const Ping& p, const Headers&) { order += p.text; });
  a->activate();
  for (const auto& [text, priority] : {std::pair{"d", Priority::background},
                                       {"c", Priority::enrich},
                                       {"b", Priority::open},
                                       {"a", Priority::service},
                                       {"D", Priority::background},
                                       {"A", Priority::service}}) {
    ASSERT_TRUE(a->publish(Ping{0, {}, text}, {.priority = priority}));
  }
  bus.run_until_idle();
  EXPECT_EQ(order, "aAbcdD");
}

TEST_F(ManualBus, LetsAnUrgentMessageOvertakeABurstThatIsUnderWay) {
  std::string order;
  auto a = bus.attach("a");
  a->subscribe<Ping>([&](const Ping& p, const Headers&) {
    order += p.text;
    if (order == "x") (void)a->publish(Ping{0, {}, "!"});
  });
  a->activate();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(a->publish(Ping{0, {}, "x"}, {.priority = Priority::background}));
  bus.run_until_idle();
  EXPECT_EQ(order, "x!xxx");
}

TEST_F(ManualBus, SharesALaneNameBetweenItsUses) {
  auto a = bus.attach("a");
  a->subscribe<Ping>([](const Ping&, const Headers&) {});
  a->subscribe<Pong>({.name = "other"}, [](const Pong&, const Headers&) {});
  a->activate();
  ASSERT_TRUE(a->publish(Ping{}));
  ASSERT_TRUE(a->post({}, [] {}));
  ASSERT_TRUE(a->publish(Pong{}));
  EXPECT_EQ(lane("a").queued[0], 2u);
  EXPECT_EQ(lane("a", "other").queued[0], 1u);
  bus.run_until_idle();
  EXPECT_EQ(lane("a").handled, 2u);
}

TEST_F(ManualBus, RunsADirectHandlerOnThePublishersThreadAtOnce) {
  int seen = 0;
  auto a = bus.attach("a");
  a->subscribe<Ping>({Lane::direct}, [&](const Ping&, const Headers&) { ++seen; });
  a->activate();
  ASSERT_TRUE(a->publish(Ping{}));
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(lane("a").handled, 1u);
}

TEST_F(ManualBus, PassesTheTraceOnFromHandlerToHandler) {
  Id trace;
  Id posted;
  auto a = bus.attach("a");
  a->subscribe<Ping>([&](const Ping&, const Headers&) { (void)a->publish(Pong{}); });
  a->subscribe<Pong>([&](const Pong&, const Headers& h) {
    trace = h.trace;
    a->post({}, [&] { posted = current_trace().trace; });
  });
  a->activate();
  ASSERT_TRUE(a->publish(Ping{}, {.trace = Id{42}}));
  bus.run_until_idle();
  EXPECT_EQ(trace, Id{42});
  EXPECT_EQ(posted, Id{42});
  EXPECT_TRUE(current_trace().trace.empty());
}

TEST_F(ManualBus, FillsTheHeadersOfAMessage) {
  Headers seen;
  auto a = bus.attach("a");
  a->subscribe<Ping>([&](const Ping&, const Headers& h) { seen = h; });
  a->activate();
  ASSERT_TRUE(a->publish(Ping{1, Id{77}, ""}, {.priority = Priority::open}));
  bus.run_until_idle();
  EXPECT_FALSE(seen.id.empty());
  EXPECT_EQ(seen.trace, seen.id);
  EXPECT_EQ(seen.partition, 77u);
  EXPECT_EQ(seen.source, "a");
  EXPECT_EQ(seen.priority, Priority::open);
  EXPECT_FALSE(seen.redelivered);
}

TEST_F(ManualBus, NarrowsAnEventToItsRoutes) {
  std::map<std::string, int> seen;
  std::vector<std::unique_ptr<InstanceBus>> instances;
  for (const std::string name : {"a", "b", "c"}) {
    instances.push_back(bus.attach(name));
    instances.back()->subscribe<Ping>([&seen, name](const Ping&, const Headers&) { ++seen[name]; });
    instances.back()->activate();
  }
  Wiring wiring;
  wiring.routes["test.ping.sent"] = {{"a", {"c"}}, {"", {"a", "b"}}};
  bus.rewire(wiring);
  ASSERT_TRUE(instances[0]->publish(Ping{}));
  bus.run_until_idle();
  EXPECT_EQ(seen, (std::map<std::string, int>{{"c", 1}}));
  ASSERT_TRUE(instances[1]->publish(Ping{}));
  bus.run_until_idle();
  EXPECT_EQ(seen, (std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}}));
}

TEST(Lanes, KeepTheOrderOfEachPartitionOnSeveralWorkers) {
  constexpr int kPartitions = 50;
  constexpr int kEach = 200;
  LocalBus bus(LocalBus::Options{.workers = 4});
  std::mutex mutex;
  std::map<std::int64_t, std::vector<std::int64_t>> seen;
  auto a = bus.attach("a");
  a->subscribe<Ping>({.kind = Lane::partitioned, .capacity = 100'000}, [&](const Ping& p, const Headers&) {
    const std::lock_guard lock(mutex);
    seen[p.conversation.value].push_back(p.number);
  });
  a->activate();
  for (int i = 0; i < kEach; ++i) {
    for (int p = 1; p <= kPartitions; ++p) ASSERT_TRUE(a->publish(Ping{i, Id{p}, ""}));
  }
  ASSERT_TRUE(a->drain(soon()));
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(kPartitions));
  for (const auto& [partition, numbers] : seen) {
    ASSERT_EQ(numbers.size(), static_cast<std::size_t>(kEach)) << partition;
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end())) << partition;
  }
}

TEST(Lanes, NeverRunTwoHandlersOfASerialLaneAtOnce) {
  LocalBus bus(LocalBus::Options{.workers = 4});
  int unguarded = 0;  // ThreadSanitizer would see a second writer
  auto a = bus.attach("a");
  a->subscribe<Ping>({.capacity = 100'000}, [&](const Ping&, const Headers&) { ++unguarded; });
  a->activate();
  std::vector<std::thread> publishers;
  for (int t = 0; t < 4; ++t) {
    publishers.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) EXPECT_TRUE(a->publish(Ping{}));
    });
  }
  for (auto& thread : publishers) thread.join();
  ASSERT_TRUE(a->drain(soon()));
  EXPECT_EQ(unguarded, 8000);
}

TEST(Lanes, RunBlockingWorkUpToItsConcurrencyAtOnce) {
  LocalBus bus;
  std::latch together(3);
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  auto a = bus.attach("a");
  a->subscribe<Ping>({.kind = Lane::blocking, .concurrency = 3}, [&](const Ping&, const Headers&) {
    const int running = now.fetch_add(1) + 1;
    int seen = most.load();
    while (running > seen && !most.compare_exchange_weak(seen, running)) {
    }
    EXPECT_EQ(thread_role(), ThreadRole::blocking);
    together.arrive_and_wait();
    now.fetch_sub(1);
  });
  a->activate();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(a->publish(Ping{}));
  ASSERT_TRUE(a->drain(soon()));
  EXPECT_EQ(most.load(), 3);
}

TEST(Lanes, ReportAHandlerThatTakesLongerThanItsBudget) {
  TurnedClock clock;
  LocalBus::Options options;
  options.manual = true;
  options.clock = &clock;
  LocalBus bus(options);
  std::vector<OverdueHandler> seen;
  auto a = bus.attach("slow");
  a->subscribe<Ping>({.budget = 100ms}, [&](const Ping&, const Headers&) {
    EXPECT_TRUE(bus.overdue().empty());
    clock.advance(100ms);
    EXPECT_TRUE(bus.overdue().empty());
    clock.advance(10ms);
    seen = bus.overdue();
  });
  a->activate();
  ASSERT_TRUE(a->publish(Ping{}, {.id = Id{5}}));
  bus.run_until_idle();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].instance, "slow");
  EXPECT_EQ(seen[0].message, "test.ping.sent");
  EXPECT_EQ(seen[0].id, Id{5});
  EXPECT_EQ(seen[0].running, 110ms);
  EXPECT_TRUE(bus.overdue().empty());
}

}  // namespace
}  // namespace qiao::core::test
