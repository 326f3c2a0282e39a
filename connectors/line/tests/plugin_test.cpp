#include "connectors/channel/tests/messenger.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

using qiao::channel::Desk;
using qiao::channel::Messenger;
using qiao::contract::Content;
using qiao::contract::Delivery;
using Json = nlohmann::json;

constexpr const char* kUser = "U4af";

std::string config(const std::string& url) {
  return "url: " + url + "\ndata_url: " + url + "\ntoken: line-token-1\nchannel_secret: lineChannelSecret01\n";
}

Messenger line() {
  Messenger m;
  m.name = "line";
  m.config = [](const std::string& url, const std::string&) { return config(url); };
  m.user = kUser;
  m.say = [](const std::string& text) { return Json{{"say", {{"user", kUser}, {"text", text}}}}; };
  m.picture = {{"say", {{"user", kUser}, {"message", {{"type", "image"}, {"contentProvider", {{"type", "line"}}}}}}}};
  m.said = "/text";
  return m;
}

}  // namespace

QIAO_MESSENGER(Line, line())

TEST_F(Line, TheConsolesTestIsAnswered) {
  start();
  EXPECT_EQ(tell({{"raw", R"({"destination":"Ubot","events":[]})"}})["status"], 200);
  EXPECT_TRUE(desk.arrived().empty());
}

TEST_F(Line, TheFirstAnswerIsFreeAndTheNextArePushed) {
  start();
  say("在庫ありますか");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(answer({"はい"}).first, Delivery::sent);
  EXPECT_EQ(written().back()["how"], "reply");
  EXPECT_EQ(answer({"ほかに？"}).first, Delivery::sent);
  EXPECT_EQ(written().back()["how"], "push");
}

TEST_F(Line, ATokenThatIsOverIsFollowedByAPush) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"spend_tokens", true}});
  EXPECT_EQ(answer({"はい"}).first, Delivery::sent);
  EXPECT_EQ(written().back()["how"], "push");
}

TEST_F(Line, AnAnswerThatGotLostIsNotSaidTwice) {
  start("timeout: 500ms\n");
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"swallow", 1}});
  EXPECT_EQ(answer({"一"}).first, Delivery::sent);
  EXPECT_EQ(written().size(), 1U) << "the reply token works once";
  tell({{"swallow", 1}});
  EXPECT_EQ(answer({"二"}).first, Delivery::sent);
  EXPECT_EQ(written().size(), 2U) << "the retry key of a push is known";
}

TEST_F(Line, AMonthsQuotaThatIsUsedUpRaisesAnAlert) {
  start();
  auto alerts = hub.probe<qiao::contract::ConnectorAlert>();
  tell({{"quota", 0}, {"spend_tokens", true}});
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  desk.write("line", kUser, {"はい"});
  ASSERT_TRUE(alerts.wait_for(1));
  EXPECT_EQ(alerts.last().id, "line.push_quota");
  EXPECT_NE(alerts.last().says.find("plan"), std::string::npos);
  // A free reply to somebody else says nothing about the quota.
  tell({{"spend_tokens", false}});
  tell({{"say", {{"user", "U777"}, {"text", "hi"}}}});
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.report(desk.write("line", "U777", {"はい"})).first, Delivery::sent);
  hub.run_until_idle();
  EXPECT_EQ(alerts.count(), 1U);
}

TEST_F(Line, NewcomersAreWelcomedByName) {
  start("welcome: はじめまして\n");
  tell({{"event", {{"type", "follow"}, {"source", {{"type", "user"}, {"userId", kUser}}}}}});
  ASSERT_TRUE(desk.wait_written(1));
  EXPECT_TRUE(desk.arrived()[0].event);
  ASSERT_TRUE(desk.wait_identified(1));
  EXPECT_EQ(desk.identified()[0].name, "Hana");
}

TEST_F(Line, PicturesGoByLinkAndFilesBecomeOne) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  Content content;
  content.attachments.push_back(desk.file("a.png", "image/png", "\x89PNG picture"));
  EXPECT_EQ(answer(content).first, Delivery::sent);
  EXPECT_EQ(written().back()["type"], "image");
  EXPECT_EQ(written().back()["originalContentUrl"].get<std::string>().rfind("https://hub.example.test/f/", 0), 0U);
  content.attachments = {desk.file("a.pdf", "application/pdf", "%PDF-1.7")};
  EXPECT_EQ(answer(content).first, Delivery::sent);
  EXPECT_NE(last_said().find("https://hub.example.test/f/"), std::string::npos);
}

TEST_F(Line, ChoicesAndPlacesAreShownAsSuch) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  Content content{"?"};
  content.buttons = {{"退货", "return", ""}};
  qiao::contract::Card place;
  place.kind = "location";
  place.title = "店";
  place.data = {{"latitude", "35.6"}, {"longitude", "139.7"}};
  content.cards.push_back(place);
  EXPECT_EQ(answer(content).first, Delivery::sent);
  EXPECT_EQ(written()[0]["quickReply"]["items"][0]["action"]["text"], "return");
  EXPECT_EQ(written()[1]["latitude"], 35.6);
}

QIAO_CONFORMANCE("line", config("http://127.0.0.1:1"), [](qiao::testkit::TestHub& hub) { Desk desk(hub); })
