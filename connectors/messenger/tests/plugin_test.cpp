#include "connectors/channel/tests/messenger.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

using qiao::channel::Desk;
using qiao::contract::Content;
using qiao::contract::Delivery;
using Json = nlohmann::json;

constexpr const char* kUser = "PSID1";

std::string config(const std::string& url) {
  return "url: " + url +
         "\ntoken: page-token-1\napp_secret: metaAppSecret0001\nverify_token: verify-me\npage_id: '2001'\n";
}

qiao::channel::Messenger messenger() {
  qiao::channel::Messenger m;
  m.name = "messenger";
  m.config = [](const std::string& url, const std::string&) { return config(url); };
  m.user = kUser;
  m.say = [](const std::string& text) { return Json{{"say", {{"user", kUser}, {"text", text}}}}; };
  m.picture = {
      {"say",
       {{"user", kUser},
        {"message",
         {{"attachments", Json::array({{{"type", "image"}, {"payload", {{"url", "{url}/cdn/picture.png"}}}}})}}}}}};
  m.said = "/text";
  return m;
}

}  // namespace

QIAO_MESSENGER(MessengerPage, messenger())

TEST_F(MessengerPage, TheWebhookIsSetUpWithTheRightWordOnly) {
  start();
  EXPECT_EQ(tell({{"verify", "verify-me"}})["text"], "1158201444");
  EXPECT_EQ(tell({{"verify", "guessed"}})["status"], 403);
}

TEST_F(MessengerPage, TheNameIsAskedForOnce) {
  start();
  say("一");
  say("二");
  ASSERT_TRUE(desk.wait_for(2));
  ASSERT_TRUE(desk.wait_identified(1));
  hub.run_until_idle();
  ASSERT_EQ(desk.identified().size(), 1U);
  EXPECT_EQ(desk.identified()[0].name, "Ana Lima");
  EXPECT_TRUE(desk.identified()[0].claims.empty()) << "a name proves nothing";
}

TEST_F(MessengerPage, PeopleOfInstagramHaveNamesToo) {
  start();
  tell({{"say", {{"user", "IG7"}, {"text", "hi"}}}});
  ASSERT_TRUE(desk.wait_identified(1));
  EXPECT_EQ(desk.identified()[0].name, "ana.lima");
}

TEST_F(MessengerPage, ANameThatCouldNotBeHadIsAskedForAgain) {
  start();
  tell({{"fail", "broken"}, {"times", 1}});
  say("一");
  ASSERT_TRUE(desk.wait_for(1));
  hub.run_until_idle();
  say("二");
  ASSERT_TRUE(desk.wait_identified(1));
  EXPECT_EQ(desk.identified()[0].name, "Ana Lima");
}

TEST_F(MessengerPage, ReceiptsFindMessagesWithLongIds) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  for (const int length : {150, 300}) {
    tell({{"long_ids", length}});
    const auto seq = desk.write("messenger", kUser, {"好的"});
    ASSERT_EQ(desk.report(seq).first, Delivery::sent);
    tell({{"event", {{"user", kUser}, {"delivery", {{"mids", {written().back()["id"]}}, {"watermark", 1}}}}}});
    EXPECT_EQ(desk.report(seq, 2).first, Delivery::delivered) << length;
  }
}

TEST_F(MessengerPage, DeliveryAndReadAreReceipts) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  const auto seq = desk.write("messenger", kUser, {"好的"});
  ASSERT_EQ(desk.report(seq).first, Delivery::sent);
  tell({{"event", {{"user", kUser}, {"delivery", {{"mids", {written().back()["id"]}}, {"watermark", 1}}}}}});
  EXPECT_EQ(desk.report(seq, 2).first, Delivery::delivered);
  tell({{"event", {{"user", kUser}, {"read", {{"watermark", 1}}}}}});
  EXPECT_TRUE(desk.wait_read());
}

TEST_F(MessengerPage, OurOwnEchoIsNothingAnothersIsANote) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(answer({"好的"}).first, Delivery::sent);
  const Json ours = written().back();
  tell({{"echo", {{"user", kUser}, {"message", {{"text", "好的"}, {"metadata", ours["metadata"]}}}}}});
  tell({{"echo", {{"user", kUser}, {"message", {{"text", "我在主页上回的"}}}}}});
  ASSERT_TRUE(desk.wait_for(2));
  hub.run_until_idle();
  ASSERT_EQ(desk.arrived().size(), 2U);
  EXPECT_TRUE(desk.arrived()[1].event);
  EXPECT_NE(desk.arrived()[1].content.text.find("我在主页上回的"), std::string::npos);
}

TEST_F(MessengerPage, InstagramsEchoOfOurOwnMessageIsNothing) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(answer({"好的"}).first, Delivery::sent);
  tell({{"echo", {{"user", kUser}, {"message", {{"text", "好的"}, {"mid", written().back()["id"]}}}}}});
  tell({{"echo", {{"user", kUser}, {"message", {{"text", "好的"}}}}}});
  ASSERT_TRUE(desk.wait_for(2));
  hub.run_until_idle();
  EXPECT_EQ(desk.arrived().size(), 2U) << "somebody else's words of the same kind are theirs";
}

TEST_F(MessengerPage, AfterADayAClosedWindowIsSaid) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"close", kUser}});
  const auto report = answer({"您好"});
  EXPECT_EQ(report.first, Delivery::failed);
  EXPECT_NE(report.second.find("24 hours"), std::string::npos);
}

TEST_F(MessengerPage, WithHumanAgentPeopleMayAnswerLonger) {
  start("human_agent: true\n");
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"close", kUser}});
  EXPECT_EQ(answer({"您好"}).first, Delivery::sent);
  EXPECT_EQ(written().back()["tag"], "HUMAN_AGENT");
  tell({{"close_all", true}});
  EXPECT_EQ(answer({"您好"}).first, Delivery::failed);
}

TEST_F(MessengerPage, ChoicesAndGetStarted) {
  start("welcome: 您好，我是小桥\n");
  tell({{"event", {{"user", kUser}, {"postback", {{"title", "Get started"}, {"payload", "GET_STARTED"}}}}}});
  ASSERT_TRUE(desk.wait_written(1));
  EXPECT_TRUE(desk.arrived()[0].event);
  say("hi");
  Content menu{"?"};
  menu.buttons = {{"退货", "return", ""}, {"换货", "exchange", ""}};
  EXPECT_EQ(answer(menu).first, Delivery::sent);
  EXPECT_EQ(written().back()["quick_replies"][1]["payload"], "exchange");
  menu.buttons.push_back({"官网", "", "https://example.com"});
  EXPECT_EQ(answer(menu).first, Delivery::sent);
  EXPECT_EQ(written().back()["attachment"]["payload"]["template_type"], "button");
  tell({{"say", {{"user", kUser}, {"message", {{"text", "退货"}, {"quick_reply", {{"payload", "return"}}}}}}}});
  ASSERT_TRUE(desk.wait_for(3));
  EXPECT_EQ(desk.arrived()[2].content.text, "return");
}

TEST_F(MessengerPage, TheTypingSignAndSeenAreShown) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  hub.run_until_idle();
  qiao::contract::Typing typing;
  typing.conversation = desk.conversation("messenger", kUser);
  typing.author = qiao::contract::Author::agent;
  ASSERT_TRUE(hub.publish(typing));
  EXPECT_TRUE(hub.wait_until([&] { return tell(Json::object())["actions"] == Json::array({"typing_on"}); }));
}

TEST_F(MessengerPage, ATokenOfAnotherPageIsNoticedByTheTest) {
  std::string other = config(simulator.url());
  other.replace(other.find("2001"), 4, "2002");
  hub.start_plugin("messenger", other);
  const auto tested = test();
  ASSERT_FALSE(tested);
  EXPECT_EQ(tested.error().name(), "messenger.other_page");
}

TEST_F(MessengerPage, ThePagesInstagramAccountIsTheRightOne) {
  std::string instagram = config(simulator.url());
  instagram.replace(instagram.find("2001"), 4, "17841400000000001");
  hub.start_plugin("messenger", instagram);
  const auto tested = test();
  EXPECT_TRUE(tested) << tested.error().message;
}

TEST_F(MessengerPage, AFileThatMessengerDoesNotTakeGoesAsALink) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  Content content{"说明书"};
  content.attachments.push_back(desk.file("a.svg", "image/svg+xml", "<svg/>"));
  const auto report = answer(content);
  EXPECT_EQ(report.first, Delivery::sent) << report.second;
  EXPECT_NE(last_said().find("https://hub.example.test/f/"), std::string::npos);
}

QIAO_CONFORMANCE("messenger", config("http://127.0.0.1:1"), [](qiao::testkit::TestHub& hub) { Desk desk(hub); })
