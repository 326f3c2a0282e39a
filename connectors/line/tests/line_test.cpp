#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connectors/line/client/line_client.hpp"

namespace qiao::line {
namespace {

using channel::Incoming;
using channel::Part;

Call read(const std::string& event, bool groups = false) {
  auto call = read_call(R"({"destination":"Ubot","events":[)" + event + "]}", groups);
  EXPECT_TRUE(call);
  return call ? *call : Call{};
}
Incoming only(const std::string& event) {
  Call call = read(event);
  if (call.items.size() != 1) {
    ADD_FAILURE() << call.items.size() << " items in " << event;
    return {};
  }
  return call.items.front();
}
std::string event(const std::string& rest, const std::string& source = R"({"type":"user","userId":"U4af"})") {
  return R"({"webhookEventId":"01HX","timestamp":1732255000000,"mode":"active","replyToken":"nHuy","source":)" +
         source + "," + rest + "}";
}
std::string message(const std::string& rest) {
  return event(R"("type":"message","message":{"id":"4445",)" + rest + "}");
}

TEST(LineSignature, IsOverTheBytesAsTheyCame) {
  EXPECT_EQ(
      signature_of(
          "lineChannelSecret01",
          R"({"destination":"Uhubbot","events":[{"type":"message","replyToken":"replyTokenMadeUp0001","source":{"type":"user","userId":"Uhub00000001"},"timestamp":1732255000000,"mode":"active","webhookEventId":"01HHELLO","deliveryContext":{"isRedelivery":false},"message":{"id":"510000000000000001","type":"text","text":"在庫ありますか"}}]})"),
      "2Km02O3BFGfynjR7795axE6k8o/3kkc8prMMF++jHNs=");
}

TEST(LineCall, TextIsAMessageWithAReplyToken) {
  const Call call = read(message(R"("type":"text","text":"在庫ありますか","quoteToken":"q")"));
  ASSERT_EQ(call.items.size(), 1U);
  EXPECT_EQ(call.items[0].message.user, "U4af");
  EXPECT_EQ(call.items[0].message.external_id, "01HX");
  EXPECT_EQ(call.items[0].message.content.text, "在庫ありますか");
  ASSERT_EQ(call.reply_tokens.size(), 1U);
  EXPECT_EQ(call.reply_tokens[0].second, "nHuy");
}

TEST(LineCall, MediaStickersAndPlaces) {
  EXPECT_EQ(only(message(R"("type":"image","contentProvider":{"type":"line"})")).media.at(0).ref, "4445");
  EXPECT_EQ(
      only(message(
               R"("type":"video","contentProvider":{"type":"external","originalContentUrl":"https://example.com/v"})"))
          .media.at(0)
          .ref,
      "url:https://example.com/v");
  EXPECT_EQ(only(message(R"("type":"file","fileName":"a.pdf")")).media.at(0).name, "a.pdf");
  EXPECT_NE(only(message(R"("type":"sticker","keywords":["happy"])")).message.content.text.find("happy"),
            std::string::npos);
  EXPECT_EQ(only(message(R"("type":"location","title":"店","latitude":35.6,"longitude":139.7)"))
                .message.content.cards.at(0)
                .title,
            "店");
  EXPECT_FALSE(only(message(R"("type":"hologram")")).message.content.text.empty());
}

TEST(LineCall, FollowersAreWelcomedAndWhatHappensIsNoted) {
  const Incoming follow = only(event(R"("type":"follow")"));
  EXPECT_TRUE(follow.welcome);
  EXPECT_EQ(follow.kind, Incoming::Kind::event);
  EXPECT_EQ(only(event(R"("type":"unfollow")")).kind, Incoming::Kind::event);
  EXPECT_EQ(only(event(R"("type":"unsend","unsend":{"messageId":"1"})")).kind, Incoming::Kind::event);
  EXPECT_EQ(only(event(R"("type":"postback","postback":{"data":"return"})")).message.content.text, "return");
  EXPECT_TRUE(read(event(R"("type":"videoPlayComplete")")).items.empty());
}

TEST(LineCall, GroupsAreHeardOnlyWhenTheOperatorWantsThem) {
  const std::string json = event(R"("type":"message","message":{"id":"1","type":"text","text":"hi"})",
                                 R"({"type":"group","groupId":"C1","userId":"U4af"})");
  EXPECT_TRUE(read(json).items.empty());
  const Call call = read(json, true);
  EXPECT_EQ(call.items.at(0).message.user, "C1");
  EXPECT_EQ(call.items.at(0).profile, "U4af");
}

TEST(LineCall, StandbyIsShownAndNotAnswered) {
  const Call call = read(
      R"({"type":"message","webhookEventId":"01","mode":"standby","replyToken":"x","source":{"type":"user","userId":"U"},"message":{"id":"1","type":"text","text":"hi"}})");
  EXPECT_EQ(call.items.at(0).kind, Incoming::Kind::event);
  EXPECT_TRUE(call.reply_tokens.empty());
  const Call follow =
      read(R"({"type":"follow","webhookEventId":"02","mode":"standby","source":{"type":"user","userId":"U"}})");
  EXPECT_FALSE(follow.items.at(0).welcome) << "the other module welcomes";
}

TEST(LineCall, TheConsolesTestHasNoEvents) {
  EXPECT_TRUE(read("").items.empty());
  EXPECT_FALSE(read_call("{}", false));
  EXPECT_FALSE(read_call("x", false));
}

TEST(LineMessage, PicturesGoByPublicLinkOnly) {
  Part part;
  part.kind = Part::Kind::file;
  part.file.media_type = "image/png";
  EXPECT_EQ(message_of(part, "https://hub.example.com/f/1")->at("type"), "image");
  EXPECT_EQ(message_of(part, "").error().name(), "channel.unsupported");
  part.file.media_type = "application/pdf";
  EXPECT_EQ(message_of(part, "https://hub.example.com/f/1").error().name(), "channel.unsupported");
}

TEST(LineMessage, ChoicesAreQuickReplies) {
  Part part;
  part.kind = Part::Kind::choice;
  part.text = "?";
  part.buttons = {{"退货", "return", ""}, {"官网", "", "https://example.com"}};
  const auto made = message_of(part, "");
  EXPECT_EQ(made->at("quickReply").at("items").at(0).at("action").at("text"), "return");
  EXPECT_EQ(made->at("quickReply").at("items").at(1).at("action").at("type"), "uri");
  part.buttons.resize(14, {"x", "x", ""});
  EXPECT_EQ(message_of(part, "").error().name(), "channel.unsupported");
}

TEST(LineFault, TheMonthsQuotaIsNotARate) {
  EXPECT_EQ(fault({429, {}, R"({"message":"You have reached your monthly limit."})"}).name(), "channel.quota");
  const auto rate = fault({429, {}, R"({"message":"The API rate limit has been exceeded. Try again later."})"});
  EXPECT_EQ(rate.code, Errc::rate_limited);
  EXPECT_GT(rate.retry_after.count(), 0);
  EXPECT_EQ(fault({401, {}, "{}"}).name(), "channel.token");
  EXPECT_EQ(fault({400, {}, "{}"}).code, Errc::bad_value);
  EXPECT_EQ(fault({403, {}, "{}"}).code, Errc::forbidden);
  EXPECT_EQ(fault({500, {}, ""}).code, Errc::unavailable);
}

TEST(LineRetryKey, IsTheSameUuidInEveryTry) {
  EXPECT_EQ(retry_key("7-0"), retry_key("7-0"));
  EXPECT_NE(retry_key("7-0"), retry_key("7-1"));
  EXPECT_EQ(retry_key("7-0").size(), 36U);
  EXPECT_EQ(retry_key("7-0")[14], '4');
}

}  // namespace
}  // namespace qiao::line
