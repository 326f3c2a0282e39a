#include <gmock/gmock.h>

#include "core/bus/thread_role.hpp"
#include "tests/unit/bus/fixture.hpp"

namespace qiao::core::test {
namespace {

Result<Sum> add(const Add& q, const Headers&) { return Sum{q.left + q.right}; }

TEST_F(ManualBus, AnswersARequestOnTheLaneThatAsked) {
  auto server = bus.attach("server");
  server->serve<Add>(add);
  server->activate();
  auto asker = bus.attach("asker");
  std::int64_t answer = 0;
  bool inside = false;
  asker->subscribe<Ping>([&](const Ping&, const Headers&) {
    inside = true;
    asker->request(Add{2, 3}, 1s, [&](Result<Sum> r) {
      EXPECT_FALSE(inside) << "the callback runs after the handler, not inside of it";
      answer = r->value;
    });
    inside = false;
  });
  asker->activate();
  ASSERT_TRUE(asker->publish(Ping{}));
  bus.run_until_idle();
  EXPECT_EQ(answer, 5);
  EXPECT_EQ(lane("asker").handled, 2u) << "the event and the reply";
}

TEST_F(ManualBus, AsksAndWaits) {
  auto server = bus.attach("server");
  server->serve<Add>(add);
  server->activate();
  auto asker = active("asker");
  const auto sum = asker->ask(Add{20, 22});
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->value, 42);
}

TEST_F(ManualBus, SaysThatNobodyServes) {
  auto asker = active("asker");
  std::string error;
  asker->request(Add{}, 1s, [&](Result<Sum> r) { error = r.error().name(); });
  EXPECT_EQ(error, "bus.no_server");
  EXPECT_EQ(asker->ask(Add{}).error().code, Errc::unavailable);
}

TEST_F(ManualBus, AsksOneServerByName) {
  std::vector<std::unique_ptr<InstanceBus>> servers;
  for (const std::string name : {"left", "right"}) {
    servers.push_back(bus.attach(name));
    servers.back()->serve<AskCard>(
        [name](const AskCard& q, const Headers&) -> Result<Card> { return Card{q.about + " by " + name}; });
    servers.back()->activate();
  }
  auto asker = active("asker");
  RequestOptions options(1s);
  options.to = "right";
  EXPECT_EQ(asker->ask(AskCard{"tea"}, options)->title, "tea by right");
  options.to = "nobody";
  EXPECT_EQ(asker->ask(AskCard{"tea"}, options).error().message, "nobody does not serve test.card.ask");
}

TEST_F(ManualBus, GathersTheAnswersOfAllServers) {
  auto good = bus.attach("good");
  good->serve<AskCard>([](const AskCard& q, const Headers&) -> Result<Card> { return Card{q.about}; });
  good->activate();
  auto bad = bus.attach("bad");
  bad->serve<AskCard>([](const AskCard&, const Headers&) -> Result<Card> { return Error{Errc::internal, "broken"}; });
  bad->activate();
  std::optional<Responder<Card>> never;
  auto slow = bus.attach("slow");
  slow->serve<AskCard>([&](const AskCard&, const Headers&, Responder<Card> respond) { never = std::move(respond); });
  slow->activate();
  auto asker = active("asker");
  EXPECT_EQ(asker->servers<AskCard>(), (std::vector<std::string>{"good", "bad", "slow"}));
  std::vector<std::string> seen;
  asker->gather(AskCard{"tea"}, 100ms, [&](std::vector<Answer<Card>> answers) {
    for (const auto& a : answers)
      seen.push_back(a.instance + " " + (a.reply ? a.reply->title : a.reply.error().message));
  });
  bus.run_until_idle();
  EXPECT_TRUE(seen.empty()) << "one is still missing";
  clock.advance(200ms);
  bus.clock_moved();
  bus.run_until_idle();
  EXPECT_EQ(seen, (std::vector<std::string>{"good tea", "bad broken", "slow no answer to test.card.ask in time"}));
}

TEST_F(ManualBus, GathersNothingWhenNobodyServes) {
  auto asker = active("asker");
  bool called = false;
  asker->gather(AskCard{}, 1s, [&](const std::vector<Answer<Card>>& answers) { called = answers.empty(); });
  EXPECT_TRUE(called);
}

TEST_F(ManualBus, TimesOutAndIgnoresTheLateAnswer) {
  std::optional<Responder<Sum>> later;
  auto server = bus.attach("server");
  server->serve<Add>([&](const Add&, const Headers&, Responder<Sum> respond) { later = std::move(respond); });
  server->activate();
  auto asker = active("asker");
  std::vector<std::string> answers;
  asker->request(Add{}, 100ms, [&](Result<Sum> r) { answers.emplace_back(r ? "ok" : r.error().name()); });
  bus.run_until_idle();
  EXPECT_TRUE(answers.empty());
  clock.advance(99ms);
  bus.run_until_idle();
  EXPECT_TRUE(answers.empty());
  clock.advance(1ms);
  bus.run_until_idle();
  (*later)(Sum{1});
  bus.run_until_idle();
  EXPECT_EQ(answers, std::vector<std::string>{"timeout"});
  EXPECT_EQ(bus.snapshot().timeouts, 1u);
}

TEST_F(ManualBus, MeetsEachDeadlineWhicheverOrderTheyWereAskedIn) {
  std::map<std::int64_t, Responder<Sum>> later;
  auto server = bus.attach("server");
  server->serve<Add>([&](const Add& add, const Headers&, Responder<Sum> respond) { later.emplace(add.left, respond); });
  server->activate();
  auto asker = active("asker");
  std::vector<std::string> answers;
  for (const int ms : {300, 100, 200, 150, 400}) {
    asker->request(Add{ms, 0}, std::chrono::milliseconds(ms), [&answers, ms](const Result<Sum>& r) {
      answers.push_back(std::to_string(ms) + (r ? " ok" : " timeout"));
    });
  }
  const auto at = [&](int ms) {
    clock.advance(std::chrono::milliseconds(ms));
    bus.run_until_idle();
  };
  at(99);
  EXPECT_TRUE(answers.empty());
  at(1);
  later.at(150)(Sum{1});
  at(0);
  EXPECT_EQ(answers, (std::vector<std::string>{"100 timeout", "150 ok"}));
  at(100);
  asker->request(Add{50, 0}, 50ms, [&](const Result<Sum>& r) { answers.emplace_back(r ? "50 ok" : "50 timeout"); });
  at(50);
  at(50);
  EXPECT_EQ(answers, (std::vector<std::string>{"100 timeout", "150 ok", "200 timeout", "50 timeout", "300 timeout"}));
  at(100);
  EXPECT_EQ(answers.back(), "400 timeout");
  EXPECT_EQ(bus.snapshot().timeouts, 5u);
}

TEST_F(ManualBus, AnswersForAServerThatForgetsTo) {
  auto server = bus.attach("server");
  server->serve<Add>([](const Add&, const Headers&, Responder<Sum>) {});
  server->activate();
  EXPECT_EQ(active("asker")->ask(Add{}).error().name(), "bus.no_answer");
}

TEST_F(ManualBus, CountsOnlyTheFirstOfTwoAnswers) {
  auto server = bus.attach("server");
  server->serve<Add>([](const Add&, const Headers&, Responder<Sum> respond) {
    respond(Sum{1});
    respond(Sum{2});
    respond(Error{Errc::internal, "three"});
  });
  server->activate();
  int answers = 0;
  auto asker = active("asker");
  asker->request(Add{}, 1s, [&](Result<Sum> r) {
    ++answers;
    EXPECT_EQ(r->value, 1);
  });
  bus.run_until_idle();
  EXPECT_EQ(answers, 1);
}

TEST_F(ManualBus, TurnsAThrowingServerIntoAnAnswer) {
  auto server = bus.attach("server");
  server->serve<Add>([](const Add&, const Headers&) -> Result<Sum> { throw std::runtime_error("no calculator"); });
  server->activate();
  const auto sum = active("asker")->ask(Add{});
  ASSERT_FALSE(sum);
  EXPECT_EQ(sum.error().name(), "plugin.threw");
  EXPECT_NE(sum.error().message.find("no calculator"), std::string::npos);
  EXPECT_EQ(lane("server").failed, 1u);
}

TEST_F(ManualBus, PassesTheServersErrorThrough) {
  auto server = bus.attach("server");
  server->serve<Add>([](const Add&, const Headers&) -> Result<Sum> {
    return Error{Errc::not_found, "erp.no_sku", "no such SKU"};
  });
  server->activate();
  EXPECT_EQ(active("asker")->ask(Add{}).error().name(), "erp.no_sku");
  EXPECT_EQ(lane("server").failed, 0u) << "an error is an answer, not a failure of the server";
}

TEST_F(ManualBus, SkipsRequestsWhoseDeadlinePassedInTheQueue) {
  int served = 0;
  auto server = bus.attach("server");
  server->serve<Add>([&](const Add&, const Headers&) -> Result<Sum> {
    ++served;
    clock.advance(150ms);
    return Sum{};
  });
  server->activate();
  auto asker = active("asker");
  std::vector<std::string> answers;
  for (int i = 0; i < 3; ++i) {
    asker->request(Add{}, 100ms, [&](Result<Sum> r) { answers.emplace_back(r ? "ok" : r.error().name()); });
  }
  bus.run_until_idle();
  EXPECT_EQ(served, 1);
  EXPECT_EQ(answers, (std::vector<std::string>{"ok", "timeout", "timeout"}));
}

TEST_F(ManualBus, ServesOnTheBoundInstance) {
  std::vector<std::unique_ptr<InstanceBus>> servers;
  for (const int factor : {1, 10}) {
    servers.push_back(bus.attach("server-" + std::to_string(factor)));
    servers.back()->serve<Add>(
        [factor](const Add& q, const Headers&) -> Result<Sum> { return Sum{factor * (q.left + q.right)}; });
    servers.back()->activate();
  }
  auto asker = active("asker");
  EXPECT_EQ(asker->ask(Add{1, 1})->value, 2) << "the first one, without a binding";
  Wiring wiring;
  wiring.bindings["test.sum.add"] = "server-10";
  bus.rewire(wiring);
  EXPECT_EQ(asker->ask(Add{1, 1})->value, 20);
}

TEST_F(ManualBus, RefusesToWaitOnASerialLane) {
  auto a = bus.attach("a");
  std::string error;
  a->serve<Add>(add);
  a->subscribe<Ping>([&](const Ping&, const Headers&) { error = a->ask(Add{}).error().name(); });
  a->activate();
  ASSERT_TRUE(a->publish(Ping{}));
  bus.run_until_idle();
  EXPECT_EQ(error, "bus.would_deadlock");
}

TEST_F(ManualBus, RefusesToWaitInADirectHandler) {
  auto a = bus.attach("a");
  Errc code{};
  a->serve<Add>(add);
  a->subscribe<Ping>({Lane::direct}, [&](const Ping&, const Headers&) { code = a->ask(Add{}).error().code; });
  a->activate();
  ASSERT_TRUE(a->publish(Ping{}));
  EXPECT_EQ(code, Errc::would_deadlock);
}

TEST_F(ManualBus, AsksFromABlockingLaneButNotTheOneThatServes) {
  auto a = bus.attach("a");
  std::vector<std::string> results;
  const Lane serving{.kind = Lane::blocking, .name = "serving"};
  const Lane asking{.kind = Lane::blocking, .name = "asking"};
  a->serve<Add>(serving, add);
  const auto ask = [&](const Ping&, const Headers&) {
    const auto r = a->ask(Add{1, 2});
    results.emplace_back(r ? std::to_string(r->value) : r.error().name());
  };
  a->subscribe<Ping>(asking, ask);
  a->subscribe<Ping>(serving, ask);
  a->activate();
  ASSERT_TRUE(a->publish(Ping{}));
  bus.run_until_idle();
  EXPECT_THAT(results, ::testing::UnorderedElementsAre("3", "bus.would_deadlock"));
}

TEST(Requests, RefuseToWaitOnAnIoThread) {
  LocalBus bus;
  auto a = bus.attach("a");
  a->serve<Add>(add);
  a->activate();
  Errc code{};
  std::thread io([&] {
    set_thread_role(ThreadRole::io);
    code = a->ask(Add{}).error().code;
  });
  io.join();
  EXPECT_EQ(code, Errc::would_deadlock);
}

TEST(Requests, AnswerManyAskersAtOnce) {
  LocalBus bus;
  auto server = bus.attach("server");
  server->serve<Add>({.capacity = 100'000}, add);
  server->activate();
  auto asker = bus.attach("asker");
  asker->activate();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const auto r = asker->ask(Add{t, i}, 20s);
        if (!r || r->value != t + i) wrong.fetch_add(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(bus.snapshot().requests, 2000u);
}

TEST(Requests, LetBlockingLanesAskEachOtherBeyondThePoolsSize) {
  LocalBus::Options options;
  options.max_blocking = 1;
  LocalBus bus(options);
  auto a = bus.attach("a");
  a->serve<Add>({.kind = Lane::blocking, .name = "inner"}, add);
  a->serve<Nested>({.kind = Lane::blocking, .name = "outer"}, [&](const Nested& q, const Headers&) -> Result<Sum> {
    return a->ask(Add{q.value, 1}, 20s);
  });
  a->activate();
  const auto r = a->ask(Nested{41}, 20s);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->value, 42);
}

TEST(Requests, TimeOutByTheClockOfTheMachine) {
  LocalBus bus;
  std::vector<Responder<Sum>> kept;
  std::mutex mutex;
  auto a = bus.attach("a");
  a->serve<Add>([&](const Add&, const Headers&, Responder<Sum> respond) {
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(respond));
  });
  a->activate();
  std::promise<std::string> error;
  a->request(Add{}, 1ms, [&](Result<Sum> r) { error.set_value(std::string(r.error().name())); });
  EXPECT_EQ(error.get_future().get(), "timeout");
  EXPECT_EQ(a->ask(Add{}, 1ms).error().code, Errc::timeout);
}

}  // namespace
}  // namespace qiao::core::test
