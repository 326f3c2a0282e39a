#include "connectors/wechat/client/exchanges.hpp"

#include <gtest/gtest.h>

#include "qiao/testkit/manual_clock.hpp"

namespace qiao::wechat {
namespace {

using namespace std::chrono_literals;

struct Desk {
  testkit::ManualClock clock;
  Exchanges exchanges{clock};
  std::vector<std::string> said;

  HttpReply line(const std::string& name) {
    return
        [this, name](const HttpResponse& r) { said.push_back(name + ":" + std::to_string(r.status) + ":" + r.body); };
  }
  Exchanges::Ref begin(const std::string& user, const std::string& key, const std::string& name) {
    Exchanges::Exchange e;
    e.user = user;
    e.key = key;
    return exchanges.begin(std::move(e), line(name));
  }
  bool answer(const std::string& user, const std::string& text) {
    return exchanges.answer(user, [&](const Exchanges::Exchange&) { return Result<std::string>("<" + text); });
  }
};

TEST(WechatExchanges, AnswersWithTheBotWhileThePostWaits) {
  Desk desk;
  const auto a = desk.begin("u", "1", "a");
  EXPECT_FALSE(desk.answer("u", "too early"));  // nothing is stored yet
  desk.exchanges.wait(a);
  EXPECT_FALSE(desk.answer("other", "not for me"));
  EXPECT_TRUE(desk.answer("u", "hello"));
  EXPECT_FALSE(desk.answer("u", "twice"));
  desk.exchanges.finish(a);
  EXPECT_EQ(desk.said, (std::vector<std::string>{"a:200:<hello"}));
}

TEST(WechatExchanges, SaysSuccessWhenNobodyAnswersInTime) {
  Desk desk;
  const auto a = desk.begin("u", "1", "a");
  desk.exchanges.wait(a);
  desk.exchanges.finish(a);
  EXPECT_FALSE(desk.answer("u", "late"));
  EXPECT_EQ(desk.said, (std::vector<std::string>{"a:200:success"}));
}

TEST(WechatExchanges, ARepetitionTakesThePlaceOfThePostThatWasCut) {
  Desk desk;
  const auto a = desk.begin("u", "1", "a");
  EXPECT_FALSE(desk.begin("u", "1", "b"));
  desk.exchanges.wait(a);
  EXPECT_TRUE(desk.answer("u", "hello"));
  EXPECT_EQ(desk.said, (std::vector<std::string>{"a:200:success", "b:200:<hello"}));
  // The platform says by asking again that it has no answer.
  EXPECT_FALSE(desk.begin("u", "1", "c"));
  EXPECT_EQ(desk.said.back(), "c:200:<hello");
}

TEST(WechatExchanges, WhatCouldNotBeStoredIsTakenAgain) {
  Desk desk;
  const auto a = desk.begin("u", "1", "a");
  desk.exchanges.fail(a, HttpResponse::problem({Errc::overloaded, "full"}));
  EXPECT_TRUE(desk.said.at(0).starts_with("a:503:"));
  const auto b = desk.begin("u", "1", "b");
  ASSERT_TRUE(b);
  desk.exchanges.finish(b);
  EXPECT_EQ(desk.said.back(), "b:200:success");
}

TEST(WechatExchanges, ForgetsAfterAWhile) {
  Desk desk;
  desk.exchanges.finish(desk.begin("u", "1", "a"));
  desk.clock.advance(21s);
  EXPECT_TRUE(desk.begin("u", "1", "b"));
}

TEST(WechatExchanges, NobodyWaitsWhenTheAnswerGoesAnotherWay) {
  Desk desk;
  desk.exchanges.wait(desk.begin("u", "1", "a"));
  desk.exchanges.wait(desk.begin("v", "2", "b"));
  desk.exchanges.release("u");
  desk.exchanges.release("nobody");
  EXPECT_EQ(desk.said, (std::vector<std::string>{"a:200:success"}));
}

TEST(WechatExchanges, WhatFollowsAPassiveAnswerWaitsAMoment) {
  Desk desk;
  desk.exchanges.wait(desk.begin("u", "1", "a"));
  EXPECT_FALSE(desk.exchanges.just_answered("u"));
  EXPECT_TRUE(desk.answer("u", "hello"));
  EXPECT_TRUE(desk.exchanges.just_answered("u"));
  desk.clock.advance(401ms);
  EXPECT_FALSE(desk.exchanges.just_answered("u"));
}

TEST(WechatExchanges, AnAnswerThatCannotBeWrittenLeavesThePostWaiting) {
  Desk desk;
  const auto a = desk.begin("u", "1", "a");
  desk.exchanges.wait(a);
  EXPECT_FALSE(desk.exchanges.answer("u", [](const Exchanges::Exchange&) -> Result<std::string> {
    return Error{Errc::internal, "no"};
  }));
  desk.exchanges.finish_all();
  EXPECT_EQ(desk.said, (std::vector<std::string>{"a:200:success"}));
}

}  // namespace
}  // namespace qiao::wechat
