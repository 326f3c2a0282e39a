#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "qiao/json.hpp"
#include "tests/fixtures/plugins/fixture_messages.hpp"
#include "tests/integration/app/fixture_hub.hpp"
#include "tests/integration/support/http_connection.hpp"

namespace qiao::testing {
namespace {

constexpr int kRounds = 100;
constexpr std::size_t kClients = 4;

/// Posts numbered ticks and questions as fast as they are answered, each on its own connection.
class Load {
 public:
  explicit Load(int port) {
    for (std::size_t i = 0; i < kClients; ++i) {
      threads_.emplace_back([this, port, i] { run(port, i); });
    }
  }
  void stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  ~Load() {
    if (!threads_.empty()) stop();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  std::atomic<std::int64_t> acknowledged{0};  ///< ticks
  std::atomic<std::int64_t> answered{0};      ///< questions, each with its own number
  std::atomic<std::int64_t> refused{0};
  std::string first_refusal;

 private:
  void run(int port, std::size_t client) {
    HttpConnection hub(port);
    for (std::int64_t n = static_cast<std::int64_t>(client) * 10'000'000 + 1; !stop_; ++n) {
      const HttpAnswer tick =
          hub.request("POST", "/fixture/tick", fmt::format(R"({{"number":{},"line":"{}"}})", n, client + 1));
      if (tick.status == 204) {
        ++acknowledged;
      } else {
        refuse(tick);
      }
      const HttpAnswer echo = hub.request("POST", "/fixture/echo", fmt::format(R"({{"number":{}}})", n));
      auto reply = from_json<fixture::EchoReply>(echo.body);
      if (echo.status == 200 && reply && reply->number == n) {
        ++answered;
      } else {
        refuse(echo);
      }
    }
  }
  void refuse(const HttpAnswer& answer) {
    if (refused++ == 0) first_refusal = fmt::format("{} {}", answer.status, answer.body);
  }

  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

std::string version(HttpConnection& hub) { return hub.request("GET", "/fixture/version").body; }

void expect_nothing_lost(Load& load, HttpConnection& hub) {
  load.stop();
  EXPECT_EQ(load.refused, 0) << load.first_refusal;
  EXPECT_GT(load.answered, 0);
  // What was acknowledged last may still be on its way through the bus to the database.
  fixture::TickCount count;
  for (int i = 0; i < 10'000 && count.stored < load.acknowledged; ++i) {
    auto answer = from_json<fixture::TickCount>(hub.request("GET", "/fixture/ticks").body);
    ASSERT_TRUE(answer) << answer.error().message;
    count = *answer;
  }
  EXPECT_EQ(count.stored, load.acknowledged);
  EXPECT_EQ(count.doubled, 0);
}

TEST(Swap, AHundredSwapsOfALibraryUnderLoadLoseNothingAndTheNewCodeRuns) {
  const FixtureFolder folder;
  folder.put("echo-1", "fixture-echo");
  folder.configure_echo();
  HubProcess process(folder.config(), folder.data());
  HttpConnection hub(process.port());
  Load load(process.port());
  for (int i = 1; i <= kRounds; ++i) {
    const bool second = i % 2 == 1;
    folder.put(second ? "echo-2" : "echo-1", "fixture-echo");
    const CommandResult reload = process.command({"reload"});
    ASSERT_EQ(reload.exit_code, 0) << reload.err;
    ASSERT_EQ(reload.out, "new generation: echo\n");
    ASSERT_EQ(version(hub), second ? "\"2.0.0\"" : "\"1.0.0\"") << "round " << i;
  }
  expect_nothing_lost(load, hub);
  const std::string metrics = hub.request("GET", "/metrics").body;
  EXPECT_NE(metrics.find("qiao_plugin_swaps_total 100"), std::string::npos);
  EXPECT_NE(metrics.find("qiao_plugin_generations 2\n"), std::string::npos) << "the same bytes are taken up again";
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0) << process.output();
}

TEST(Swap, AHundredReloadsOfWhichTwentyAreBrokenChangeOnlyWhatTheyShould) {
  const FixtureFolder folder;
  folder.put("echo-1", "fixture-echo");
  folder.configure_echo("{suffix: s0}");
  HubProcess process(folder.config(), folder.data());
  HttpConnection hub(process.port());
  Load load(process.port());
  std::string suffix = "s0";
  for (int i = 1; i <= kRounds; ++i) {
    const bool broken = i % 5 == 0;
    if (broken && i % 3 == 0) {
      folder.configure_echo("{sufix: typo}");
    } else if (broken && i % 3 == 1) {
      folder.configure_echo("{suffix: never, fail_start: true}");
    } else if (broken) {
      put_in_place(QIAO_FIXTURES "/foreign/fixture-foreign.so", folder.plugins() / "fixture-echo.so");
    } else {
      suffix = fmt::format("s{}", i);
      folder.configure_echo(fmt::format("{{suffix: {}, port: p{}}}", suffix, i / 2));
    }
    const CommandResult reload = process.command({"reload"});
    ASSERT_EQ(reload.exit_code, broken ? 78 : 0) << i << ": " << reload.out << reload.err;
    if (broken) {
      EXPECT_NE(reload.err.find("error["), std::string::npos) << reload.err;
      folder.put("echo-1", "fixture-echo");
    }
    auto reply = from_json<fixture::EchoReply>(hub.request("POST", "/fixture/echo", R"({"number":1})").body);
    ASSERT_TRUE(reply);
    ASSERT_EQ(reply->suffix, suffix) << "round " << i;
  }
  expect_nothing_lost(load, hub);
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0) << process.output();
}

}  // namespace
}  // namespace qiao::testing
