#include <latch>

#include "tests/unit/bus/fixture.hpp"

namespace qiao::core::test {
namespace {

TEST_F(ManualBus, TakesRegistrationsBackAndFinishesWhatWasAccepted) {
  int seen = 0;
  auto a = bus.attach("a");
  a->subscribe<Ping>([&](const Ping&, const Headers&) { ++seen; });
  a->activate();
  auto other = active("other");
  ASSERT_TRUE(other->publish(Ping{}));
  ASSERT_TRUE(a->retire(soon()));
  ASSERT_TRUE(other->publish(Ping{}));
  EXPECT_FALSE(a->idle());
  EXPECT_TRUE(a->drain(soon()));
  EXPECT_TRUE(a->idle());
  EXPECT_EQ(seen, 1);
}

TEST_F(ManualBus, DrainsWhatHandlersStartAndAsk) {
  auto server = bus.attach("server");
  server->serve<Add>([](const Add& q, const Headers&) -> Result<Sum> { return Sum{q.left}; });
  server->activate();
  auto a = bus.attach("a");
  std::string order;
  a->subscribe<Ping>([&](const Ping&, const Headers&) {
    order += "event ";
    a->post({}, [&] {
      order += "post ";
      a->request(Add{1, 1}, 1s, [&](Result<Sum> r) { order += r ? "reply" : std::string(r.error().name()); });
    });
  });
  a->activate();
  ASSERT_TRUE(a->publish(Ping{}));
  EXPECT_TRUE(a->drain(soon()));
  EXPECT_EQ(order, "event post reply");
}

TEST_F(ManualBus, SendsWhatIsLeftAtRevocationToTheDeadLetters) {
  int seen = 0;
  auto a = bus.attach("a");
  a->subscribe<Ping>([&](const Ping&, const Headers&) { ++seen; });
  a->serve<Add>([](const Add&, const Headers&) -> Result<Sum> { return Sum{}; });
  a->activate();
  auto other = active("other");
  ASSERT_TRUE(other->publish(Ping{7, {}, "kept"}));
  std::string answer;
  other->request(Add{}, 1s, [&](Result<Sum> r) { answer = r ? "ok" : r.error().name(); });
  EXPECT_TRUE(a->revoke(soon()));
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(answer, "bus.revoked");
  ASSERT_EQ(letters.list().size(), 1u);
  EXPECT_EQ(letters.list()[0].error, "bus.revoked");
  EXPECT_EQ(letters.list()[0].instance, "a");
  EXPECT_EQ(lane("a").dropped, 2u) << "counted after the instance is gone";
}

TEST_F(ManualBus, AnswersTheOpenRequestsOfARevokedInstanceExactlyOnce) {
  std::optional<Responder<Sum>> later;
  auto server = bus.attach("server");
  server->serve<Add>([&](const Add&, const Headers&, Responder<Sum> respond) { later = std::move(respond); });
  server->activate();
  auto a = bus.attach("a");
  std::vector<std::string> answers;
  a->subscribe<Ping>([&](const Ping&, const Headers&) {
    a->request(Add{}, 1h, [&](Result<Sum> r) { answers.emplace_back(r ? "ok" : r.error().name()); });
  });
  a->activate();
  ASSERT_TRUE(a->publish(Ping{}));
  bus.run_until_idle();
  ASSERT_TRUE(later);
  EXPECT_TRUE(a->revoke(soon()));
  EXPECT_EQ(answers, std::vector<std::string>{"bus.stopping"});
  (*later)(Sum{1});
  bus.run_until_idle();
  EXPECT_EQ(answers.size(), 1u);
}

TEST_F(ManualBus, RefusesEverythingAfterRevocation) {
  auto a = active("a");
  EXPECT_TRUE(a->revoke(soon()));
  EXPECT_EQ(a->publish(Ping{}).error().name(), "bus.stopping");
  EXPECT_FALSE(a->post({}, [] {}));
  EXPECT_EQ(a->ask(Add{}).error().name(), "bus.stopping");
  std::string error;
  a->request(Add{}, 1s, [&](Result<Sum> r) { error = r.error().name(); });
  EXPECT_EQ(error, "bus.stopping");
}

TEST_F(ManualBus, DestroysTheHandlersOfARevokedInstance) {
  auto captured = std::make_shared<int>(0);
  auto a = bus.attach("a");
  a->subscribe<Ping>([captured](const Ping&, const Headers&) {});
  a->serve<Add>([captured](const Add&, const Headers&) -> Result<Sum> { return Sum{}; });
  auto timer = a->every(1s, {}, [captured] {});
  a->activate();
  EXPECT_GT(captured.use_count(), 1);
  EXPECT_TRUE(a->revoke(soon()));
  EXPECT_EQ(captured.use_count(), 1);
  timer->cancel();
}

TEST_F(ManualBus, ForgetsWhatAStartThatFailedHadPosted) {
  auto captured = std::make_shared<int>(0);
  auto a = bus.attach("a");
  a->post({}, [captured] { ++*captured; });
  a->after(1ms, {}, [captured] { ++*captured; });
  clock.advance(1s);
  bus.run_until_idle();
  EXPECT_TRUE(a->revoke(soon()));
  EXPECT_EQ(*captured, 0);
  EXPECT_EQ(captured.use_count(), 1);
}

TEST_F(ManualBus, RefusesNewMessagesOnceTheHubStops) {
  auto a = bus.attach("a");
  int seen = 0;
  a->subscribe<Ping>([&](const Ping&, const Headers&) { ++seen; });
  a->activate();
  ASSERT_TRUE(a->publish(Ping{}));
  bus.stop_accepting();
  EXPECT_EQ(a->publish(Ping{}).error().name(), "bus.stopping");
  EXPECT_TRUE(a->drain(soon()));
  EXPECT_EQ(seen, 1);
}

TEST_F(ManualBus, HandsEveryMessageToExactlyOneGeneration) {
  std::string order;
  auto old = bus.attach("a");
  old->subscribe<Ping>([&](const Ping& p, const Headers&) { order += "old" + std::to_string(p.number) + " "; });
  old->activate();
  auto other = active("other");
  ASSERT_TRUE(other->publish(Ping{1, {}, ""}));
  auto fresh = bus.attach("a");
  fresh->subscribe<Ping>([&](const Ping& p, const Headers&) { order += "new" + std::to_string(p.number) + " "; });
  EXPECT_TRUE(bus.replace(*old, *fresh, soon()));
  ASSERT_TRUE(other->publish(Ping{2, {}, ""}));
  bus.run_until_idle();
  EXPECT_EQ(order, "old1 new2 ");
  EXPECT_TRUE(old->revoke(soon()));
}

TEST(Generations, DoNotRunAfterRevocation) {
  LocalBus bus;
  auto publisher = bus.attach("publisher");
  publisher->activate();
  std::atomic<bool> stop{false};
  std::thread thread([&] {
    while (!stop) (void)publisher->publish(Ping{});
  });
  for (int round = 0; round < 200; ++round) {
    auto alive = std::make_unique<std::atomic<bool>>(true);
    auto a = bus.attach("a");
    const Lane lane{.kind = static_cast<Lane::Kind>(round % 4), .capacity = 64};
    a->subscribe<Ping>(lane, [flag = alive.get()](const Ping&, const Headers&) { EXPECT_TRUE(flag->load()); });
    a->activate();
    std::this_thread::yield();
    ASSERT_TRUE(a->revoke(soon()));
    alive->store(false);
    alive.reset();  // AddressSanitizer would see a handler that runs now
  }
  stop = true;
  thread.join();
}

TEST(Generations, SayWhenAHandlerDoesNotReturn) {
  LocalBus bus;
  std::latch entered(1);
  std::latch release(1);
  auto a = bus.attach("a");
  a->subscribe<Ping>([&](const Ping&, const Headers&) {
    entered.count_down();
    release.wait();
  });
  a->activate();
  ASSERT_TRUE(a->publish(Ping{}));
  entered.wait();
  EXPECT_FALSE(a->drain(std::chrono::steady_clock::now()));
  EXPECT_FALSE(a->revoke(std::chrono::steady_clock::now()));
  release.count_down();
  EXPECT_TRUE(a->revoke(soon()));
}

TEST(Generations, WakeAPublisherThatWaitsForTheirQueue) {
  LocalBus bus;
  std::latch entered(1);
  std::latch release(1);
  auto a = bus.attach("a");
  a->subscribe<Ping>({.capacity = 1, .overflow = Overflow::block}, [&](const Ping&, const Headers&) {
    entered.count_down();
    release.wait();
  });
  a->activate();
  auto publisher = bus.attach("publisher");
  publisher->activate();
  ASSERT_TRUE(publisher->publish(Ping{}));
  entered.wait();
  ASSERT_TRUE(publisher->publish(Ping{}));
  std::thread waiting([&] { (void)publisher->publish(Ping{}); });
  EXPECT_FALSE(a->revoke(std::chrono::steady_clock::now()));
  waiting.join();
  release.count_down();
  EXPECT_TRUE(a->revoke(soon()));
}

}  // namespace
}  // namespace qiao::core::test
