#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connectors/whatsapp/client/whatsapp_client.hpp"

namespace qiao::whatsapp {
namespace {

using channel::Incoming;
using channel::Part;

std::string call(const std::string& value, const std::string& number = "1065") {
  return R"({"object":"whatsapp_business_account","entry":[{"id":"W","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550001111","phone_number_id":")" +
         number + R"("},"contacts":[{"profile":{"name":"Ana"},"wa_id":"8613800138000"}],)" + value + "}}]}]}";
}
std::string message(const std::string& rest) {
  return call(R"("messages":[{"from":"8613800138000","id":"wamid.HBg1","timestamp":"1732255100",)" + rest + "}]");
}
Incoming only(const std::string& json) {
  auto items = read_call(json, "1065");
  EXPECT_TRUE(items);
  if (!items || items->size() != 1) {
    ADD_FAILURE() << "not one item in " << json;
    return {};
  }
  return items->front();
}

TEST(WhatsappCall, TextComesWithNameAndProvenNumber) {
  const Incoming item = only(message(R"("type":"text","text":{"body":"hi"},"context":{"id":"wamid.prev"})"));
  EXPECT_EQ(item.message.user, "8613800138000");
  EXPECT_EQ(item.message.user_name, "Ana");
  EXPECT_EQ(item.message.external_id, "wamid.HBg1");
  EXPECT_EQ(item.message.content.text, "hi");
  EXPECT_EQ(to_micros(item.message.at), 1732255100000000);
  ASSERT_EQ(item.claims.size(), 1U);
  EXPECT_EQ(item.claims[0].value, "+8613800138000");
}

TEST(WhatsappCall, WhatIsForAnotherNumberIsLeftOut) {
  EXPECT_TRUE(
      read_call(call(R"("messages":[{"from":"1","id":"w","type":"text","text":{"body":"x"}}])", "2"), "1065")->empty());
}

TEST(WhatsappCall, EveryKindBecomesSomethingThatAnAgentCanRead) {
  EXPECT_EQ(
      only(message(R"("type":"image","image":{"id":"m1","mime_type":"image/jpeg","caption":"坏了"})")).media.at(0).name,
      "image.jpg");
  EXPECT_EQ(only(message(R"("type":"document","document":{"id":"m1","filename":"a.pdf"})")).media.at(0).name, "a.pdf");
  EXPECT_EQ(
      only(message(R"("type":"audio","audio":{"id":"m1","mime_type":"audio/ogg; codecs=opus"})")).media.at(0).kind,
      "voice");
  EXPECT_EQ(only(message(R"("type":"sticker","sticker":{"id":"m1","mime_type":"image/webp"})")).media.at(0).kind,
            "image");
  EXPECT_EQ(only(message(R"("type":"location","location":{"latitude":31.2,"longitude":121.5,"name":"Shop"})"))
                .message.content.cards.at(0)
                .kind,
            "location");
  EXPECT_EQ(
      only(
          message(R"("type":"contacts","contacts":[{"name":{"formatted_name":"Wang"},"phones":[{"phone":"+86138"}]}])"))
          .message.content.cards.at(0)
          .title,
      "Wang");
  EXPECT_EQ(
      only(
          message(
              R"("type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"退货","title":"我要退货"}})"))
          .message.content.text,
      "退货");
  EXPECT_EQ(
      only(message(R"("type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"r1","title":"x"}})"))
          .message.content.text,
      "r1");
  EXPECT_EQ(only(message(R"("type":"button","button":{"payload":"p","text":"t"})")).message.content.text, "p");
  EXPECT_NE(
      only(
          message(
              R"("type":"order","order":{"product_items":[{"product_retailer_id":"A-7","quantity":2,"item_price":9,"currency":"USD"}]})"))
          .message.content.text.find("A-7 × 2"),
      std::string::npos);
  EXPECT_FALSE(only(message(R"("type":"unsupported","errors":[{"code":131051}])")).message.content.text.empty());
  const Incoming reaction = only(message(R"("type":"reaction","reaction":{"message_id":"wamid.x","emoji":"👍"})"));
  EXPECT_EQ(reaction.kind, Incoming::Kind::event);
}

TEST(WhatsappCall, StatusesAreReceipts) {
  const auto items = read_call(
      call(
          R"("statuses":[{"id":"wamid.1","status":"sent","timestamp":"1","recipient_id":"8"},{"id":"wamid.1","status":"delivered"},{"id":"wamid.1","status":"read"},{"id":"wamid.2","status":"failed","errors":[{"code":131047,"title":"Re-engagement message"}]},{"id":"wamid.3","status":"warning"}])"),
      "1065");
  ASSERT_TRUE(items);
  ASSERT_EQ(items->size(), 4U);
  EXPECT_EQ((*items)[1].state, contract::Delivery::delivered);
  EXPECT_EQ((*items)[2].state, contract::Delivery::read);
  EXPECT_EQ((*items)[3].state, contract::Delivery::failed);
  EXPECT_NE((*items)[3].detail.find("24 hours"), std::string::npos);
}

TEST(WhatsappCall, AnythingElseIsRefused) {
  EXPECT_FALSE(read_call("{}", "1065"));
  EXPECT_FALSE(read_call("x", "1065"));
  EXPECT_FALSE(read_call(R"({"object":"page"})", "1065"));
}

Part choice(int count, const std::string& url = {}) {
  Part part;
  part.kind = Part::Kind::choice;
  part.user = "8613800138000";
  part.text = "您想做什么？";
  for (int i = 0; i < count; ++i) part.buttons.push_back({"选项" + std::to_string(i), "v" + std::to_string(i), url});
  return part;
}

TEST(WhatsappBody, ChoicesAreButtonsThenAListThenText) {
  const WhatsappConfig config;
  EXPECT_EQ(body_of(choice(3), config)->at("interactive").at("type"), "button");
  EXPECT_EQ(body_of(choice(4), config)->at("interactive").at("type"), "list");
  EXPECT_EQ(body_of(choice(1, "https://example.com"), config)->at("interactive").at("type"), "cta_url");
  EXPECT_EQ(body_of(choice(2, "https://example.com"), config).error().name(), "channel.unsupported");
  EXPECT_EQ(body_of(choice(11), config).error().name(), "channel.unsupported");
}

TEST(WhatsappBody, ATitleThatIsTooLongIsCutAtACharacter) {
  Part part = choice(1);
  part.buttons[0].label = "一二三四五六七八九十一二三四五六七八九十一二三";
  const auto body = body_of(part, {});
  EXPECT_EQ(body->at("interactive").at("action").at("buttons").at(0).at("reply").at("title"),
            "一二三四五六七八九十一二三四五六七八九…");
}

TEST(WhatsappBody, ANoticeIsItsTemplateWithItsValues) {
  WhatsappConfig config;
  config.notices["ticket.created"] = {"ticket_created", "zh_CN", {"number", "title", "missing"}};
  Part part;
  part.kind = Part::Kind::notice;
  part.user = "8613800138000";
  part.notice = "ticket.created";
  part.values = {{"number", "T-1"}, {"title", "第一行\n第二行"}};
  const auto body = body_of(part, config);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->at("template").at("language").at("code"), "zh_CN");
  const auto& parameters = body->at("template").at("components").at(0).at("parameters");
  EXPECT_EQ(parameters.at(0).at("text"), "T-1");
  EXPECT_EQ(parameters.at(1).at("text"), "第一行 第二行");
  EXPECT_EQ(parameters.at(2).at("text"), "-");
  part.notice = "other";
  EXPECT_FALSE(body_of(part, config));
}

TEST(WhatsappMedia, TypesAndSizesDecideHowAFileGoes) {
  EXPECT_EQ(media_kind("image/png", 100), "image");
  EXPECT_EQ(media_kind("image/png", 6 << 20), "document");
  EXPECT_EQ(media_kind("image/webp", 100), "document");
  EXPECT_EQ(media_kind("video/mp4", 17 << 20), "document");
  EXPECT_EQ(media_kind("audio/ogg", 1), "audio");
  EXPECT_EQ(media_kind("application/pdf", std::int64_t{101} << 20), "");
}

}  // namespace
}  // namespace qiao::whatsapp
