#include "qiao/testkit/test_hub.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/fixtures/plugins/fixture_messages.hpp"

namespace qiao::testkit {
namespace {

using namespace std::chrono_literals;
using fixture::Echo;
using fixture::Tick;
using fixture::Tock;

const std::string kEchoOne = QIAO_FIXTURES "/echo-1/fixture-echo.so";
const std::string kEchoTwo = QIAO_FIXTURES "/echo-2/fixture-echo.so";
const std::string kCrime = QIAO_FIXTURES "/crime/fixture-crime.so";

TEST(TestHub, StartsAPluginAndAsksIt) {
  TestHub hub;
  hub.start_plugin(kEchoOne, "suffix: moon\n");
  auto reply = hub.ask(Echo{7, "hello"});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->number, 7);
  EXPECT_EQ(reply->version, "1.0.0");
  EXPECT_EQ(reply->suffix, "moon");
  EXPECT_EQ(hub.state("fixture-echo"), "running");
}

TEST(TestHub, AQuestionNobodyServesIsAnsweredAtOnce) {
  TestHub hub;
  auto reply = hub.ask(Echo{});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().name(), "bus.no_server");
}

TEST(TestHub, TurnsTheClockToTheDeadlineWhenNobodyAnswers) {
  TestHub hub;
  hub.start_plugin(kCrime, "crime: never_answer\n");
  auto reply = hub.ask(Echo{}, 300ms);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::timeout);
}

TEST(TestHub, AProbeRecordsWhatIsPublished) {
  TestHub hub;
  auto probe = hub.probe<Tock>();
  hub.start_plugin(kEchoOne);
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(hub.publish(Tick{i, Id{5}}));
  ASSERT_EQ(probe.count(), 3u);
  EXPECT_EQ(probe.events()[0].number, 1);
  EXPECT_EQ(probe.last().number, 3);
  EXPECT_EQ(probe.last_headers().source, "fixture-echo");
}

TEST(TestHub, AStandInAnswersForAPluginThatIsNotThere) {
  TestHub hub;
  hub.serve<Echo>([](const Echo& q, const Headers&) -> Result<fixture::EchoReply> {
    return fixture::EchoReply{q.number + 1, q.text, "stand-in", {}};
  });
  EXPECT_EQ(hub.ask(Echo{1, {}})->number, 2);
}

TEST(TestHub, TimersFireWhenTheClockIsTurned) {
  TestHub hub;
  int fired = 0;
  hub.bus().after(5s, {}, [&] { ++fired; });
  hub.advance(4s);
  EXPECT_EQ(fired, 0);
  hub.advance(2s);
  EXPECT_EQ(fired, 1);
}

TEST(TestHub, AThreadedHubWorksByItself) {
  TestHub hub({.threads = true});
  auto probe = hub.probe<Tock>();
  hub.start_plugin(kEchoOne);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(hub.publish(Tick{i, Id{5}}));
  EXPECT_TRUE(probe.wait_for(100));
  EXPECT_EQ(hub.ask(Echo{1, {}})->number, 1);
}

TEST(TestHub, SaysWhyAPluginDidNotStart) {
  TestHub hub;
  auto started = hub.try_start_plugin(kEchoOne, "fail_start: true\n");
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().name(), "fixture.told_to_fail");
  EXPECT_EQ(hub.state("fixture-echo"), "");
  EXPECT_THROW(hub.start_plugin(kEchoOne, "sufix: typo\n"), std::runtime_error);
  EXPECT_THROW(hub.start_plugin("no-such-plugin"), std::runtime_error);
}

TEST(TestHub, SettingsThatCanBeReloadedReachTheRunningInstance) {
  TestHub hub;
  hub.start_plugin(kEchoOne, "suffix: one\n");
  ASSERT_TRUE(hub.reconfigure("fixture-echo", "suffix: two\n"));
  EXPECT_EQ(hub.ask(Echo{})->suffix, "two");
  EXPECT_EQ(hub.log().find("took over"), std::string::npos) << "reconfigured in place, not replaced";
}

TEST(TestHub, OtherSettingsBringANewGeneration) {
  TestHub hub;
  hub.start_plugin(kEchoOne, "suffix: one\n");
  ASSERT_TRUE(hub.reconfigure("fixture-echo", "suffix: two\nport: other\n"));
  EXPECT_EQ(hub.ask(Echo{})->suffix, "two");
  EXPECT_NE(hub.log().find("took over"), std::string::npos);
}

TEST(TestHub, AReloadedPluginRunsItsNewCode) {
  TestHub hub({.http = true});
  hub.start_plugin(kEchoOne);
  EXPECT_EQ(hub.http("GET", "/fixture/version").body, "\"1.0.0\"");
  ASSERT_TRUE(hub.reload_plugin("fixture-echo", kEchoTwo));
  EXPECT_EQ(hub.ask(Echo{})->version, "2.0.0");
  EXPECT_EQ(hub.version("fixture-echo"), "2.0.0");
  EXPECT_EQ(hub.http("GET", "/fixture/version").body, "\"2.0.0\"");
}

TEST(TestHub, AReloadThatFailsLeavesTheRunningInstanceAlone) {
  TestHub hub;
  hub.start_plugin(kEchoOne, "suffix: old\n");
  auto done = hub.reconfigure("fixture-echo", "suffix: new\nfail_start: true\n");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().name(), "fixture.told_to_fail");
  EXPECT_EQ(hub.ask(Echo{})->suffix, "old");
}

TEST(TestHub, AHandlerThatThrowsIsADeadLetterAndAnAnswer) {
  TestHub hub;
  hub.start_plugin(kCrime, "crime: throw_in_handler\n");
  auto reply = hub.ask(Echo{});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().name(), "plugin.threw");
  ASSERT_TRUE(hub.publish(Tick{1, Id{1}}));
  EXPECT_EQ(hub.dead_letters(), 1u);
}

TEST(TestHub, ThrowingInConfigureStartAndDrainIsContained) {
  TestHub hub;
  EXPECT_EQ(hub.try_start_plugin(kCrime, "crime: throw_in_configure\n").error().name(), "plugin.threw");
  EXPECT_EQ(hub.try_start_plugin(kCrime, "crime: throw_in_start\n").error().name(), "plugin.threw");
  hub.start_plugin(kCrime, "crime: throw_in_drain\n");
  hub.stop_plugin("fixture-crime");
  EXPECT_EQ(hub.state("fixture-crime"), "");
}

TEST(TestHub, AnInstanceThatHangsInDrainIsParkedAndItsSuccessorWorks) {
  const std::filesystem::path until =
      std::filesystem::temp_directory_path() / fmt::format("qiao-until-{}-{}", ::getpid(), new_id().value);
  {
    TestHub hub({.threads = true, .drain = 50ms});
    hub.start_plugin(kCrime, "crime: hang_in_drain\nuntil: " + until.string() + "\n", "culprit");
    ASSERT_TRUE(hub.reconfigure("culprit", "crime: none\n"));
    EXPECT_TRUE(hub.ask(Echo{}));
    EXPECT_NE(hub.log().find("parked: drain has not returned"), std::string::npos) << hub.log();
    std::ofstream(until) << "go";
  }
  std::filesystem::remove(until);
}

TEST(TestHub, AFloodIsRefusedAndTheHubAnswersOn) {
  TestHub hub;
  hub.start_plugin(kCrime, "crime: flood\n");
  hub.start_plugin(kEchoOne, {}, "bystander");
  ASSERT_TRUE(hub.publish(Tick{1, Id{1}}));
  EXPECT_NE(hub.state("fixture-crime"), "failed");
}

TEST(TestHub, DataSurvivesARestart) {
  TestHub hub;
  hub.start_plugin(kEchoOne, "suffix: kept\n");
  const Migration steps[] = {{1, "table", "CREATE TABLE test_note (id BIGINT NOT NULL PRIMARY KEY)"}};
  ASSERT_TRUE(hub.store().migrate(steps));
  ASSERT_TRUE(hub.store().write_and_wait([](Session& s) -> Result<void> {
    auto done = s.run("INSERT INTO test_note (id) VALUES (?)", 42);
    return done ? Result<void>() : Result<void>(done.error());
  }));
  hub.restart();
  EXPECT_EQ(hub.ask(Echo{})->suffix, "kept");
  std::int64_t count = 0;
  ASSERT_TRUE(hub.store().read([&](Session& s) -> Result<void> {
    auto rows = s.query("SELECT COUNT(*) FROM test_note");
    if (rows->next()) count = rows->integer(0);
    return rows->status();
  }));
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace qiao::testkit
