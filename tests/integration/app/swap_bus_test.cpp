#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "qiao/testkit/test_hub.hpp"
#include "tests/fixtures/plugins/fixture_messages.hpp"

namespace qiao {
namespace {

using namespace std::chrono_literals;
using fixture::Echo;
using fixture::EchoReply;
using fixture::Tick;
using fixture::Tock;

constexpr int kSwaps = 100;
constexpr int kLines = 8;

const std::string kEcho[] = {QIAO_FIXTURES "/echo-1/fixture-echo.so", QIAO_FIXTURES "/echo-2/fixture-echo.so"};

TEST(SwapOnTheBus, AHundredSwapsUnderLoadLoseAndDoubleNothingAndKeepTheOrder) {
  testkit::TestHub hub({.threads = true});
  auto tocks = hub.probe<Tock>();
  hub.start_plugin(kEcho[0]);

  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> ticks{0};
  std::atomic<std::int64_t> asked{0};
  std::atomic<std::int64_t> answered{0};
  std::atomic<std::int64_t> failed{0};
  std::thread ticker([&] {
    while (!stop) {
      const std::int64_t number = ticks;
      if (hub.bus().publish(Tick{number, Id{1 + number % kLines}})) ++ticks;
      std::this_thread::sleep_for(200us);
    }
  });
  std::thread asker([&] {
    while (!stop) {
      ++asked;
      hub.bus().request(Echo{asked, {}}, 20s, [&](const Result<EchoReply>& reply) { reply ? ++answered : ++failed; });
      std::this_thread::sleep_for(200us);
    }
  });
  for (int i = 1; i <= kSwaps; ++i) {
    auto done = hub.reload_plugin("fixture-echo", kEcho[i % 2]);
    ASSERT_TRUE(done) << done.error().message;
    const auto reply = hub.bus().ask(Echo{0, {}}, 20s);
    ASSERT_TRUE(reply) << reply.error().message;
    ASSERT_EQ(reply->version, i % 2 ? "2.0.0" : "1.0.0") << "the new code runs";
  }
  stop = true;
  ticker.join();
  asker.join();
  ASSERT_TRUE(tocks.wait_for(static_cast<std::size_t>(ticks)));
  hub.run_until_idle();

  std::map<std::int64_t, std::int64_t> last;
  std::set<std::int64_t> seen;
  for (const Tock& tock : tocks.events()) {
    EXPECT_TRUE(seen.insert(tock.number).second) << tock.number << " came twice";
    auto& before = last.try_emplace(tock.line.value, -1).first->second;
    EXPECT_LT(before, tock.number) << "order within a line";
    before = tock.number;
  }
  EXPECT_EQ(static_cast<std::int64_t>(seen.size()), ticks);
  EXPECT_EQ(answered, asked);
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(hub.dropped("fixture-echo"), 0u);
  EXPECT_EQ(hub.dead_letters(), 0u);
}

TEST(SwapOnTheBus, ASuccessorThatFailsNeverTakesOver) {
  testkit::TestHub hub({.threads = true});
  hub.start_plugin(kEcho[0]);
  for (int i = 0; i < 20; ++i) {
    ASSERT_FALSE(hub.reconfigure("fixture-echo", "fail_start: true\n"));
    ASSERT_FALSE(hub.reload_plugin("fixture-echo", QIAO_FIXTURES "/foreign/fixture-foreign.so"));
    const auto reply = hub.ask(Echo{i, {}});
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->version, "1.0.0");
  }
}

}  // namespace
}  // namespace qiao
