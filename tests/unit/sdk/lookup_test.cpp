#include "qiao/lookup.hpp"

#include <gtest/gtest.h>

#include <condition_variable>

#include "lookup_host.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::test {
namespace {

using namespace std::chrono_literals;
using testkit::HubOptions;
using testkit::TestHub;

using Numbers = Lookup<int>;
using Answers = std::vector<Result<Aged<int>>>;

/// A lookup of numbers by their text, in a hub whose time the test turns.
class LookupTest : public testing::Test {
 protected:
  explicit LookupTest() : host_(hub_.bus(), hub_.clock()) {
    settings_.fresh_for = 30s;
    settings_.keep_for = 1h;
  }
  Numbers make() {
    return {host_, "stock", settings_, [this](std::span<const std::string> keys) -> Result<Numbers::Values> {
              calls_.emplace_back(keys.begin(), keys.end());
              if (failure_) return *failure_;
              Numbers::Values values;
              for (const std::string& key : keys) {
                values.push_back(key == "none" ? nullptr : std::make_shared<const int>(value_ + std::stoi(key)));
              }
              return values;
            }};
  }
  Result<Aged<int>> ask(Numbers& lookup, const std::string& key) {
    std::optional<Result<Aged<int>>> answer;
    lookup.get(key, [&](Result<Aged<int>> a) { answer.emplace(std::move(a)); });
    hub_.run_until_idle();
    return answer ? *answer : Error{Errc::internal, "no answer yet"};
  }
  void prime(Numbers& lookup, const std::string& key) { static_cast<void>(ask(lookup, key)); }
  void fail_until_open(Numbers& lookup) {
    failure_ = Error{Errc::unavailable, "outbound.unreachable", "the ERP refused the connection"};
    for (int i = 100; i < 105; ++i) prime(lookup, std::to_string(i));
  }

  TestHub hub_;
  LookupHost host_;
  LookupSettings settings_;
  std::vector<std::vector<std::string>> calls_;
  std::optional<Error> failure_;
  int value_ = 0;
};

}  // namespace

TEST_F(LookupTest, AnswersFromMemoryUntilTheValueIsOld) {
  Numbers lookup = make();
  EXPECT_EQ(ask(lookup, "7")->value, 7);
  value_ = 100;
  hub_.advance(20s);
  EXPECT_EQ(ask(lookup, "7")->value, 7);
  EXPECT_EQ(calls_.size(), 1u);
  hub_.advance(11s);
  const auto again = ask(lookup, "7");
  EXPECT_EQ(again->value, 107);
  EXPECT_FALSE(again->stale);
  EXPECT_EQ(calls_.size(), 2u);
}

TEST_F(LookupTest, ARememberedAnswerComesAtOnce) {
  Numbers lookup = make();
  prime(lookup, "7");
  bool answered = false;
  lookup.get("7", [&](Result<Aged<int>> a) { answered = a.ok(); });
  EXPECT_TRUE(answered);
}

TEST_F(LookupTest, FiveHundredAskersOfOneKeyMakeOneCall) {
  Numbers lookup = make();
  int answered = 0;
  for (int i = 0; i < 500; ++i) lookup.get("7", [&](Result<Aged<int>> a) { answered += a ? a->value : 0; });
  hub_.run_until_idle();
  EXPECT_EQ(answered, 500 * 7);
  EXPECT_EQ(calls_.size(), 1u);
}

TEST_F(LookupTest, KeysThatWaitTogetherTravelTogether) {
  settings_.batch = 10;
  settings_.concurrency = 1;
  Numbers lookup = make();
  int sum = 0;
  for (int i = 0; i < 25; ++i) lookup.get(std::to_string(i), [&](Result<Aged<int>> a) { sum += a->value; });
  hub_.run_until_idle();
  EXPECT_EQ(sum, 300);
  ASSERT_EQ(calls_.size(), 3u);
  EXPECT_EQ(calls_[0].size(), 10u);
  EXPECT_EQ(calls_[2].size(), 5u);
}

TEST_F(LookupTest, RemembersThatSomethingDoesNotExist) {
  Numbers lookup = make();
  EXPECT_EQ(ask(lookup, "none").error().code, Errc::not_found);
  EXPECT_EQ(ask(lookup, "none").error().code, Errc::not_found);
  EXPECT_EQ(calls_.size(), 1u);
}

TEST_F(LookupTest, AnOldAnswerStandsInForOneThatDoesNotComeAndSaysSo) {
  Numbers lookup = make();
  const Time then = hub_.clock().now();
  prime(lookup, "7");
  prime(lookup, "none");
  hub_.advance(5min);
  failure_ = Error{Errc::unavailable, "outbound.unreachable", "refused"};
  const auto old = ask(lookup, "7");
  ASSERT_TRUE(old);
  EXPECT_TRUE(old->stale);
  EXPECT_EQ(old->as_of, then);
  EXPECT_EQ(ask(lookup, "8").error().name(), "lookup.unavailable");
  // That there was nothing is no longer known.
  EXPECT_EQ(ask(lookup, "none").error().name(), "lookup.unavailable");
  hub_.advance(1h);
  EXPECT_EQ(ask(lookup, "7").error().name(), "lookup.unavailable");
}

TEST_F(LookupTest, AWrongQuestionIsNotTheSystemsFailure) {
  Numbers lookup = make();
  failure_ = Error{Errc::bad_value, "erp.bad_sku", "no SKU has spaces"};
  for (int i = 0; i < 30; ++i) EXPECT_EQ(ask(lookup, std::to_string(i)).error().name(), "erp.bad_sku");
  EXPECT_EQ(calls_.size(), 30u);
  EXPECT_EQ(host_.state(), Health::State::ok);
}

TEST_F(LookupTest, AfterFiveFailuresTheSystemIsLeftAloneAndTriedAgain) {
  Numbers lookup = make();
  prime(lookup, "7");
  hub_.advance(31s);
  fail_until_open(lookup);
  EXPECT_EQ(calls_.size(), 6u);
  EXPECT_EQ(host_.state(), Health::State::degraded);
  EXPECT_NE(host_.reason().find("refused the connection"), std::string::npos) << host_.reason();

  // No call, whatever is asked: the old value, or that there is none and when to ask again.
  EXPECT_TRUE(ask(lookup, "7")->stale);
  const auto unknown = ask(lookup, "8");
  EXPECT_EQ(unknown.error().name(), "lookup.unavailable");
  EXPECT_EQ(unknown.error().retry_after, 5s);
  EXPECT_EQ(calls_.size(), 6u);

  // One probe after 5 s and one 10 s later, both in vain; the next succeeds.
  hub_.advance(5s);
  EXPECT_EQ(calls_.size(), 7u);
  hub_.advance(9s);
  EXPECT_EQ(calls_.size(), 7u);
  hub_.advance(1s);
  EXPECT_EQ(calls_.size(), 8u);
  failure_.reset();
  hub_.advance(20s);
  EXPECT_EQ(calls_.size(), 9u);
  EXPECT_EQ(calls_.back(), std::vector<std::string>{"8"});
  EXPECT_EQ(host_.state(), Health::State::ok);
  EXPECT_FALSE(ask(lookup, "7")->stale);
}

TEST_F(LookupTest, HealthSpeaksForAllLookupsOfAnInstance) {
  Numbers first = make();
  Numbers second = make();
  fail_until_open(first);
  fail_until_open(second);
  // Each probes; only when both are well the instance is.
  failure_.reset();
  hub_.advance(4s);
  EXPECT_EQ(host_.state(), Health::State::degraded);
  hub_.advance(2s);
  EXPECT_EQ(host_.state(), Health::State::ok);
}

TEST_F(LookupTest, ForgetsTheLeastUsedFirst) {
  settings_.capacity = 2;
  Numbers lookup = make();
  prime(lookup, "1");
  prime(lookup, "2");
  prime(lookup, "1");
  prime(lookup, "3");
  calls_.clear();
  prime(lookup, "1");
  EXPECT_EQ(calls_.size(), 0u);
  prime(lookup, "2");
  EXPECT_EQ(calls_.size(), 1u);
}

TEST_F(LookupTest, WhatIsForgottenIsAskedAgain) {
  Numbers lookup = make();
  prime(lookup, "1");
  prime(lookup, "2");
  lookup.forget("1");
  value_ = 10;
  EXPECT_EQ(ask(lookup, "1")->value, 11);
  EXPECT_EQ(ask(lookup, "2")->value, 2);
  lookup.clear();
  EXPECT_EQ(ask(lookup, "2")->value, 12);
}

TEST_F(LookupTest, AValueInUseIsFetchedAgainBeforeItIsTooOld) {
  Numbers lookup = make();
  prime(lookup, "7");
  value_ = 100;
  hub_.advance(25s);
  EXPECT_EQ(ask(lookup, "7")->value, 7);
  EXPECT_EQ(ask(lookup, "7")->value, 107);
  EXPECT_EQ(calls_.size(), 2u);
}

TEST_F(LookupTest, AConnectorThatThrowsIsAFailure) {
  Numbers lookup(host_, "stock", settings_,
                 [](std::span<const std::string>) -> Result<Numbers::Values> { throw std::runtime_error("oops"); });
  const auto answer = ask(lookup, "7");
  EXPECT_EQ(answer.error().name(), "lookup.unavailable");
  EXPECT_NE(answer.error().message.find("oops"), std::string::npos);
}

TEST_F(LookupTest, EndingAnswersThoseWhoWait) {
  std::string outcome;
  {
    Numbers lookup = make();
    lookup.get("7", [&](Result<Aged<int>> a) { outcome = a ? "value" : std::string(a.error().name()); });
  }
  EXPECT_EQ(outcome, "lookup.unavailable");
  hub_.run_until_idle();
  EXPECT_EQ(calls_.size(), 0u);
}

/// A system that holds every call until it is let go.
class Gate {
 public:
  void enter() {
    std::unique_lock lock(mutex_);
    most_ = std::max(most_, ++inside_);
    open_.wait(lock, [this] { return is_open_; });
    --inside_;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    open_.notify_all();
  }
  int most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable open_;
  bool is_open_ = false;
  int inside_ = 0;
  int most_ = 0;
};

TEST(LookupThreads, AHungSystemHoldsNobodyUpAndAtMostEightThreads) {
  TestHub hub(HubOptions{.threads = true});
  LookupHost host(hub.bus(), system_clock());
  Gate gate;
  LookupSettings settings;
  settings.deadline = 30ms;
  settings.breaker_failures = 100;  // so that all threads get busy
  {
    Numbers lookup(host, "stock", settings, [&](std::span<const std::string> keys) -> Result<Numbers::Values> {
      gate.enter();
      return Numbers::Values(keys.size(), std::make_shared<const int>(1));
    });
    std::atomic<int> unavailable{0};
    for (int i = 0; i < 50; ++i) {
      lookup.get(std::to_string(i), [&](Result<Aged<int>> a) { unavailable += a ? 0 : 1; });
    }
    EXPECT_TRUE(hub.wait_until([&] { return unavailable == 50; }));
    EXPECT_EQ(gate.most(), 8);
    gate.open();
    hub.run_until_idle();
    // What nobody waits for any more was not asked, and what came late is remembered.
    EXPECT_LE(host.counter("qiao_lookup_calls_total", "", {{"lookup", "stock"}, {"result", "ok"}}).value(), 16u);
    std::atomic<int> value{0};
    lookup.get("0", [&](Result<Aged<int>> a) { value = a ? a->value : -1; });
    EXPECT_EQ(value, 1);
  }
  hub.run_until_idle();
}

TEST(LookupThreads, LateCallsOpenTheBreakerWhileTheyStillHang) {
  TestHub hub(HubOptions{.threads = true});
  LookupHost host(hub.bus(), system_clock());
  Gate gate;
  LookupSettings settings;
  settings.deadline = 20ms;
  settings.probe_after = 60s;
  {
    Numbers lookup(host, "stock", settings, [&](std::span<const std::string> keys) -> Result<Numbers::Values> {
      gate.enter();
      return Numbers::Values(keys.size(), std::make_shared<const int>(1));
    });
    std::atomic<int> answered{0};
    for (int i = 0; i < 8; ++i) lookup.get(std::to_string(i), [&](Result<Aged<int>>) { ++answered; });
    EXPECT_TRUE(hub.wait_until([&] { return host.state() == Health::State::degraded && answered == 8; }));
    bool at_once = false;
    lookup.get("99", [&](Result<Aged<int>> a) { at_once = !a; });
    EXPECT_TRUE(at_once);
    gate.open();
    hub.run_until_idle();
  }
}

TEST(LookupThreads, AskersOnManyThreadsAllGetTheirAnswer) {
  TestHub hub(HubOptions{.threads = true});
  LookupHost host(hub.bus(), system_clock());
  LookupSettings settings;
  settings.fresh_for = 1ms;
  settings.capacity = 16;
  settings.batch = 4;
  settings.deadline = 10s;
  {
    std::atomic<int> calls{0};
    Numbers lookup(host, "stock", settings, [&](std::span<const std::string> keys) -> Result<Numbers::Values> {
      if (++calls % 7 == 0) return Error{Errc::bad_value, "refused"};
      Numbers::Values values;
      for (const std::string& key : keys) values.push_back(std::make_shared<const int>(std::stoi(key)));
      return values;
    });
    std::atomic<int> answered{0};
    std::atomic<int> wrong{0};
    std::vector<std::thread> askers;
    for (int t = 0; t < 4; ++t) {
      askers.emplace_back([&, t] {
        for (int i = 0; i < 500; ++i) {
          const int key = (t * 7 + i) % 40;
          lookup.get(std::to_string(key), [&, key](Result<Aged<int>> a) {
            if (a && a->value != key) ++wrong;
            ++answered;
          });
          if (i % 50 == 0) lookup.forget(std::to_string(key));
          if (i % 200 == 0) lookup.clear();
        }
      });
    }
    for (std::thread& t : askers) t.join();
    EXPECT_TRUE(hub.wait_until([&] { return answered == 2000; }));
    EXPECT_EQ(wrong, 0);
  }
  hub.run_until_idle();
}

}  // namespace qiao::test
