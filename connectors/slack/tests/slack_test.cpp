#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connectors/slack/client/slack_client.hpp"

namespace qiao::slack {
namespace {

using channel::Incoming;

constexpr const char* kSecret = "slackSigningSecretMadeUp00000001";
constexpr const char* kBody = "team_id=T0HUB&channel_id=C0HUB&command=%2Forder&text=A-7+%E5%BA%93%E5%AD%98";
constexpr const char* kSignature = "v0=5e957a4904c0cab2e98fc50ffe4b6f80bceb604bfb786c8095ab0b9c1e919fdd";

std::vector<Incoming> all(const std::string& event) {
  auto told = read_call("application/json",
                        R"({"type":"event_callback","team_id":"T1","event_id":"Ev1","event":)" + event + "}");
  EXPECT_TRUE(told);
  return told ? told->items : std::vector<Incoming>{};
}
Incoming only(const std::string& event) {
  auto items = all(event);
  if (items.size() != 1) {
    ADD_FAILURE() << items.size() << " items in " << event;
    return {};
  }
  return items.front();
}

TEST(SlackSignature, CoversTimeAndBody) {
  EXPECT_EQ(signature_of(kSecret, "1732255400", kBody), kSignature);
  HttpRequest request;
  request.body = kBody;
  request.headers = {{"x-slack-request-timestamp", "1732255400"}, {"x-slack-signature", kSignature}};
  const Time then = Time(std::chrono::seconds(1732255400));
  EXPECT_TRUE(verify(kSecret, request, then));
  EXPECT_TRUE(verify(kSecret, request, then + std::chrono::seconds(300)));
  EXPECT_TRUE(verify(kSecret, request, then - std::chrono::seconds(300)));
  EXPECT_EQ(verify(kSecret, request, then + std::chrono::seconds(301)).error().name(), "slack.old");
  EXPECT_EQ(verify("x", request, then).error().name(), "slack.signature");
  request.headers[0].second = "1732255401";
  EXPECT_FALSE(verify(kSecret, request, then));
}

TEST(SlackCall, TheChallengeIsSentBack) {
  const auto told = read_call("application/json", R"({"type":"url_verification","challenge":"c7"})");
  ASSERT_TRUE(told);
  EXPECT_EQ(told->answer, "c7");
  EXPECT_EQ(told->content_type, "text/plain");
}

TEST(SlackCall, AFileOfTheAppItselfIsNoMessageOfACustomer) {
  const auto shared_by = [](const std::string& user) {
    const auto told = read_call(
        "application/json",
        R"({"type":"event_callback","event_id":"Ev1","authorizations":[{"team_id":"T1","user_id":"UBOT","is_bot":true}],"event":{"type":"message","subtype":"file_share","channel":"D1","channel_type":"im","user":")" +
            user +
            R"(","text":"","ts":"1732255000.1","files":[{"name":"a.png","mimetype":"image/png","url_private":"https://files.slack.com/a.png"}]}})");
    return told ? told->items.size() : 99;
  };
  EXPECT_EQ(shared_by("UBOT"), 0U);
  EXPECT_EQ(shared_by("U1"), 1U);
}

TEST(SlackCall, AFileThatSlackDoesNotShowIsSaid) {
  const Incoming item = only(
      R"({"type":"message","subtype":"file_share","channel":"D1","user":"U1","text":"看这个","ts":"1732255000.1","files":[{"id":"F1","name":"合同.pdf","file_access":"check_file_info"}]})");
  EXPECT_TRUE(item.media.empty());
  EXPECT_NE(item.message.content.text.find("看这个"), std::string::npos);
  EXPECT_NE(item.message.content.text.find("合同.pdf"), std::string::npos);
}

TEST(SlackCall, AThreadIsAConversationAndADirectChatIsOne) {
  const Incoming root = only(R"({"type":"message","channel":"C1","user":"U1","text":"hi","ts":"1732255000.000200"})");
  EXPECT_EQ(root.message.user, "C1:1732255000.000200");
  EXPECT_EQ(root.message.external_id, "C1:1732255000.000200");
  EXPECT_EQ(root.profile, "U1");
  EXPECT_EQ(
      only(
          R"({"type":"message","channel":"C1","user":"U2","text":"x","ts":"1732255009.1","thread_ts":"1732255000.000200"})")
          .message.user,
      "C1:1732255000.000200");
  EXPECT_EQ(
      only(R"({"type":"message","channel":"D1","channel_type":"im","user":"U1","text":"x","ts":"1.2"})").message.user,
      "D1");
}

TEST(SlackCall, WhatBotsSayIsNotHeard) {
  EXPECT_TRUE(all(R"({"type":"message","channel":"C1","bot_id":"B1","user":"U1","text":"x","ts":"1.2"})").empty());
  EXPECT_TRUE(all(R"({"type":"message","subtype":"bot_message","channel":"C1","text":"x","ts":"1.2"})").empty());
  EXPECT_TRUE(
      all(R"({"type":"message","subtype":"channel_join","channel":"C1","user":"U1","text":"x","ts":"1.2"})").empty());
  EXPECT_TRUE(all(R"({"type":"reaction_added"})").empty());
}

TEST(SlackCall, FilesEditsAndDeletions) {
  const Incoming file = only(
      R"({"type":"message","subtype":"file_share","channel":"D1","user":"U1","text":"","ts":"1.2","files":[{"name":"a.png","mimetype":"image/png","url_private_download":"https://files.slack.com/a"}]})");
  EXPECT_EQ(file.media.at(0).kind, "image");
  const Incoming edit = only(
      R"({"type":"message","subtype":"message_changed","channel":"C1","ts":"3.0","message":{"user":"U1","text":"A-8","ts":"1.2"},"previous_message":{"text":"A-7"}})");
  EXPECT_EQ(edit.kind, Incoming::Kind::event);
  EXPECT_EQ(edit.message.user, "C1:1.2");
  EXPECT_TRUE(
      all(R"({"type":"message","subtype":"message_changed","channel":"C1","ts":"3.0","message":{"user":"U1","text":"A","ts":"1.2"},"previous_message":{"text":"A"}})")
          .empty());
  EXPECT_EQ(
      only(
          R"({"type":"message","subtype":"message_deleted","channel":"C1","ts":"3.0","deleted_ts":"1.2","previous_message":{"user":"U1"}})")
          .message.user,
      "C1:1.2");
}

TEST(SlackCall, APressedButtonIsItsValue) {
  const auto told =
      read_call("application/x-www-form-urlencoded",
                "payload=%7B%22type%22%3A%22block_actions%22%2C%22user%22%3A%7B%22id%22%3A%22U1%22%2C%22name%22%3A%"
                "22ana%22%7D%2C%22channel%22%3A%7B%22id%22%3A%22C1%22%7D%2C%22message%22%3A%7B%22ts%22%3A%221.3%22%2C%"
                "22thread_ts%22%3A%221.2%22%7D%2C%22actions%22%3A%5B%7B%22action_id%22%3A%22choice-0%22%2C%22action_ts%"
                "22%3A%229.9%22%2C%22value%22%3A%22return%22%7D%5D%7D");
  ASSERT_TRUE(told && told->items.size() == 1);
  EXPECT_EQ(told->items[0].message.user, "C1:1.2");
  EXPECT_EQ(told->items[0].message.content.text, "return");
  EXPECT_FALSE(read_call("application/x-www-form-urlencoded", "a=b"));
  EXPECT_FALSE(read_call("application/json", "{}"));
}

TEST(SlackText, IsPlainBothWays) {
  EXPECT_EQ(plain("a &lt;b&gt; &amp;amp; <https://example.com|shop> <https://example.com> <@U1|ana> <!here>"),
            "a <b> &amp; shop (https://example.com) https://example.com @ana !here");
  EXPECT_EQ(plain("1 < 2"), "1 < 2");
  EXPECT_EQ(escaped("<!channel> & co"), "&lt;!channel&gt; &amp; co");
  EXPECT_EQ(plain(escaped("a<b>&amp;")), "a<b>&amp;");
}

TEST(SlackFault, ErrorsCameWithStatus200) {
  const auto of = [](const std::string& word) { return fault({200, {}, R"({"ok":false,"error":")" + word + R"("})"}); };
  EXPECT_EQ(of("invalid_auth").name(), "channel.token");
  EXPECT_EQ(of("ratelimited").code, Errc::rate_limited);
  EXPECT_EQ(of("channel_not_found").code, Errc::forbidden);
  EXPECT_EQ(of("not_in_channel").name(), "slack.not_in_channel");
  EXPECT_EQ(of("internal_error").code, Errc::unavailable);
  EXPECT_EQ(of("no_text").code, Errc::bad_value);
  const auto slow = fault({429, {{"retry-after", "7"}}, ""});
  EXPECT_EQ(slow.code, Errc::rate_limited);
  EXPECT_EQ(slow.retry_after, std::chrono::seconds(7));
}

}  // namespace
}  // namespace qiao::slack
