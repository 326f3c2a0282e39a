#include "connectors/channel/tests/messenger.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

using qiao::channel::Desk;
using qiao::channel::Messenger;
using qiao::contract::Delivery;
using Json = nlohmann::json;

std::string config(const std::string& url) {
  return "url: " + url + "\ntoken: '700:sim-token'\nsecret_token: hook-secret-1\n";
}

Messenger telegram() {
  Messenger m;
  m.name = "telegram";
  m.config = [](const std::string& url, const std::string&) { return config(url); };
  m.user = "5123456789";
  m.say = [](const std::string& text) { return Json{{"say", {{"user", 5123456789}, {"text", text}}}}; };
  m.picture = {{"say", {{"user", 5123456789}, {"file", "photo"}, {"caption", "坏了"}}}};
  m.said = "/text";
  return m;
}

}  // namespace

QIAO_MESSENGER(Telegram, telegram())

TEST_F(Telegram, ToldItsAddressTheHubTellsItToTelegram) {
  hub.start_plugin("telegram", config(simulator.url()) + "webhook_url: " + hub.url() + "/hooks/telegram\n");
  say("有人吗");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(tell(Json::object())["webhook"]["secret"], "hook-secret-1");
}

TEST_F(Telegram, WithoutAPublicAddressTheHubAsks) {
  tell({{"webhook", {{"url", "http://127.0.0.1:1/"}, {"secret", "x"}}}});
  const std::string polling = "url: " + simulator.url() + "\ntoken: '700:sim-token'\nreceive: polling\npoll_wait: 1s\n";
  hub.start_plugin("telegram", polling);
  ASSERT_TRUE(hub.wait_until([&] { return Json::parse(simulator.state())["calls"].contains("getUpdates"); }));
  say("一");
  tell({{"say", {{"user", 5123456789}, {"file", "document"}}}});
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(answer({"在"}).first, Delivery::sent);
  // What came while nobody asked is asked for later, and nothing twice.
  const std::size_t before = desk.handed_over();
  hub.stop_plugin("telegram");
  say("二");
  hub.start_plugin("telegram", polling);
  ASSERT_TRUE(desk.wait_for(3));
  EXPECT_EQ(desk.arrived().back().content.text, "二");
  EXPECT_EQ(desk.handed_over(), before + 1);
}

TEST_F(Telegram, APollThatKeepsFailingIsToldAndIsOverWhenItWorks) {
  auto alerts = hub.probe<qiao::contract::ConnectorAlert>();
  tell({{"fail", "broken"}, {"times", 1000}});
  hub.start_plugin("telegram",
                   "url: " + simulator.url() + "\ntoken: '700:sim-token'\nreceive: polling\npoll_wait: 1s\n");
  ASSERT_TRUE(alerts.wait_for(1));
  EXPECT_EQ(alerts.last().id, "channel.polling");
  tell({{"fail", ""}});
  ASSERT_TRUE(alerts.wait_for(2));
  EXPECT_TRUE(alerts.last().over);
}

TEST_F(Telegram, APressedButtonIsItsValueAndStopsWaiting) {
  start();
  say("你好");
  ASSERT_TRUE(desk.wait_for(1));
  qiao::contract::Content menu{"您想做什么？"};
  menu.buttons = {{"我要退货", "退货", ""}, {"官网", "", "https://example.com"}};
  EXPECT_EQ(answer(menu).first, Delivery::sent);
  EXPECT_EQ(written().back()["reply_markup"]["inline_keyboard"][0][0]["callback_data"], "退货");
  EXPECT_EQ(written().back()["reply_markup"]["inline_keyboard"][1][0]["url"], "https://example.com");
  tell({{"press", {{"user", 5123456789}, {"data", "退货"}}}});
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.arrived()[1].content.text, "退货");
  hub.run_until_idle();
  EXPECT_EQ(tell(Json::object())["answered"].size(), 1U);
}

TEST_F(Telegram, AButtonThatCarriesTooMuchBecomesANumberedLine) {
  start();
  say("你好");
  ASSERT_TRUE(desk.wait_for(1));
  qiao::contract::Content menu{"?"};
  menu.buttons = {{"长", std::string(65, 'x'), ""}};
  EXPECT_EQ(answer(menu).first, Delivery::sent);
  EXPECT_EQ(last_said(), "?\n1. 长");
}

TEST_F(Telegram, ABlockedBotIsSaidAndNotTriedAgain) {
  start();
  say("你好");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"block", 5123456789}});
  const auto report = answer({"在吗"});
  EXPECT_EQ(report.first, Delivery::failed);
  EXPECT_NE(report.second.find("blocked"), std::string::npos);
}

TEST_F(Telegram, EditsAndStartsAreNotedAndNewcomersWelcomed) {
  start("welcome: 您好，我是小桥\n");
  tell({{"say", {{"user", 5123456789}, {"text", "/start ad7"}}}});
  ASSERT_TRUE(desk.wait_written(1));
  EXPECT_TRUE(desk.arrived()[0].event);
  EXPECT_EQ(desk.written()[0].content.text, "您好，我是小桥");
  tell({{"edit", {{"user", 5123456789}, {"message_id", 101}, {"text", "A-8"}}}});
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_TRUE(desk.arrived()[1].event);
  EXPECT_NE(desk.arrived()[1].content.text.find("A-8"), std::string::npos);
}

TEST_F(Telegram, AGroupThatMovedIsFollowed) {
  start("groups: true\n");
  tell({{"say", {{"user", -100}, {"text", "大家好"}}}});
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"migrate", {{"from", -100}, {"to", -1002}}}});
  EXPECT_EQ(desk.report(desk.write("telegram", "-100", {"好的"})).first, Delivery::sent);
  EXPECT_EQ(written().back()["chat"], -1002);
  qiao::contract::Content picture;
  picture.attachments.push_back(desk.file("a.png", "image/png", "\x89PNG picture"));
  EXPECT_EQ(desk.report(desk.write("telegram", "-100", picture)).first, Delivery::sent) << "files go there too";
  EXPECT_EQ(written().back()["chat"], -1002);
}

TEST_F(Telegram, APictureOfAShapeThatTelegramRefusesGoesAsADocument) {
  start();
  say("你好");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"refuse_photos", true}});
  qiao::contract::Content picture;
  picture.attachments.push_back(desk.file("long.png", "image/png", "\x89PNG picture"));
  const auto report = answer(picture);
  EXPECT_EQ(report.first, Delivery::sent) << report.second;
  EXPECT_EQ(written().back()["method"], "sendDocument");
}

TEST_F(Telegram, AFileThatIsGoneIsSaidToBe) {
  start();
  tell({{"lose_file", true}});
  tell(it.picture);
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_NE(desk.arrived()[0].content.text.find("未能取回"), std::string::npos);
  EXPECT_NE(desk.arrived()[0].content.text.find("坏了"), std::string::npos);
}

TEST_F(Telegram, TheTokenStandsInNoLog) {
  start();
  tell({{"revoke", true}});
  static_cast<void>(test());
  tell(it.picture);
  hub.run_until_idle();
  EXPECT_EQ(hub.log().find("sim-token"), std::string::npos);
}

QIAO_CONFORMANCE("telegram", config("http://127.0.0.1:1"), [](qiao::testkit::TestHub& hub) { Desk desk(hub); })
