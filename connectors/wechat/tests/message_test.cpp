#include "connectors/wechat/client/message.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace qiao::wechat {
namespace {

Incoming read(const std::string& fields, const std::string& type) {
  const auto m = read_message(
      fmt::format("<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oUSER_1]]></FromUserName>"
                  "<CreateTime>1732248123</CreateTime><MsgType><![CDATA[{}]]></MsgType>{}</xml>",
                  type, fields));
  EXPECT_TRUE(m) << m.error().message;
  return m ? *m : Incoming{};
}

TEST(WechatMessage, TextIsTheCustomersWords) {
  const Incoming m = read("<Content><![CDATA[羽绒服有 L 码吗]]></Content><MsgId>24890000000000001</MsgId>", "text");
  EXPECT_EQ(content_of(m, false).text, "羽绒服有 L 码吗");
  EXPECT_EQ(external_id(m), "24890000000000001");
  EXPECT_FALSE(m.has_media());
}

TEST(WechatMessage, CharactersThatXmlForbidsDoNotLoseTheMessage) {
  const Incoming m = read("<Content><![CDATA[第一行\x0b第二行\x01\tc\nd]]></Content><MsgId>9</MsgId>", "text");
  EXPECT_EQ(content_of(m, false).text, "第一行 第二行 \tc\nd");
}

TEST(WechatMessage, NumbersBeyondDoublesStayExactInJson) {
  const auto m = read_message(
      R"({"ToUserName":"gh_1","FromUserName":"oMINI_1","CreateTime":1732249000,"MsgType":"text","Content":"hi",)"
      R"("MsgId":18446744073709551615})");
  ASSERT_TRUE(m);
  EXPECT_EQ(m->id, "18446744073709551615");
}

TEST(WechatMessage, VoiceSaysWhatThePlatformHeard) {
  const Incoming m =
      read("<MediaId>M1</MediaId><Format>amr</Format><Recognition><![CDATA[退货流程]]></Recognition><MsgId>2</MsgId>",
           "voice");
  EXPECT_TRUE(m.has_media());
  EXPECT_EQ(content_of(m, false).text, "退货流程");
  EXPECT_EQ(file_name(m), "voice.amr");
}

TEST(WechatMessage, PlacesLinksAndPagesBecomeCards) {
  const auto place =
      content_of(read("<Location_X>23.134521</Location_X><Location_Y>113.358803</Location_Y><Scale>20</Scale>"
                      "<Label><![CDATA[广州市]]></Label><MsgId>3</MsgId>",
                      "location"),
                 false);
  ASSERT_EQ(place.cards.size(), 1U);
  EXPECT_EQ(place.cards[0].kind, "location");
  EXPECT_EQ(place.cards[0].data.at("latitude"), "23.134521");

  const auto link = content_of(read("<Title>t</Title><Description>d</Description><Url>https://a.example/x</Url>"
                                    "<MsgId>4</MsgId>",
                                    "link"),
                               false);
  ASSERT_EQ(link.cards.size(), 1U);
  EXPECT_EQ(link.cards[0].url, "https://a.example/x");
  // Nothing but the web is a link.
  const auto script = content_of(read("<Title>t</Title><Url>javascript:alert(1)</Url><MsgId>5</MsgId>", "link"), false);
  EXPECT_TRUE(script.cards.empty());
  EXPECT_FALSE(script.text.empty());
}

TEST(WechatMessage, UnknownKindsAreTold) {
  EXPECT_NE(content_of(read("<MsgId>6</MsgId>", "hologram"), false).text.find("hologram"), std::string::npos);
  EXPECT_NE(content_of(read("<MsgId>6</MsgId>", "hologram"), true).text.find("kind \"hologram\""), std::string::npos);
}

TEST(WechatMessage, EventsAreKnownByCustomerTimeAndKey) {
  const std::string click = "<Event><![CDATA[CLICK]]></Event><EventKey><![CDATA[{}]]></EventKey>";
  const Incoming a = read(fmt::format(fmt::runtime(click), "HELP"), "event");
  const Incoming b = read(fmt::format(fmt::runtime(click), "SHOP"), "event");
  EXPECT_EQ(external_id(a), external_id(read(fmt::format(fmt::runtime(click), "HELP"), "event")));
  EXPECT_NE(external_id(a), external_id(b));
  EXPECT_LE(external_id(a).size(), 128U);
  EXPECT_EQ(event_note(a, false), "点击了菜单“HELP”");
}

TEST(WechatMessage, AgentsReadHowACustomerCame) {
  EXPECT_EQ(event_note(read("<Event>subscribe</Event><EventKey>qrscene_store7</EventKey>", "event"), false),
            "扫描二维码“store7”关注了公众号");
  EXPECT_EQ(event_note(read("<Event>SCAN</Event><EventKey>9</EventKey>", "event"), true), "Scanned the QR code \"9\"");
  EXPECT_EQ(event_note(read("<Event>VIEW</Event><EventKey>https://a.example</EventKey>", "event"), true), "");
}

TEST(WechatMessage, RefusesWhatIsNoMessage) {
  for (const char* body :
       {"", "x", "<xml></xml>", "{}", "[]", "{\"FromUserName\":1}",
        "<xml><FromUserName>a b</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType></xml>",
        "<xml><FromUserName>a</FromUserName><CreateTime>x</CreateTime><MsgType>text</MsgType></xml>",
        "<xml><FromUserName>a</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><MsgId>1a</MsgId></xml>",
        "<xml><FromUserName>a</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType></xml>"}) {
    const auto m = read_message(body);
    ASSERT_FALSE(m) << body;
    EXPECT_EQ(m.error().id, "wechat.bad_message");
  }
}

}  // namespace
}  // namespace qiao::wechat
