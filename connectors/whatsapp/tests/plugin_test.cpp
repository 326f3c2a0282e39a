#include "connectors/channel/tests/messenger.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

using qiao::channel::Desk;
using qiao::channel::Messenger;
using qiao::contract::Content;
using qiao::contract::Delivery;
using Json = nlohmann::json;

constexpr const char* kUser = "8613800138000";

std::string config(const std::string& url) {
  return "url: " + url +
         "\ntoken: wa-token-1\napp_secret: metaAppSecret0001\nverify_token: verify-me\nphone_number_id: '1065'\n";
}

Messenger whatsapp() {
  Messenger m;
  m.name = "whatsapp";
  m.config = [](const std::string& url, const std::string&) { return config(url); };
  m.user = kUser;
  m.say = [](const std::string& text) { return Json{{"say", {{"user", kUser}, {"text", text}}}}; };
  m.picture = {
      {"say",
       {{"user", kUser}, {"message", {{"type", "image"}, {"image", {{"id", "in-1"}, {"mime_type", "image/png"}}}}}}}};
  m.said = "/text/body";
  return m;
}

constexpr const char* kTemplates =
    "notices:\n  ticket.created: {name: ticket_created, language: zh_CN, parameters: [number, title]}\n"
    "  reply: {name: reply_waiting, parameters: [text]}\n";

}  // namespace

QIAO_MESSENGER(Whatsapp, whatsapp())

TEST_F(Whatsapp, TheWebhookIsSetUpWithTheRightWordOnly) {
  start();
  const Json right = tell({{"verify", "verify-me"}});
  EXPECT_EQ(right["status"], 200);
  EXPECT_EQ(right["text"], "1158201444");
  EXPECT_EQ(tell({{"verify", "guessed"}})["status"], 403);
}

TEST_F(Whatsapp, TheNumberIsAProvenClaim) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_identified(1));
  EXPECT_EQ(desk.arrived()[0].name, "Ana");
  const auto who = desk.identified()[0];
  EXPECT_EQ(who.claims.at(0).value, "+8613800138000");
  EXPECT_TRUE(who.claims.at(0).verified);
}

TEST_F(Whatsapp, StatusesBecomeReceipts) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  const auto seq = desk.write("whatsapp", kUser, {"好的"});
  ASSERT_EQ(desk.report(seq).first, Delivery::sent);
  const std::string id = written().back()["id"];
  tell({{"status", {{"id", id}, {"status", "delivered"}}}});
  EXPECT_EQ(desk.report(seq, 2).first, Delivery::delivered);
  tell({{"status", {{"id", id}, {"status", "read"}}}});
  EXPECT_EQ(desk.report(seq, 3).first, Delivery::read);
  const auto failed = desk.write("whatsapp", kUser, {"还有"});
  ASSERT_EQ(desk.report(failed).first, Delivery::sent);
  tell({{"status",
         {{"id", written().back()["id"]},
          {"status", "failed"},
          {"errors", Json::array({{{"code", 131026}, {"title", "Undeliverable"}}})}}}});
  EXPECT_EQ(desk.report(failed, 2).first, Delivery::failed);
  EXPECT_NE(desk.report(failed, 2).second.find("131026"), std::string::npos);
}

TEST_F(Whatsapp, AfterTheWindowOnlyTemplatesGetThrough) {
  start(kTemplates);
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"close", kUser}});
  Content notice{"您的工单 T-1 已建立"};
  notice.notice = "ticket.created";
  notice.values = {{"number", "T-1"}, {"title", "包裹丢失"}};
  EXPECT_EQ(answer(notice).first, Delivery::sent);
  EXPECT_EQ(written().back()["template"]["name"], "ticket_created");
  EXPECT_EQ(written().back()["template"]["components"][0]["parameters"][0]["text"], "T-1");
  EXPECT_EQ(answer({"您好\n还在吗"}).first, Delivery::sent);
  EXPECT_EQ(written().back()["template"]["name"], "reply_waiting");
  qiao::RequestOptions options(std::chrono::seconds(10));
  options.to = "whatsapp";
  const auto window = hub.ask(qiao::contract::GetChannelWindow{kUser}, options);
  ASSERT_TRUE(window);
  EXPECT_TRUE(window->limited);
  EXPECT_FALSE(window->open);
}

TEST_F(Whatsapp, AnOldMessageThatComesLateClosesNoWindow) {
  start();
  const auto stored = [&](qiao::Time at) {
    qiao::contract::MessageStored event;
    event.conversation.channel = "whatsapp";
    event.conversation.user = kUser;
    event.message.author = qiao::contract::Author::customer;
    event.message.at = at;
    ASSERT_TRUE(hub.publish(event));
    hub.run_until_idle();
  };
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  stored(now);
  stored(now - std::chrono::hours(48));
  qiao::RequestOptions options(std::chrono::seconds(10));
  options.to = "whatsapp";
  const auto window = hub.ask(qiao::contract::GetChannelWindow{kUser}, options);
  ASSERT_TRUE(window);
  EXPECT_TRUE(window->open);
}

TEST_F(Whatsapp, AFileWaitsForANewToken) {
  start();
  auto alerts = hub.probe<qiao::contract::ConnectorAlert>();
  tell({{"fail", "expired"}, {"times", 1}});
  tell(it.picture);
  ASSERT_TRUE(alerts.wait_for(1));
  EXPECT_EQ(alerts.last().id, "channel.token");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.arrived()[0].content.attachments.size(), 1U);
}

TEST_F(Whatsapp, WithoutTemplatesAClosedWindowIsAFailureThatSaysSo) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"close", kUser}});
  const auto report = answer({"您好"});
  EXPECT_EQ(report.first, Delivery::failed);
  EXPECT_NE(report.second.find("131047"), std::string::npos);
}

TEST_F(Whatsapp, ChoicesAreButtonsOrAListOrText) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  Content menu{"?"};
  for (int i = 0; i < 3; ++i) menu.buttons.push_back({"选项 " + std::to_string(i), "v" + std::to_string(i), ""});
  EXPECT_EQ(answer(menu).first, Delivery::sent);
  EXPECT_EQ(written().back()["interactive"]["type"], "button");
  menu.buttons.push_back({"第四个选项，它的名字长得一行放不下，要截短", "v4", ""});
  EXPECT_EQ(answer(menu).first, Delivery::sent);
  EXPECT_EQ(written().back()["interactive"]["type"], "list");
  menu.buttons.push_back({"官网", "", "https://example.com"});
  EXPECT_EQ(answer(menu).first, Delivery::sent);
  EXPECT_NE(last_said().find("5. 官网: https://example.com"), std::string::npos);
  tell({{"say",
         {{"user", kUser},
          {"message",
           {{"type", "interactive"},
            {"interactive", {{"type", "button_reply"}, {"button_reply", {{"id", "v1"}, {"title", "选项 1"}}}}}}}}}});
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.arrived()[1].content.text, "v1");
}

TEST_F(Whatsapp, ALongTextIsSplit) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  std::string text;
  for (int i = 0; i < 500; ++i) text += "这是一个很长的回答。";
  EXPECT_EQ(answer({text}).first, Delivery::sent);
  EXPECT_EQ(written().size(), 2U);
}

TEST_F(Whatsapp, ALongMessageOfACustomerIsAllThere) {
  start();
  std::string text;
  for (int i = 0; i < 400; ++i) text += "我买的东西坏掉了呀。";
  say(text);
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.arrived()[0].content.text + desk.arrived()[1].content.text, text);
}

TEST_F(Whatsapp, BothTicksAndTheTypingSignAreShown) {
  start();
  const std::string id = say("hi")["id"];
  ASSERT_TRUE(desk.wait_for(1));
  hub.run_until_idle();
  qiao::contract::Typing typing;
  typing.conversation = desk.conversation("whatsapp", kUser);
  typing.author = qiao::contract::Author::agent;
  ASSERT_TRUE(hub.publish(typing));
  EXPECT_TRUE(hub.wait_until([&] { return tell(Json::object())["typing"].size() == 1; }));
  qiao::contract::ConversationChanged changed;
  changed.what = "read";
  changed.conversation.id = typing.conversation;
  changed.conversation.channel = "whatsapp";
  changed.conversation.user = kUser;
  ASSERT_TRUE(hub.publish(changed));
  EXPECT_TRUE(hub.wait_until([&] { return tell(Json::object())["read"] == Json::array({id, id}); }));
}

TEST_F(Whatsapp, ALongMessageIsMarkedAsReadToo) {
  start();
  std::string text;
  for (int i = 0; i < 400; ++i) text += "我买的东西坏掉了呀。";
  const std::string id = say(text)["id"];
  ASSERT_TRUE(desk.wait_for(2));
  hub.run_until_idle();
  qiao::contract::ConversationChanged changed;
  changed.what = "read";
  changed.conversation.id = desk.conversation("whatsapp", kUser);
  changed.conversation.channel = "whatsapp";
  changed.conversation.user = kUser;
  ASSERT_TRUE(hub.publish(changed));
  EXPECT_TRUE(hub.wait_until([&] { return tell(Json::object())["read"] == Json::array({id}); }));
}

TEST_F(Whatsapp, AFileOfAKindThatMetaRefusesGoesAsALink) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  Content content{"全部资料"};
  content.attachments.push_back(desk.file("a.zip", "application/zip", "PK"));
  const auto report = answer(content);
  EXPECT_EQ(report.first, Delivery::sent) << report.second;
  EXPECT_NE(last_said().find("https://hub.example.test/f/"), std::string::npos);
}

TEST_F(Whatsapp, TooFastForOneCustomerIsTriedAgain) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"error", {{"code", 131016}}}});
  EXPECT_EQ(answer({"好的"}).first, Delivery::sent);
  tell({{"error", {{"code", 131026}}}});
  EXPECT_EQ(answer({"好的"}).first, Delivery::failed);
}

TEST_F(Whatsapp, CallsProveTheSecretWhenTheAppWantsIt) {
  tell({{"proof", true}});
  start("appsecret_proof: true\n");
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(answer({"好的"}).first, Delivery::sent);
}

QIAO_CONFORMANCE("whatsapp", config("http://127.0.0.1:1"), [](qiao::testkit::TestHub& hub) { Desk desk(hub); })
