#include "connectors/channel/tests/messenger.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

using qiao::channel::Desk;
using qiao::channel::Messenger;
using qiao::contract::Content;
using qiao::contract::Delivery;
using Json = nlohmann::json;

constexpr const char* kUser = "D1";

std::string config(const std::string& url) {
  return "url: " + url + "/api\nfiles_url: " + url +
         "\ntoken: xoxb-sim-1\nsigning_secret: slackSigningSecretMadeUp00000001\n";
}

Messenger slack() {
  Messenger m;
  m.name = "slack";
  m.config = [](const std::string& url, const std::string&) { return config(url); };
  m.user = kUser;
  m.say = [](const std::string& text) { return Json{{"say", {{"channel", kUser}, {"text", text}}}}; };
  m.picture = {{"say",
                {{"channel", kUser},
                 {"subtype", "file_share"},
                 {"files", Json::array({{{"name", "a.png"},
                                         {"mimetype", "image/png"},
                                         {"url_private_download", "{url}/files/a.png"}}})}}}};
  m.said = "/text";
  return m;
}

}  // namespace

QIAO_MESSENGER(Slack, slack())

TEST_F(Slack, TheChallengeIsSentBack) {
  start();
  const Json answer = tell({{"raw", R"({"type":"url_verification","challenge":"c7"})"}});
  EXPECT_EQ(answer["status"], 200);
  EXPECT_EQ(answer["text"], "c7");
}

TEST_F(Slack, OldCallsAreRefused) {
  start();
  tell({{"old", 400}});
  EXPECT_EQ(say("hi")["status"], 401);
  tell({{"old", 200}});
  EXPECT_EQ(say("hi")["status"], 200);
}

TEST_F(Slack, AThreadIsAnsweredInItsThread) {
  start();
  const std::string ts = tell({{"say", {{"channel", "C1"}, {"text", "<@UBOT> 有货吗 &amp; 多少钱"}}}})["ts"];
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.arrived()[0].user, "C1:" + ts);
  EXPECT_EQ(desk.arrived()[0].content.text, "@UBOT 有货吗 & 多少钱");
  EXPECT_EQ(desk.report(desk.write("slack", "C1:" + ts, {"<有> & 5 元"})).first, Delivery::sent);
  EXPECT_EQ(written().back()["thread_ts"], ts);
  EXPECT_EQ(written().back()["text"], "&lt;有&gt; &amp; 5 元");
  tell({{"say", {{"channel", "C1"}, {"text", "好"}, {"thread_ts", ts}}}});
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.arrived()[1].user, "C1:" + ts);
  ASSERT_TRUE(desk.wait_identified(1));
  EXPECT_EQ(desk.identified()[0].name, "Ana");
}

TEST_F(Slack, NobodyCanMakeTheHubCallEverybody) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(answer({"<!channel> hello"}).first, Delivery::sent);
  EXPECT_EQ(last_said(), "&lt;!channel&gt; hello");
}

TEST_F(Slack, WhatBotsSayIsNotHeard) {
  start();
  tell({{"say", {{"channel", kUser}, {"text", "x"}, {"bot_id", "B1"}}}});
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.arrived()[0].content.text, "hi");
}

TEST_F(Slack, AChannelThatTheAppLeftIsSaid) {
  start();
  say("hi");
  ASSERT_TRUE(desk.wait_for(1));
  tell({{"leave", kUser}});
  const auto report = answer({"好的"});
  EXPECT_EQ(report.first, Delivery::failed);
  EXPECT_NE(report.second.find("/invite"), std::string::npos);
}

TEST_F(Slack, AButtonIsPressed) {
  start();
  const std::string ts = tell({{"say", {{"channel", "C1"}, {"text", "hi"}}}})["ts"];
  ASSERT_TRUE(desk.wait_for(1));
  Content menu{"?"};
  menu.buttons = {{"退货", "return", ""}, {"换货", "exchange", ""}};
  EXPECT_EQ(desk.report(desk.write("slack", "C1:" + ts, menu)).first, Delivery::sent);
  EXPECT_EQ(written().back()["blocks"][1]["elements"][0]["value"], "return");
  EXPECT_EQ(
      tell({{"press",
             {{"channel", "C1"}, {"ts", written().back()["ts"]}, {"thread_ts", ts}, {"value", "return"}}}})["status"],
      200);
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.arrived()[1].user, "C1:" + ts);
  EXPECT_EQ(desk.arrived()[1].content.text, "return");
}

TEST_F(Slack, AnUploadStandsInTheThread) {
  start();
  const std::string ts = tell({{"say", {{"channel", "C1"}, {"text", "hi"}}}})["ts"];
  ASSERT_TRUE(desk.wait_for(1));
  Content content;
  content.attachments.push_back(desk.file("发票.pdf", "application/pdf", "%PDF-1.7 invoice"));
  EXPECT_EQ(desk.report(desk.write("slack", "C1:" + ts, content)).first, Delivery::sent);
  EXPECT_EQ(written().back()["file"], "发票.pdf");
  EXPECT_EQ(written().back()["thread_ts"], ts);
}

QIAO_CONFORMANCE("slack", config("http://127.0.0.1:1"), [](qiao::testkit::TestHub& hub) { Desk desk(hub); })
