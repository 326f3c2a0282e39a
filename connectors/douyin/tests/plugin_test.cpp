#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connectors/channel/tests/desk.hpp"
#include "qiao/contract/connector.hpp"
#include "qiao/testkit/conformance.hpp"
#include "tests/simulators/simulator.hpp"

namespace qiao {
namespace {

using channel::Desk;
using Json = nlohmann::json;
using contract::Delivery;
using simulators::Simulator;

constexpr const char* kVideo =
    "@9VwKzuuES8gmaXS7ZohtSM780mzrPfCHPJJ4qwKvL1gaa/L/60zdRmYqig357zEBwmOi4mAd96+gp/pfsAZc7Q==";
constexpr const char* kAccount = "open_id: b0000002-aaaa-4bbb-8ccc-000000000002\nlanguage: zh-CN\n";
constexpr const char* kApp = "client_key: aw1234567890abcd\nclient_secret: 2f8a1c3d5e7b9a0c1d2e3f4a5b6c7d8e\n";

std::string config(const std::string& url, const std::string& receives, const std::string& more) {
  return "url: " + url + "\nreceives: " + receives + "\n" + kAccount + more;
}

class Douyin : public testing::Test {
 protected:
  void comments(const std::string& more = "refresh_token: rft.first\n") {
    hub.start_plugin("douyin", config(douyin.url(), "comments", kApp + more));
    tell({{"hub", hub.url() + "/hooks/douyin"}});
  }
  /// Comments and private messages of one account, as an instance each.
  void both(const std::string& more = {}) {
    hub.start_plugin("douyin", config(douyin.url(), "messages", "account_of: comments\n" + more), "messages");
    hub.start_plugin(
        "douyin",
        config(douyin.url(), "comments", std::string(kApp) + "refresh_token: rft.first\nothers_to: messages\n"),
        "comments");
    tell({{"hub", hub.url() + "/hooks/comments"}});
  }
  Json tell(const Json& wish) { return Json::parse(douyin.control(wish.dump())); }
  Json comment(const std::string& text, const std::string& user = "cust-1") {
    return tell({{"comment", {{"user", user}, {"text", text}}}});
  }
  Json say(const std::string& text) { return tell({{"message", {{"user", "cust-1"}, {"text", text}}}}); }
  Json state() { return Json::parse(douyin.state()); }
  Json replies(const Json& comment) { return tell({{"under", comment["comment_id"]}})["replies"]; }
  Result<contract::ConnectorTested> test(const std::string& instance) {
    RequestOptions options(std::chrono::seconds(10));
    options.to = instance;
    return hub.ask(contract::TestConnector{}, options);
  }

  Simulator douyin = Simulator::of_channel("douyin");
  testkit::TestHub hub{{.threads = true, .http = true}};
  Desk desk{hub};
};

TEST_F(Douyin, TheConsoleIsAnsweredWithItsChallenge) {
  comments();
  const Json answer = tell({{"verify", 12345}});
  EXPECT_EQ(answer["status"], 200);
  EXPECT_EQ(answer["text"], R"({"challenge":12345})");
}

TEST_F(Douyin, ForgedAndBrokenWebhooksAreRefused) {
  comments();
  EXPECT_EQ(tell({{"forge", "0123"}})["status"], 401);
  EXPECT_EQ(hub.http("POST", "/hooks/douyin", "{}").status, 401);
  EXPECT_NE(hub.log().find("a webhook was refused"), std::string::npos);
  // Well signed, and no JSON.
  const std::string good = "fb68b45feb6736fded74ce04f4a9a2da8a989d3c";
  EXPECT_EQ(hub.http("POST", "/hooks/douyin", "{", {{"x-douyin-signature", good}}).status, 400);
}

TEST_F(Douyin, AnAnswerStandsUnderTheComment) {
  comments();
  const Json asked = comment("口红有没有豆沙色");
  EXPECT_EQ(asked["status"], 200);
  ASSERT_TRUE(desk.wait_for(1));
  const auto arrived = desk.arrived()[0];
  EXPECT_EQ(arrived.user, "cust-1");
  EXPECT_EQ(arrived.content.text, "口红有没有豆沙色");
  ASSERT_EQ(arrived.content.cards.size(), 1U);
  EXPECT_EQ(arrived.content.cards[0].kind, "post");
  EXPECT_EQ(arrived.content.cards[0].title, "秋冬口红试色");
  EXPECT_EQ(arrived.content.cards[0].data.at("id"), kVideo);

  const auto seq = desk.write("douyin", "cust-1", {"有的，豆沙色是 03 号"});
  EXPECT_EQ(desk.report(seq).first, Delivery::sent);
  ASSERT_EQ(replies(asked).size(), 1U);
  EXPECT_EQ(replies(asked)[0]["content"], "有的，豆沙色是 03 号");
  hub.run_until_idle();
  EXPECT_EQ(desk.arrived().size(), 1U) << "the account's own reply is no message of a customer";
}

TEST_F(Douyin, TheAgentIsToldThatEverybodyReadsAlong) {
  comments();
  RequestOptions options(std::chrono::seconds(5));
  options.to = "douyin";
  const auto can = hub.ask(contract::DescribeChannel{}, options);
  ASSERT_TRUE(can);
  EXPECT_TRUE(can->public_thread);
  EXPECT_EQ(can->max_text, 100);
}

TEST_F(Douyin, AnAnswerGoesUnderTheCommentThatStoodThereWhenItWasWritten) {
  comments();
  const Json first = comment("有豆沙色吗");
  ASSERT_TRUE(desk.wait_for(1));
  // The platform is away while the agent answers, and the customer comments on another video meanwhile.
  tell({{"fail", "broken"}, {"times", 1}});
  const auto seq = desk.write("douyin", "cust-1", {"有的"});
  const Json second = tell({{"comment", {{"user", "cust-1"}, {"item", "@v2=="}, {"text", "围巾呢"}}}});
  EXPECT_EQ(desk.report(seq).first, Delivery::sent);
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(replies(first).size(), 1U);
  hub.run_until_idle();
  EXPECT_EQ(desk.report(desk.write("douyin", "cust-1", {"也有"})).first, Delivery::sent);
  EXPECT_EQ(replies(second).size(), 1U);
}

TEST_F(Douyin, LongAnswersBecomeSeveralReplies) {
  comments();
  const Json asked = comment("怎么选");
  ASSERT_TRUE(desk.wait_for(1));
  std::string answer;
  for (int i = 0; i < 30; ++i) answer += "黄皮选豆沙色。";
  EXPECT_EQ(desk.report(desk.write("douyin", "cust-1", {answer})).first, Delivery::sent);
  EXPECT_GE(replies(asked).size(), 3U);
}

TEST_F(Douyin, RepeatedWebhooksAndContentAsTextAreOneComment) {
  tell({{"twice", true}, {"as_text", true}});
  comments();
  comment("有货吗");
  comment("在吗", "cust-2");
  ASSERT_TRUE(desk.wait_for(2));
  hub.run_until_idle();
  EXPECT_EQ(desk.arrived().size(), 2U);
}

TEST_F(Douyin, CommentsWithoutWebhooksArePolled) {
  comments(std::string("refresh_token: rft.first\npoll: 1s\nvideos: ['") + kVideo + "']\n");
  const Json asked = tell({{"comment", {{"user", "cust-1"}, {"text", "有人吗"}}}, {"quiet", true}});
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"comment", {{"user", "cust-2"}, {"text", "我也想知道"}, {"to", asked["comment_id"]}}}, {"quiet", true}});
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.arrived()[1].content.text, "我也想知道");
  EXPECT_EQ(desk.arrived()[1].user, "cust-2");
}

TEST_F(Douyin, MoreRepliesThanAPageHoldsArePolled) {
  const Json asked = tell({{"comment", {{"user", "cust-1"}, {"text", "有人吗"}}}, {"quiet", true}});
  for (int i = 0; i < 25; ++i) {
    tell(
        {{"comment", {{"user", "cust-2"}, {"text", std::to_string(i)}, {"to", asked["comment_id"]}}}, {"quiet", true}});
  }
  comments(std::string("refresh_token: rft.first\npoll: 1s\nvideos: ['") + kVideo + "']\n");
  ASSERT_TRUE(desk.wait_for(26));
}

TEST_F(Douyin, WhatNoInstanceTakesIsSaidInTheLog) {
  comments();
  EXPECT_EQ(say("在吗")["status"], 200);
  EXPECT_NE(hub.log().find("private messages come and are not taken"), std::string::npos);
}

TEST_F(Douyin, AnEventThatMakesNoSenseIsSaidInTheLog) {
  comments();
  tell({{"event", {{"event", "item_comment_reply"}, {"from_user_id", ""}, {"content", {{"content", "?"}}}}}});
  ASSERT_TRUE(hub.wait_until([&] { return hub.log().find("was not taken") != std::string::npos; }));
}

TEST_F(Douyin, APlatformThatIsBusyOrAwayIsTriedAgain) {
  comments();
  comment("有货吗");
  ASSERT_TRUE(desk.wait_for(1));
  hub.run_until_idle();
  for (const char* mode : {"system", "reset", "garbage", "busy"}) {
    tell({{"fail", mode}, {"times", 1}});
    EXPECT_EQ(desk.report(desk.write("douyin", "cust-1", {std::string("有 ") + mode})).first, Delivery::sent) << mode;
  }
}

TEST_F(Douyin, AnExpiredTokenIsRenewed) {
  comments();
  comment("有货吗");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"expire", true}});
  EXPECT_EQ(desk.report(desk.write("douyin", "cust-1", {"有"})).first, Delivery::sent);
  EXPECT_EQ(state()["logins"], 2);
}

TEST_F(Douyin, AnEndedAuthorisationIsAnAlertWithWhatToDo) {
  auto alerts = hub.probe<contract::ConnectorAlert>();
  comments("refresh_token: rft.first\npublic_url: https://hub.example.test\n");
  comment("有货吗");
  ASSERT_TRUE(desk.wait_for(1));
  hub.run_until_idle();
  tell({{"expire", true}, {"end_grants", true}});
  desk.write("douyin", "cust-1", {"有"});
  ASSERT_TRUE(alerts.wait_for(1));
  EXPECT_EQ(alerts.last().id, "channel.token");
  const auto tested = test("douyin");
  ASSERT_FALSE(tested);
  const std::string& says = tested.error().message;
  const auto at = says.find("/platform/oauth/connect/?client_key=aw1234567890abcd&response_type=code&scope=");
  ASSERT_NE(at, std::string::npos) << says;
  const std::string state = says.substr(says.find("&state=") + 7);
  EXPECT_EQ(hub.http("GET", "/hooks/douyin/authorised?code=code-1&state=wrong").status, 403);
  EXPECT_EQ(hub.http("GET", "/hooks/douyin/authorised?code=code-1&state=" + state).status, 200);
  ASSERT_TRUE(test("douyin"));
}

TEST_F(Douyin, AWithdrawnAuthorisationIsAnAlert) {
  auto alerts = hub.probe<contract::ConnectorAlert>();
  comments();
  tell({{"event", {{"event", "unauthorize"}, {"from_user_id", "x"}}}});
  ASSERT_TRUE(alerts.wait_for(1));
  EXPECT_FALSE(alerts.last().over);
  tell({{"event", {{"event", "authorize"}, {"from_user_id", "x"}}}});
  ASSERT_TRUE(alerts.wait_for(2));
  EXPECT_TRUE(alerts.last().over);
}

TEST_F(Douyin, PrivateMessagesAreAnsweredInTheirTalkThroughTheOneWebhook) {
  both();
  EXPECT_EQ(say("这件有现货吗")["status"], 200);
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.arrived()[0].name, "小明");
  EXPECT_EQ(desk.report(desk.write("messages", "cust-1", {"有现货，今天发"})).first, Delivery::sent);
  const Json sent = state()["written"][0]["message"];
  EXPECT_EQ(sent["scene"], "im_reply_msg");
  EXPECT_EQ(sent["content"]["text"]["text"], "有现货，今天发");
  comment("口红有没有豆沙色");
  ASSERT_TRUE(desk.wait_for(2));
  hub.run_until_idle();
  EXPECT_EQ(desk.arrived().size(), 2U) << "the echo of the answer is none";
}

TEST_F(Douyin, WhatIsWrittenInTheAppIsANote) {
  both();
  say("在吗");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"event",
         {{"event", "im_send_msg"},
          {"from_user_id", "b0000002-aaaa-4bbb-8ccc-000000000002"},
          {"to_user_id", "cust-1"},
          {"content", {{"server_message_id", "@x"}, {"message_type", "text"}, {"text", "我是店长"}}}}}});
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_TRUE(desk.arrived()[1].event);
  EXPECT_EQ(desk.arrived()[1].content.text, "［在抖音 App 中回复］我是店长");
}

TEST_F(Douyin, TheEchoOfAnAnswerIsNoneAfterARestart) {
  both();
  say("在吗");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"hold", true}});  // the platform's webhooks wait
  ASSERT_EQ(desk.report(desk.write("messages", "cust-1", {"在的"})).first, Delivery::sent);
  hub.restart();
  tell({{"hub", hub.url() + "/hooks/comments"}, {"hold", false}});
  say("好的");
  ASSERT_TRUE(desk.wait_for(2));
  hub.run_until_idle();
  ASSERT_EQ(desk.arrived().size(), 2U);
  EXPECT_EQ(desk.arrived()[1].content.text, "好的");
}

TEST_F(Douyin, TheSeventhPrivateMessageWaitsForTheCustomer) {
  both();
  say("在吗");
  ASSERT_TRUE(desk.wait_for(1));
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(desk.report(desk.write("messages", "cust-1", {"第" + std::to_string(i)})).first, Delivery::sent);
  }
  const auto seventh = desk.report(desk.write("messages", "cust-1", {"还有"}));
  EXPECT_EQ(seventh.first, Delivery::failed);
  EXPECT_NE(seventh.second.find("28003070"), std::string::npos);
}

TEST_F(Douyin, PicturesComeInAndGoOut) {
  both();
  tell({{"message", {{"user", "cust-1"}, {"message_type", "user_local_image"}}}});
  ASSERT_TRUE(desk.wait_for(1));
  ASSERT_EQ(desk.arrived()[0].content.attachments.size(), 1U);
  contract::Content answer;
  answer.attachments.push_back(desk.file("a.png", "image/png", "\x89PNG picture"));
  EXPECT_EQ(desk.report(desk.write("messages", "cust-1", answer)).first, Delivery::sent);
  EXPECT_EQ(state()["written"][0]["message"]["content"]["msg_type"], 2);
}

TEST_F(Douyin, APictureThatIsNotThereYetIsFetchedLater) {
  both();
  tell({{"fail", "broken"}, {"times", 1}});
  const Json told = tell(
      {{"message", {{"user", "cust-1"}, {"message_type", "image"}, {"resource_url", douyin.url() + "/picture.png"}}}});
  EXPECT_EQ(told["status"], 200) << "what is kept is acknowledged";
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.arrived()[0].content.attachments.size(), 1U);
}

TEST_F(Douyin, WebhooksInTheWrongOrderAllArrive) {
  both();
  tell({{"hold", true}});
  say("一");
  comment("二");
  say("三");
  tell({{"hold", false}});
  ASSERT_TRUE(desk.wait_for(3));
  EXPECT_EQ(desk.arrived()[0].content.text, "三");
}

TEST_F(Douyin, WhoOpensThePrivateChatIsGreeted) {
  both("welcome: 您好，想看哪款？\n");
  tell({{"enter", "cust-1"}});
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_NE(desk.arrived()[0].content.text.find("sku=A-7"), std::string::npos);
  EXPECT_EQ(state()["written"][0]["message"]["scene"], "im_enter_direct_msg");
}

TEST_F(Douyin, ReadingAndRecallsAreShown) {
  both();
  say("在吗");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"event", {{"event", "im_message_read"}, {"from_user_id", "cust-1"}, {"content", {{"index", 3}}}}}});
  EXPECT_TRUE(desk.wait_read());
  tell({{"event",
         {{"event", "im_recall_msg"}, {"from_user_id", "cust-1"}, {"content", {{"server_message_id", "@m"}}}}}});
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.arrived()[1].content.text, "客户撤回了一条消息");
}

TEST_F(Douyin, EventsOfOtherAccountsAreNoneOfOurs) {
  both();
  EXPECT_EQ(tell({{"message", {{"user", "cust-1"}, {"text", "在吗"}}}, {"to", "another-account"}})["status"], 200);
  say("你好");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.arrived()[0].content.text, "你好");
}

TEST_F(Douyin, TheConnectionTestNamesTheAccount) {
  both();
  const auto tested = test("messages");
  ASSERT_TRUE(tested) << tested.error().message;
  EXPECT_NE(tested->says.find("桥记彩妆"), std::string::npos);
}

void stand_ins(testkit::TestHub& hub) { Desk desk(hub); }

}  // namespace
}  // namespace qiao

QIAO_CONFORMANCE("douyin", qiao::config("http://127.0.0.1:1", "comments", qiao::kApp), qiao::stand_ins)
