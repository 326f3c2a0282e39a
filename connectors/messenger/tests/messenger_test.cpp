#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connectors/messenger/client/messenger_client.hpp"

namespace qiao::messenger {
namespace {

using channel::Incoming;
using channel::Part;

std::vector<Incoming> all(const std::string& event, const std::string& list = "messaging") {
  auto items =
      read_call(R"({"object":"page","entry":[{"id":"PAGE","time":1,")" + list + R"(":[)" + event + "]}]}", "PAGE");
  EXPECT_TRUE(items);
  return items ? *items : std::vector<Incoming>{};
}
Incoming only(const std::string& event, const std::string& list = "messaging") {
  auto items = all(event, list);
  if (items.size() != 1) {
    ADD_FAILURE() << items.size() << " items in " << event;
    return {};
  }
  return items.front();
}
std::string from_customer(const std::string& rest) {
  return R"({"sender":{"id":"PSID"},"recipient":{"id":"PAGE"},"timestamp":1732255000123,)" + rest + "}";
}

TEST(MessengerCall, TextIsAMessageOfThePerson) {
  const Incoming item = only(from_customer(R"("message":{"mid":"m_1","text":"hi"})"));
  EXPECT_EQ(item.kind, Incoming::Kind::message);
  EXPECT_EQ(item.message.user, "PSID");
  EXPECT_EQ(item.message.external_id, "m_1");
  EXPECT_EQ(item.message.content.text, "hi");
  EXPECT_EQ(to_micros(item.message.at), 1732255000123000);
}

TEST(MessengerCall, AQuickReplyIsItsPayload) {
  EXPECT_EQ(only(from_customer(R"("message":{"mid":"m_1","text":"我要退货","quick_reply":{"payload":"退货"}})"))
                .message.content.text,
            "退货");
}

TEST(MessengerCall, AttachmentsAreFetchedFromTheirAddress) {
  const Incoming item = only(from_customer(
      R"("message":{"mid":"m_1","attachments":[{"type":"image","payload":{"url":"https://cdn.example.com/a.jpg?x=1"}},{"type":"file","payload":{"url":"https://cdn.example.com/b/c.pdf?x"}},{"type":"fallback"}]})"));
  ASSERT_EQ(item.media.size(), 2U);
  EXPECT_EQ(item.media[1].name, "c.pdf");
  EXPECT_NE(item.message.content.text.find("fallback"), std::string::npos);
}

TEST(MessengerCall, MorePicturesThanOneMessageHoldsComeInFurtherOnes) {
  std::string list;
  for (int i = 0; i < 23; ++i) {
    list += std::string(i > 0 ? "," : "") + R"({"type":"image","payload":{"url":"https://cdn.example.com/)" +
            std::to_string(i) + R"(.jpg"}})";
  }
  const auto items = all(from_customer(R"("message":{"mid":"m_1","text":"坏了","attachments":[)" + list + "]}"));
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].message.content.text, "坏了");
  EXPECT_EQ(items[0].media.size() + items[1].media.size() + items[2].media.size(), 23U);
  EXPECT_EQ(items[2].media.size(), 3U);
  EXPECT_EQ(items[2].media[2].ref, "https://cdn.example.com/22.jpg");
  EXPECT_EQ(items[2].message.user, "PSID");
  EXPECT_TRUE(items[2].message.content.text.empty());
  EXPECT_EQ(items[0].message.external_id, "m_1");
  EXPECT_NE(items[1].message.external_id, items[2].message.external_id);
}

TEST(MessengerOwn, AnEchoMayBeFasterThanTheAnswerAndOldOnesAreForgotten) {
  OwnMessages own;
  own.begin("PSID", "好的");
  EXPECT_TRUE(own.holds("PSID", "好的", "m_1"));
  EXPECT_FALSE(own.holds("PSID", "别的", "m_1"));
  EXPECT_FALSE(own.holds("another", "好的", "m_1"));
  own.end("PSID", "好的", "m_1");
  EXPECT_TRUE(own.holds("PSID", "image", "m_1"));
  EXPECT_FALSE(own.holds("PSID", "好的", "m_2"));
  for (int i = 0; i < 5000; ++i) own.end("PSID", "x", "m_x" + std::to_string(i));
  EXPECT_FALSE(own.holds("PSID", "", "m_1"));
}

TEST(MessengerCall, OurOwnEchoIsNothingAndAnothersIsANote) {
  const auto echo = [](const std::string& rest) {
    return R"({"sender":{"id":"PAGE"},"recipient":{"id":"PSID"},"timestamp":1,"message":{"is_echo":true,"mid":"m_2","text":"hello")" +
           rest + "}}";
  };
  EXPECT_TRUE(all(echo(R"(,"metadata":"qiao:7-0")")).empty());
  const Incoming note = only(echo(""));
  EXPECT_EQ(note.kind, Incoming::Kind::event);
  EXPECT_EQ(note.message.user, "PSID");
}

TEST(MessengerCall, StandbyIsShownAndNotAnswered) {
  EXPECT_EQ(only(from_customer(R"("message":{"mid":"m_1","text":"hi"})"), "standby").kind, Incoming::Kind::event);
}

TEST(MessengerCall, DeliveryAndReadAreReceipts) {
  const auto delivered = all(from_customer(R"("delivery":{"mids":["m_1","m_2"],"watermark":1})"));
  ASSERT_EQ(delivered.size(), 2U);
  EXPECT_EQ(delivered[1].message.external_id, "m_2");
  EXPECT_EQ(delivered[1].state, contract::Delivery::delivered);
  EXPECT_EQ(only(from_customer(R"("read":{"watermark":1})")).kind, Incoming::Kind::read);
}

TEST(MessengerCall, PostbacksEditsReactionsAndReferrals) {
  EXPECT_EQ(only(from_customer(R"("postback":{"mid":"m_3","title":"退货","payload":"return"})")).message.content.text,
            "return");
  EXPECT_TRUE(only(from_customer(R"("postback":{"payload":"GET_STARTED"})")).welcome);
  EXPECT_EQ(only(from_customer(R"("message_edit":{"mid":"m_1","text":"A-8","num_edit":1})")).message.external_id,
            "edit:1:m_1");
  EXPECT_EQ(only(from_customer(R"("reaction":{"mid":"m_1","action":"react","emoji":"❤"})")).kind,
            Incoming::Kind::event);
  EXPECT_EQ(only(from_customer(R"("referral":{"ref":"ad7","source":"ADS"})")).kind, Incoming::Kind::event);
  EXPECT_TRUE(all(from_customer(R"("optin":{})")).empty());
}

TEST(MessengerCall, OtherPagesAndObjectsAreLeftAlone) {
  EXPECT_TRUE(
      read_call(
          R"({"object":"page","entry":[{"id":"OTHER","messaging":[{"sender":{"id":"P"},"message":{"mid":"m","text":"x"}}]}]})",
          "PAGE")
          ->empty());
  EXPECT_FALSE(read_call(R"({"object":"user"})", "PAGE"));
  EXPECT_FALSE(read_call("[]", "PAGE"));
}

TEST(MessengerMessage, ChoicesAreQuickRepliesOrATemplateWithLinks) {
  Part part;
  part.kind = Part::Kind::choice;
  part.key = "7-0";
  part.text = "?";
  part.buttons = {{"a", "1", ""}, {"b", "", ""}};
  const auto replies = message_of(part);
  EXPECT_EQ(replies->at("metadata"), "qiao:7-0");
  EXPECT_EQ(replies->at("quick_replies").at(1).at("payload"), "b");
  part.buttons.push_back({"c", "", "https://example.com"});
  EXPECT_EQ(message_of(part)->at("attachment").at("payload").at("buttons").at(2).at("type"), "web_url");
  part.buttons.push_back({"d", "", ""});
  EXPECT_EQ(message_of(part).error().name(), "channel.unsupported");
}

}  // namespace
}  // namespace qiao::messenger
