#include "qiao/codec.hpp"
#include "tests/unit/bus/fixture.hpp"

namespace qiao::core::test {
namespace {

TEST_F(ManualBus, KeepsAMessageWhoseHandlerFails) {
  auto a = bus.attach("a");
  a->subscribe<Ping>([](const Ping&, const Headers&) -> Result<void> {
    return Error{Errc::unavailable, "erp.down", "the ERP is down"};
  });
  a->activate();
  ASSERT_TRUE(a->publish(Ping{7, Id{9}, "hello"}, {.trace = Id{3}, .id = Id{4}}));
  bus.run_until_idle();
  ASSERT_EQ(letters.list().size(), 1u);
  const DeadLetter letter = letters.list()[0];
  EXPECT_EQ(letter.id, Id{4});
  EXPECT_EQ(letter.trace, Id{3});
  EXPECT_EQ(letter.message, "test.ping.sent");
  EXPECT_EQ(letter.version, 1);
  EXPECT_EQ(letter.partition, 9u);
  EXPECT_EQ(letter.instance, "a");
  EXPECT_EQ(letter.source, "a");
  EXPECT_EQ(letter.error, "erp.down");
  EXPECT_EQ(letter.reason, "the ERP is down");
  EXPECT_EQ(letter.at, clock.now());
  EXPECT_EQ(decode<Ping>(letter.body)->text, "hello");
  EXPECT_EQ(lane("a").failed, 1u);
  EXPECT_EQ(bus.snapshot().dead_letters, 1u);
  EXPECT_EQ(failures, std::vector<std::string>{"a test.ping.sent erp.down"});
}

TEST_F(ManualBus, KeepsAMessageWhoseHandlerThrowsAndGoesOn) {
  std::vector<std::int64_t> seen;
  auto a = bus.attach("a");
  a->subscribe<Ping>([&](const Ping& p, const Headers&) {
    if (p.number == 1) throw std::runtime_error("surprise");
    if (p.number == 2) throw 42;  // NOLINT: plugins do such things
    seen.push_back(p.number);
  });
  a->activate();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(a->publish(Ping{i, {}, ""}));
  bus.run_until_idle();
  EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 3}));
  ASSERT_EQ(letters.list().size(), 2u);
  EXPECT_EQ(letters.list()[0].error, "plugin.threw");
  EXPECT_NE(letters.list()[0].reason.find("surprise"), std::string::npos);
}

TEST_F(ManualBus, KeepsAMessageOfADirectHandlerThatThrows) {
  auto a = bus.attach("a");
  a->subscribe<Ping>({Lane::direct}, [](const Ping&, const Headers&) { throw std::runtime_error("surprise"); });
  a->activate();
  EXPECT_TRUE(a->publish(Ping{})) << "the publisher has nothing to do with it";
  EXPECT_EQ(letters.list().size(), 1u);
}

TEST_F(ManualBus, ReplaysALetterToItsInstanceOnly) {
  bool broken = true;
  int others = 0;
  std::vector<Headers> seen;
  auto a = bus.attach("a");
  a->subscribe<Ping>([&](const Ping& p, const Headers& h) -> Result<void> {
    if (broken) return Error{Errc::internal, "broken"};
    EXPECT_EQ(p.text, "again");
    seen.push_back(h);
    return {};
  });
  a->activate();
  auto b = bus.attach("b");
  b->subscribe<Ping>([&](const Ping&, const Headers&) { ++others; });
  b->activate();
  ASSERT_TRUE(b->publish(Ping{1, Id{5}, "again"}));
  bus.run_until_idle();
  ASSERT_EQ(letters.list().size(), 1u);
  broken = false;
  ASSERT_TRUE(bus.replay(letters.list()[0], "a"));
  bus.run_until_idle();
  EXPECT_EQ(others, 1);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_TRUE(seen[0].redelivered);
  EXPECT_EQ(seen[0].id, letters.list()[0].id);
  EXPECT_EQ(seen[0].partition, 5u);
  EXPECT_EQ(seen[0].source, "b");
}

TEST_F(ManualBus, SaysWhyALetterCannotBeReplayed) {
  auto a = bus.attach("a");
  a->subscribe<Ping>([](const Ping&, const Headers&) {});
  a->activate();
  DeadLetter letter;
  letter.message = "test.nothing";
  EXPECT_EQ(bus.replay(letter, "a").error().name(), "bus.unknown_message");
  letter.message = "test.ping.sent";
  EXPECT_EQ(bus.replay(letter, "b").error().name(), "bus.no_subscriber");
  letter.body = "\xff\xff";
  EXPECT_EQ(bus.replay(letter, "a").error().name(), "codec.malformed");
}

TEST_F(ManualBus, ShowsALetterAsJson) {
  auto a = bus.attach("a");
  a->subscribe<Ping>([](const Ping&, const Headers&) -> Result<void> {
    return Error{Errc::internal, "x.y", "a \"reason\""};
  });
  a->activate();
  ASSERT_TRUE(a->publish(Ping{7, Id{9}, "hi"}, {.trace = Id{3}, .id = Id{4}}));
  bus.run_until_idle();
  const DeadLetter letter = letters.list().at(0);
  const std::string head =
      R"({"id":"4","trace":"3","message":"test.ping.sent","version":1,"source":"a","instance":"a","partition":"9",)"
      R"("error":"x.y","reason":"a \"reason\"","at":"2026-09-21T14:13:20.000Z",)";
  EXPECT_EQ(to_json(letter, bus.type_named("test.ping.sent", 1)),
            head + R"("body":{"number":7,"conversation":"9","text":"hi"}})");
  EXPECT_EQ(bus.type_named("test.ping.sent", 2), nullptr);
  EXPECT_EQ(to_json(letter, nullptr), head + R"("body_hex":"0301070109026869"})");
}

TEST(DeadLetterRing, KeepsTheNewest) {
  DeadLetterRing ring(2);
  for (int i = 1; i <= 3; ++i) {
    DeadLetter letter;
    letter.id = Id{i};
    ring.add(letter);
  }
  ASSERT_EQ(ring.list().size(), 2u);
  EXPECT_EQ(ring.list()[0].id, Id{2});
}

}  // namespace
}  // namespace qiao::core::test
