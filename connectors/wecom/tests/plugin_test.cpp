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
using contract::TestConnector;
using simulators::Simulator;

constexpr const char* kUser = "wmCUST01@wkAAAABBBB0001";

std::string config(const std::string& url, const std::string& more = {}) {
  return "url: " + url +
         "\ncorp_id: wwa0b1c2d3e4f50617\nsecret: wecom-kf-secret-1\ntoken: hubWecom1\n"
         "encoding_aes_key: SHViRGV2S2V5MDFXaXRoTm9uQ2Fub25pY2FsQml0c0F\nlanguage: zh-CN\n" +
         more;
}

class Wecom : public testing::Test {
 protected:
  void start(const std::string& more = {}) {
    hub.start_plugin("wecom", config(wecom.url(), more));
    tell({{"hub", hub.url() + "/hooks/wecom"}});
  }
  Json tell(const Json& wish) { return Json::parse(wecom.control(wish.dump())); }
  Json say(const std::string& text, const Json& more = Json::object()) {
    Json wish = more;
    wish["say"].update({{"user", "wmCUST01"}, {"msgtype", "text"}, {"text", {{"content", text}}}});
    return tell(wish);
  }
  void tap(const std::string& label, const std::string& menu_id) {
    tell({{"say", {{"user", "wmCUST01"}, {"msgtype", "text"}, {"text", {{"content", label}, {"menu_id", menu_id}}}}}});
  }
  Json written() { return Json::parse(wecom.state())["written"]; }
  std::int64_t calls(const std::string& what) { return Json::parse(wecom.state())["calls"].value(what, 0); }
  Result<contract::ConnectorTested> test() {
    RequestOptions options(std::chrono::seconds(10));
    options.to = "wecom";
    return hub.ask(TestConnector{}, options);
  }

  Simulator wecom = Simulator::of_channel("wecom");
  testkit::TestHub hub{{.threads = true, .http = true}};
  Desk desk{hub};
};

TEST_F(Wecom, TheConsoleIsGivenTheDecryptedEcho) {
  start();
  const Json answer = tell({{"verify", "5502938471665012938"}});
  EXPECT_EQ(answer["status"], 200);
  EXPECT_EQ(answer["text"], "5502938471665012938");
}

TEST_F(Wecom, ForgedAndForeignCallbacksAreRefused) {
  start();
  EXPECT_EQ(tell({{"forge", {{"signature", "0123"}}}})["status"], 401);
  EXPECT_EQ(tell({{"forge", {{"receiver", "wwOTHER"}}}})["status"], 403);
  EXPECT_EQ(hub.http("POST", "/hooks/wecom", "<xml><!DOCTYPE a>").status, 400);
  EXPECT_EQ(hub.http("POST", "/hooks/wecom", "").status, 400);
  EXPECT_EQ(hub.http("GET", "/hooks/wecom?echostr=x").status, 401);
  const std::string log = hub.log();
  const auto first = log.find("a callback was refused");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(log.find("a callback was refused", first + 1), std::string::npos) << "strangers fill no log";
}

TEST_F(Wecom, AMessageIsPulledAndItsAnswerArrives) {
  start();
  say("我的快递到哪了");
  ASSERT_TRUE(desk.wait_for(1));
  const auto arrived = desk.arrived().front();
  EXPECT_EQ(arrived.user, kUser);
  EXPECT_EQ(arrived.name, "小明");
  EXPECT_EQ(arrived.content.text, "我的快递到哪了");
  ASSERT_TRUE(desk.wait_identified(1));
  EXPECT_EQ(desk.identified()[0].claims.at(0).kind, "unionid");
  EXPECT_EQ(desk.identified()[0].claims.at(0).value, "oUNION_0001");
  EXPECT_TRUE(desk.identified()[0].claims.at(0).verified);

  const auto seq = desk.write("wecom", kUser, {"已发出，单号 SF1"});
  EXPECT_EQ(desk.report(seq).first, Delivery::sent);
  EXPECT_EQ(written().at(0)["text"]["content"], "已发出，单号 SF1");
  EXPECT_EQ(tell({{"sessions", true}})[kUser], 1) << "the session stays with the assistant";
}

TEST_F(Wecom, EmptyPagesAndPagesOfOneAreFollowedToTheEnd) {
  tell({{"page", 1}, {"empty_pages", true}});
  start();
  Json burst = Json::array();
  for (int i = 0; i < 7; ++i) {
    burst.push_back({{"user", "wmCUST01"}, {"msgtype", "text"}, {"text", {{"content", std::to_string(i)}}}});
  }
  tell({{"burst", burst}});
  ASSERT_TRUE(desk.wait_for(7));
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(desk.arrived()[i].content.text, std::to_string(i));
}

TEST_F(Wecom, RepeatedCallbacksAndMessagesAreOneMessage) {
  tell({{"twice", true}});
  start();
  say("一");
  say("二");
  ASSERT_TRUE(desk.wait_for(2));
  hub.run_until_idle();
  EXPECT_EQ(desk.arrived().size(), 2U);
}

TEST_F(Wecom, ALostCallbackIsCaughtUp) {
  start("catch_up: 1s\n");
  say("有人吗", {{"quiet", true}});
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.arrived()[0].content.text, "有人吗");
}

TEST_F(Wecom, TheCursorSurvivesARestartAndNothingIsFetchedTwice) {
  start();
  say("一");
  ASSERT_TRUE(desk.wait_for(1));
  hub.run_until_idle();
  const std::size_t before = desk.handed_over();
  hub.restart();
  tell({{"hub", hub.url() + "/hooks/wecom"}});
  say("二");
  ASSERT_TRUE(desk.wait_for(2));
  hub.run_until_idle();
  EXPECT_EQ(desk.handed_over(), before + 1);
}

TEST_F(Wecom, TheCursorWaitsForTheHub) {
  start();
  desk.refuse(3);
  say("一");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_GE(desk.handed_over(), 4U);
}

TEST_F(Wecom, WhatWasSaidBeforeTheHubCameIsNoWork) {
  Json old = {{"user", "wmCUST02"}, {"msgtype", "text"}, {"text", {{"content", "昨天"}}}, {"at", 1732250090}};
  tell({{"say", old}, {"quiet", true}});
  start();
  say("今天");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.arrived()[0].content.text, "今天");
}

TEST_F(Wecom, AnExpiredTokenIsRenewedOnce) {
  start();
  say("一");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"expire", true}});
  const auto seq = desk.write("wecom", kUser, {"好的"});
  EXPECT_EQ(desk.report(seq).first, Delivery::sent);
  EXPECT_EQ(calls("gettoken"), 2);
}

TEST_F(Wecom, ABusyOrBrokenPlatformIsTriedAgain) {
  start();
  say("一");
  ASSERT_TRUE(desk.wait_for(1));
  hub.run_until_idle();
  for (const char* mode : {"system", "broken", "reset", "garbage"}) {
    tell({{"fail", mode}, {"times", 1}});
    const auto seq = desk.write("wecom", kUser, {"好的"});
    EXPECT_EQ(desk.report(seq).first, Delivery::sent) << mode;
  }
  EXPECT_EQ(written().size(), 4U);
}

TEST_F(Wecom, TheSixthMessageWaitsForTheCustomer) {
  start();
  say("一");
  ASSERT_TRUE(desk.wait_for(1));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(desk.report(desk.write("wecom", kUser, {"好的"})).first, Delivery::sent);
  const auto sixth = desk.report(desk.write("wecom", kUser, {"还有"}));
  EXPECT_EQ(sixth.first, Delivery::failed);
  EXPECT_NE(sixth.second.find("95001"), std::string::npos);
  RequestOptions options(std::chrono::seconds(10));
  options.to = "wecom";
  const auto window = hub.ask(contract::GetChannelWindow{kUser}, options);
  ASSERT_TRUE(window) << window.error().message;
  EXPECT_FALSE(window->open);
  say("二");
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.report(desk.write("wecom", kUser, {"好的"})).first, Delivery::sent);
}

TEST_F(Wecom, ALaterFailureReachesTheAgent) {
  start();
  say("一");
  ASSERT_TRUE(desk.wait_for(1));
  const auto seq = desk.write("wecom", kUser, {"好的"});
  ASSERT_EQ(desk.report(seq).first, Delivery::sent);
  tell({{"event",
         {{"event_type", "msg_send_fail"},
          {"user", "wmCUST01"},
          {"fail_msgid", written().at(0)["msgid"]},
          {"fail_type", 10}}}});
  const auto report = desk.report(seq, 2);
  EXPECT_EQ(report.first, Delivery::failed);
  EXPECT_EQ(report.second, "客户拒收消息");
}

TEST_F(Wecom, PicturesComeInAndGoOut) {
  tell({{"media", {{"id", "MID1"}, {"name", "photo.png"}, {"type", "image/png"}, {"base64", "iVBORw0KGgoAAAA="}}}});
  start();
  tell({{"say", {{"user", "wmCUST01"}, {"msgtype", "image"}, {"image", {{"media_id", "MID1"}}}}}});
  ASSERT_TRUE(desk.wait_for(1));
  const auto arrived = desk.arrived()[0];
  ASSERT_EQ(arrived.content.attachments.size(), 1U);
  EXPECT_EQ(arrived.content.attachments[0].name, "photo.png");

  contract::Content answer{"看这里"};
  answer.attachments.push_back(desk.file("a.png", "image/png", "\x89PNG picture"));
  EXPECT_EQ(desk.report(desk.write("wecom", kUser, answer)).first, Delivery::sent);
  ASSERT_EQ(written().size(), 2U);
  EXPECT_EQ(written()[1]["msgtype"], "image");
  // The platform has forgotten it: it is uploaded again.
  tell({{"forget_uploads", true}});
  answer.text.clear();
  EXPECT_EQ(desk.report(desk.write("wecom", kUser, answer)).first, Delivery::sent);
  EXPECT_EQ(calls("upload"), 2);
}

TEST_F(Wecom, AFileThatIsGoneIsSaidToBe) {
  start();
  tell({{"say", {{"user", "wmCUST01"}, {"msgtype", "voice"}, {"voice", {{"media_id", "NONE"}}}}}});
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_NE(desk.arrived()[0].content.text.find("未能取回"), std::string::npos);
}

TEST_F(Wecom, ANewcomerIsGreetedWithAMenuWhoseTapsAreWords) {
  start(
      "welcome: 您好，想问什么？\nwelcome_menu: [{label: 查快递, value: 我的快递到哪了}, {label: 官网, url: "
      "'https://a.test'}]\n");
  tell({{"event",
         {{"event_type", "enter_session"},
          {"user", "wmCUST01"},
          {"scene", "site"},
          {"scene_param", "sku%3DA-7"},
          {"welcome_code", "WC1"}}}});
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_TRUE(desk.arrived()[0].event);
  EXPECT_NE(desk.arrived()[0].content.text.find("sku=A-7"), std::string::npos);
  EXPECT_EQ(desk.arrived()[0].name, "小明");
  const Json greeting = written().at(0);
  EXPECT_EQ(greeting["code"], "WC1");
  const std::string tapped = greeting["msgmenu"]["list"][0]["click"]["id"];
  tell({{"say", {{"user", "wmCUST01"}, {"msgtype", "text"}, {"text", {{"content", "查快递"}, {"menu_id", tapped}}}}}});
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.arrived()[1].content.text, "我的快递到哪了");
}

TEST_F(Wecom, AResolvedConversationIsRatedByATap) {
  start("rating_question: 请为本次服务评分\nrating_thanks: 谢谢您的评价\n");
  say("谢谢");
  ASSERT_TRUE(desk.wait_for(1));
  contract::ConversationChanged resolved;
  resolved.what = "resolved";
  resolved.conversation.id = desk.conversation("wecom", kUser);
  resolved.conversation.channel = "wecom";
  resolved.conversation.user = kUser;
  ASSERT_TRUE(hub.publish(resolved));
  ASSERT_TRUE(desk.wait_written(1));
  const contract::WriteMessage question = desk.written()[0];
  EXPECT_EQ(question.author, contract::Author::system);
  ASSERT_EQ(question.content.buttons.size(), 5U);
  EXPECT_EQ(desk.report(desk.write("wecom", kUser, question.content)).first, Delivery::sent);
  const Json menu = written().at(0)["msgmenu"];
  EXPECT_EQ(menu["head_content"], "请为本次服务评分");
  tell({{"say",
         {{"user", "wmCUST01"},
          {"msgtype", "text"},
          {"text", {{"content", "非常满意"}, {"menu_id", menu["list"][0]["click"]["id"]}}}}}});
  ASSERT_TRUE(desk.wait_rated(1));
  EXPECT_EQ(desk.ratings()[0].conversation, resolved.conversation.id);
  EXPECT_EQ(desk.ratings()[0].score, 5);
  ASSERT_TRUE(desk.wait_written(2));
  EXPECT_EQ(desk.arrived().size(), 1U) << "a rating is no message";
}

TEST_F(Wecom, ARatingThatTheHubCannotTakeNowIsTakenLater) {
  start();
  const std::string grade = "q:qiao.grade/" + desk.conversation("wecom", kUser).str() + "/4";
  desk.refuse_rating({Errc::unavailable, "the database is away"});
  tap("满意", grade);
  ASSERT_TRUE(desk.wait_rated(1));
  hub.run_until_idle();
  EXPECT_EQ(desk.ratings().size(), 1U);
  EXPECT_TRUE(desk.arrived().empty());
}

TEST_F(Wecom, ARatingThatNobodyWantsIsWhatTheCustomerSaid) {
  start();
  desk.refuse_rating({Errc::not_found, "there is no such conversation"});
  tap("满意", "q:qiao.grade/1/4");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.arrived()[0].content.text, "满意");
}

TEST_F(Wecom, AFileOfJsonIsAFile) {
  const std::string json = "eyJlcnJjb2RlIjowLCJhIjoxfQ==";  // {"errcode":0,"a":1}
  tell({{"media", {{"id", "J"}, {"name", "订单.json"}, {"type", "application/json"}, {"base64", json}}}});
  start();
  tell({{"say", {{"user", "wmCUST01"}, {"msgtype", "file"}, {"file", {{"media_id", "J"}}}}}});
  ASSERT_TRUE(desk.wait_for(1));
  ASSERT_EQ(desk.arrived()[0].content.attachments.size(), 1U);
  EXPECT_EQ(desk.arrived()[0].content.attachments[0].name, "订单.json");
}

TEST_F(Wecom, AnAccountThatIsGoneStaysAnAlertWhileAnotherWorks) {
  auto alerts = hub.probe<contract::ConnectorAlert>();
  start("accounts: [wkAAAABBBB0001, wkGONE]\ncatch_up: 1s\n");
  ASSERT_TRUE(alerts.wait_for(1));
  EXPECT_NE(alerts.last().says.find("95000"), std::string::npos) << alerts.last().says;
  for (int i = 1; i <= 3; ++i) {
    say("在吗");
    ASSERT_TRUE(desk.wait_for(static_cast<std::size_t>(i)));
    hub.run_until_idle();
  }
  EXPECT_FALSE(alerts.last().over);
}

TEST_F(Wecom, AnAlertOfPullingEndsWhenItWorksAgain) {
  auto alerts = hub.probe<contract::ConnectorAlert>();
  start("accounts: [wkLATER]\n");
  ASSERT_TRUE(alerts.wait_for(1));
  tell({{"account", "wkLATER"}});
  ASSERT_TRUE(alerts.wait_for(2));
  EXPECT_TRUE(alerts.last().over);
}

TEST_F(Wecom, EverybodyInALongPageGetsTheirName) {
  Json people = Json::object(), burst = Json::array();
  for (int i = 0; i < 130; ++i) {
    const std::string id = "wmP" + std::to_string(i);
    people[id] = {{"nickname", "客户" + std::to_string(i)}};
    burst.push_back({{"user", id}, {"msgtype", "text"}, {"text", {{"content", "在吗"}}}});
  }
  start();
  tell({{"people", people}, {"burst", burst}});
  ASSERT_TRUE(desk.wait_for(130));
  for (const auto& arrived : desk.arrived()) EXPECT_NE(arrived.name, "") << arrived.user;
  EXPECT_EQ(calls("POST customer/batchget"), 2);
}

TEST_F(Wecom, WhoHasNoNameIsAskedForOnce) {
  start();
  for (std::size_t i = 1; i <= 2; ++i) {
    tell({{"say", {{"user", "wmNOBODY"}, {"msgtype", "text"}, {"text", {{"content", "在吗"}}}}}});
    ASSERT_TRUE(desk.wait_for(i));
    hub.run_until_idle();
  }
  EXPECT_EQ(calls("POST customer/batchget"), 1);
}

TEST_F(Wecom, AGreetingThatWasNotGivenIsNotSaidToBe) {
  start("welcome: 您好\n");
  tell({{"event",
         {{"event_type", "enter_session"}, {"user", "wmCUST01"}, {"welcome_code", "WC1"}, {"code_is", "used"}}}});
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.arrived()[0].content.text, "客户进入了会话");
  tell({{"event", {{"event_type", "enter_session"}, {"user", "wmCUST01"}, {"welcome_code", "WC2"}}}});
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.arrived()[1].content.text, "客户进入了会话；已发送欢迎语：您好");
}

TEST_F(Wecom, AMenuUnderALongTextIsSentWithItsEnd) {
  start();
  say("怎么退货");
  ASSERT_TRUE(desk.wait_for(1));
  contract::Content answer;
  for (int i = 0; i < 60; ++i) answer.text += "退货请先申请。";
  answer.buttons = {{"申请", "申请退货", ""}};
  EXPECT_EQ(desk.report(desk.write("wecom", kUser, answer)).first, Delivery::sent);
  ASSERT_EQ(written().size(), 2U);
  const std::string all =
      written()[0]["text"]["content"].get<std::string>() + written()[1]["msgmenu"]["head_content"].get<std::string>();
  EXPECT_EQ(all, answer.text);
}

TEST_F(Wecom, MoreChoicesThanAMenuHoldsAreAList) {
  start();
  say("有什么");
  ASSERT_TRUE(desk.wait_for(1));
  contract::Content answer{"请选择"};
  for (int i = 1; i <= 11; ++i) answer.buttons.push_back({"第" + std::to_string(i) + "项", "", ""});
  EXPECT_EQ(desk.report(desk.write("wecom", kUser, answer)).first, Delivery::sent);
  EXPECT_NE(written().at(0)["text"]["content"].get<std::string>().find("11. 第11项"), std::string::npos);
}

TEST_F(Wecom, ASessionInTheWecomClientIsShownAndNotWrittenInto) {
  start();
  say("一");
  ASSERT_TRUE(desk.wait_for(1));
  hub.run_until_idle();
  tell({{"state", {{"user", "wmCUST01"}, {"state", 3}}}});
  tell({{"event",
         {{"event_type", "session_status_change"},
          {"user", "wmCUST01"},
          {"change_type", 1},
          {"new_servicer_userid", "zhangsan"}}}});
  tell({{"say",
         {{"user", "wmCUST01"},
          {"origin", 5},
          {"servicer_userid", "zhangsan"},
          {"msgtype", "text"},
          {"text", {{"content", "我来处理"}}}}}});
  ASSERT_TRUE(desk.wait_for(3));
  EXPECT_NE(desk.arrived()[1].content.text.find("zhangsan"), std::string::npos);
  EXPECT_TRUE(desk.arrived()[2].event);
  EXPECT_EQ(desk.arrived()[2].content.text, "［企业微信客户端 zhangsan］我来处理");
  const auto report = desk.report(desk.write("wecom", kUser, {"好的"}));
  EXPECT_EQ(report.first, Delivery::failed);
  EXPECT_NE(report.second.find("企业微信客户端接待"), std::string::npos);
}

TEST_F(Wecom, ServicersAreAddedAndTheTestNamesThem) {
  start("servicers: {wkAAAABBBB0001: [zhangsan, wangwu]}\n");
  ASSERT_TRUE(hub.wait_until([&] { return calls("POST servicer/add") == 1; }));
  const auto tested = test();
  ASSERT_TRUE(tested) << tested.error().message;
  EXPECT_NE(tested->says.find("桥记旗舰店 (wkAAAABBBB0001), 2 of 3 servicers receiving"), std::string::npos)
      << tested->says;
}

TEST_F(Wecom, MoreAccountsThanAPageHoldsAreAllThere) {
  for (int i = 0; i < 100; ++i) tell({{"account", "wkMORE" + std::to_string(i)}});
  start();
  const auto tested = test();
  ASSERT_TRUE(tested) << tested.error().message;
  EXPECT_NE(tested->says.find("wkMORE99"), std::string::npos);
}

TEST_F(Wecom, AWrongSecretSaysWhatToDo) {
  std::string wrong = config(wecom.url());
  wrong.replace(wrong.find("wecom-kf-secret-1"), 17, "wecom-kf-secret-2");
  hub.start_plugin("wecom", wrong);
  const auto tested = test();
  ASSERT_FALSE(tested);
  EXPECT_NE(tested.error().message.find("check corp_id and secret"), std::string::npos);
  EXPECT_EQ(hub.log().find("wecom-kf-secret"), std::string::npos);
}

void stand_ins(testkit::TestHub& hub) { Desk desk(hub); }

}  // namespace
}  // namespace qiao

QIAO_CONFORMANCE("wecom", qiao::config("http://127.0.0.1:1"), qiao::stand_ins)
