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

std::string shop(const std::string& url) {
  return "ark:\n  url: " + url +
         "/ark/open_api/v3/common_controller\n  app_id: hubxhsapp00000000001\n"
         "  app_secret: hubXhsSecret0000000000000000001\n  code: code-1\n";
}

std::string messages(const std::string& url) {
  return "messages:\n  send_url: " + url + "/messages/send\n  comment_url: " + url +
         "/comments/reply\n  test_url: " + url + "/me\n  access_token: invited-token-1\n  secret: push-secret\n";
}

class Xiaohongshu : public testing::Test {
 protected:
  void start(const std::string& config) {
    hub.start_plugin("xiaohongshu", "language: zh-CN\n" + config);
    tell({{"hub", hub.url() + "/hooks/xiaohongshu"}});
  }
  Json tell(const Json& wish) { return Json::parse(xhs.control(wish.dump())); }
  Json state() { return Json::parse(xhs.state()); }
  Json order_changes(int status) {
    return tell({{"order", {{"number", "P7001"}, {"tag", "msg_item_create"}, {"status", status}}}});
  }
  /// As the card of its buyer shows it.
  std::string status_of_order() {
    contract::AskProfileCards ask;
    ask.person.identities = {{"xiaohongshu", "xhs-1"}};
    RequestOptions options(std::chrono::seconds(5));
    options.to = "xiaohongshu";
    const auto cards = hub.ask(ask, options);
    EXPECT_TRUE(cards) << cards.error().message;
    if (!cards || cards->cards.empty()) return {};
    const std::string& value = cards->cards[0].rows.at(0).value;
    return value.substr(value.rfind(' ') + 1);
  }
  Json say(const std::string& text) { return tell({{"say", {{"user", "xhs-1"}, {"text", text}}}}); }
  Result<contract::ConnectorTested> test() {
    RequestOptions options(std::chrono::seconds(10));
    options.to = "xiaohongshu";
    return hub.ask(contract::TestConnector{}, options);
  }

  contract::ChannelCapabilities can(const std::string& instance) {
    RequestOptions options(std::chrono::seconds(10));
    options.to = instance;
    auto told = hub.ask(contract::DescribeChannel{}, options);
    EXPECT_TRUE(told) << told.error().message;
    return told ? *told : contract::ChannelCapabilities{};
  }

  Simulator xhs = Simulator::of_channel("xiaohongshu");
  testkit::TestHub hub{{.threads = true, .http = true}};
  Desk desk{hub};
};

TEST_F(Xiaohongshu, WithoutAnInvitationItSaysSoInsteadOfPretending) {
  start(shop(xhs.url()));
  const auto report = desk.report(desk.write("xiaohongshu", "xhs-1", {"您好"}));
  EXPECT_EQ(report.first, Delivery::failed);
  EXPECT_NE(report.second.find("需平台邀请"), std::string::npos);
  const auto tested = test();
  ASSERT_TRUE(tested) << tested.error().message;
  EXPECT_NE(tested->says.find("shop: the app hubxhsapp00000000001 is authorised"), std::string::npos) << tested->says;
  EXPECT_NE(tested->says.find("需平台邀请"), std::string::npos) << tested->says;
  EXPECT_EQ(hub.http("POST", "/hooks/xiaohongshu", "{}").status, 404);
}

TEST_F(Xiaohongshu, AMessageIsAnsweredThroughTheExampleAdapter) {
  start(messages(xhs.url()));
  EXPECT_EQ(say("在吗")["status"], 200);
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.arrived()[0].name, "小明");
  EXPECT_EQ(desk.arrived()[0].content.text, "在吗");
  EXPECT_EQ(desk.report(desk.write("xiaohongshu", "xhs-1", {"在的"})).first, Delivery::sent);
  EXPECT_EQ(state()["written"][0]["content"]["text"], "在的");
}

TEST_F(Xiaohongshu, AnAnswerToACommentNamesTheComment) {
  start(messages(xhs.url()));
  tell({{"say", {{"user", "xhs-1"}, {"text", "什么价"}, {"note", "n1"}, {"comment", "c1"}}}});
  ASSERT_TRUE(desk.wait_for(1));
  ASSERT_EQ(desk.arrived()[0].content.cards.size(), 1U);
  EXPECT_EQ(desk.arrived()[0].content.cards[0].kind, "post");
  hub.run_until_idle();
  EXPECT_EQ(desk.report(desk.write("xiaohongshu", "xhs-1", {"99 元"})).first, Delivery::sent);
  EXPECT_EQ(state()["written"][0]["comment_id"], "c1");
  EXPECT_EQ(state()["written"][0]["note_id"], "n1");
}

TEST_F(Xiaohongshu, TheCardOfACommentLeadsToItsNote) {
  start(messages(xhs.url()));
  tell({{"say", {{"user", "xhs-1"}, {"text", "什么价"}, {"note", "n1"}, {"comment", "c1"}}}});
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.arrived()[0].content.cards.at(0).title, "秋冬穿搭");
  EXPECT_EQ(desk.arrived()[0].content.cards.at(0).url, "https://www.xiaohongshu.com/explore/n1");
}

TEST_F(Xiaohongshu, CommentsAndPrivateMessagesOfOnePushAddressAreAnInstanceEach) {
  hub.start_plugin("xiaohongshu", messages(xhs.url()) + "  public_thread: true\n", "comments");
  start(messages(xhs.url()) + "  others_to: comments\n");
  EXPECT_EQ(say("在吗")["status"], 200);
  EXPECT_EQ(tell({{"say", {{"user", "xhs-1"}, {"text", "什么价"}, {"note", "n1"}, {"comment", "c1"}}}})["status"], 200);
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.report(desk.write("comments", "xhs-1", {"99 元"})).first, Delivery::sent);
  EXPECT_EQ(desk.report(desk.write("xiaohongshu", "xhs-1", {"在的"})).first, Delivery::sent);
  const Json written = state()["written"];
  EXPECT_EQ(written[0]["comment_id"], "c1");
  EXPECT_FALSE(written[1].contains("comment_id")) << "what is said in private never stands under a note";
  EXPECT_TRUE(can("comments").public_thread);
  EXPECT_FALSE(can("xiaohongshu").public_thread);
}

TEST_F(Xiaohongshu, AnInstanceForBothIsTakenForAPublicOne) {
  start(messages(xhs.url()));
  EXPECT_TRUE(can("xiaohongshu").public_thread);
}

TEST_F(Xiaohongshu, RepeatedAndForgedPushesChangeNothing) {
  tell({{"twice", true}});
  start(messages(xhs.url()));
  say("在吗");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(tell({{"unsigned", true}, {"say", {{"user", "xhs-2"}, {"text", "假的"}}}})["status"], 401);
  EXPECT_EQ(hub.http("POST", "/hooks/xiaohongshu", "{").status, 401);
  EXPECT_NE(hub.log().find("a push was refused"), std::string::npos);
  EXPECT_EQ(hub.http("GET", "/hooks/xiaohongshu?echostr=1").status, 401);
  hub.run_until_idle();
  EXPECT_EQ(desk.arrived().size(), 1U);
}

TEST_F(Xiaohongshu, APictureIsFetchedAndKept) {
  start(messages(xhs.url()));
  tell({{"say", {{"user", "xhs-1"}, {"text", ""}, {"picture", xhs.url() + "/picture.png"}}}});
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.arrived()[0].content.attachments.size(), 1U);
}

TEST_F(Xiaohongshu, AnOrdersEventStandsBesideTheConversationOfItsBuyer) {
  start(shop(xhs.url()) + messages(xhs.url()));
  EXPECT_EQ(tell({{"probe", true}})["status"], 200);
  say("我要退货");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(tell({{"order", {{"number", "P7001"}, {"tag", "msg_after_sale_create"}, {"status", 7}}}})["status"], 200);
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_TRUE(desk.arrived()[1].event);
  EXPECT_EQ(desk.arrived()[1].user, "xhs-1");
  EXPECT_EQ(desk.arrived()[1].content.text, "售后单已创建：订单 P7001，状态 7");

  contract::AskProfileCards ask;
  ask.person.identities = {{"xiaohongshu", "xhs-1"}};
  ask.language = "zh-CN";
  RequestOptions options(std::chrono::seconds(5));
  options.to = "xiaohongshu";
  const auto cards = hub.ask(ask, options);
  ASSERT_TRUE(cards) << cards.error().message;
  ASSERT_EQ(cards->cards.size(), 1U);
  EXPECT_EQ(cards->cards[0].rows.at(0).label, "P7001");
  EXPECT_EQ(cards->cards[0].rows.at(0).value, "售后单已创建 · 7");
}

TEST_F(Xiaohongshu, WhoNeverWroteGetsNoConversationFromAnOrder) {
  start(shop(xhs.url()));
  EXPECT_EQ(tell({{"order", {{"number", "P7002"}, {"tag", "msg_after_sale_create"}}}})["status"], 200);
  EXPECT_EQ(desk.arrived().size(), 0U);
  EXPECT_EQ(tell({{"unsigned", true}, {"order", {{"number", "P7002"}, {"tag", "msg_after_sale_create"}}}})["status"],
            401);
}

TEST_F(Xiaohongshu, TheShopsTokenIsRenewedWhenItIsRefused) {
  start(shop(xhs.url()));
  tell({{"order", {{"number", "P7001"}, {"tag", "msg_item_create"}}}});
  EXPECT_EQ(state()["logins"], 1);
  tell({{"expire", true}});
  EXPECT_EQ(tell({{"order", {{"number", "P7001"}, {"tag", "msg_item_create"}}}})["status"], 200);
  EXPECT_EQ(state()["logins"], 2);
  EXPECT_EQ(state()["calls"]["oauth.refreshToken"], 1);
}

TEST_F(Xiaohongshu, ANewRefreshTokenOfTheOperatorMendsAnEndedAuthorisation) {
  start(shop(xhs.url()));
  EXPECT_EQ(order_changes(1)["status"], 200);
  EXPECT_EQ(status_of_order(), "1");
  tell({{"end_grant", true}});
  order_changes(2);
  EXPECT_EQ(status_of_order(), "1");
  tell({{"grant", "refresh-of-today"}});
  hub.stop_plugin("xiaohongshu");
  start(shop(xhs.url()) + "  refresh_token: refresh-of-today\n");
  order_changes(3);
  EXPECT_EQ(status_of_order(), "3");
}

TEST_F(Xiaohongshu, AGatewayThatIsAwayCostsNoAuthorisation) {
  auto alerts = hub.probe<contract::ConnectorAlert>();
  start(shop(xhs.url()));
  order_changes(1);
  tell({{"expire", true}, {"away", "oauth.refreshToken"}});
  EXPECT_NE(order_changes(2)["status"], 200) << "the platform sends it again";
  EXPECT_EQ(order_changes(2)["status"], 200);
  EXPECT_EQ(status_of_order(), "2");
  EXPECT_EQ(state()["calls"]["oauth.getAccessToken"], 1) << "a code works once";
  EXPECT_EQ(alerts.count(), 0U);
}

TEST_F(Xiaohongshu, AnEndedAuthorisationOfTheShopIsAnAlertThatSaysWhatToDo) {
  auto alerts = hub.probe<contract::ConnectorAlert>();
  start(shop(xhs.url()));
  ASSERT_TRUE(test());
  tell({{"end_grant", true}});
  EXPECT_EQ(tell({{"order", {{"number", "P7001"}, {"tag", "msg_item_create"}}}})["status"], 200);
  ASSERT_TRUE(alerts.wait_for(1));
  EXPECT_EQ(alerts.last().id, "xiaohongshu.shop");
  EXPECT_NE(alerts.last().says.find("authorise the app for the shop again"), std::string::npos);
  EXPECT_EQ(hub.log().find("hubXhsSecret"), std::string::npos);
}

TEST_F(Xiaohongshu, ARefusedTokenOfTheInvitationIsAnAlert) {
  auto alerts = hub.probe<contract::ConnectorAlert>();
  start(messages(xhs.url()));
  say("在吗");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"fail", "expired"}, {"times", 10}});
  desk.write("xiaohongshu", "xhs-1", {"在的"});
  ASSERT_TRUE(alerts.wait_for(1));
  EXPECT_EQ(alerts.last().id, "channel.token");
}

TEST_F(Xiaohongshu, AnAdapterThatDoesNotExistStopsTheStart) {
  const auto started = hub.try_start_plugin("xiaohongshu", "messages: {adapter: partner}\n");
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("partner"), std::string::npos) << started.error().message;
}

void stand_ins(testkit::TestHub& hub) { Desk desk(hub); }

}  // namespace
}  // namespace qiao

QIAO_CONFORMANCE("xiaohongshu", qiao::shop("http://127.0.0.1:1") + qiao::messages("http://127.0.0.1:1"),
                 qiao::stand_ins)
