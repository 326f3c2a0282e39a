#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connectors/channel/wechat_crypt.hpp"
#include "connectors/wecom/client/inbound.hpp"
#include "connectors/wecom/client/outbound.hpp"

namespace qiao::wecom {
namespace {

using Json = nlohmann::json;

constexpr const char* kKey = "SHViRGV2S2V5MDFXaXRoTm9uQ2Fub25pY2FsQml0c0F";
constexpr const char* kOtherKey = "Qm9vc3RlclNlcnZpY2VIdWJLZXlGb3JWZWN0b3JzMDE";
constexpr const char* kCorp = "wwa0b1c2d3e4f50617";

channel::WechatCrypt crypt(const char* token, const char* key = kKey, const char* receiver = kCorp) {
  auto made = channel::WechatCrypt::make(token, key, receiver);
  EXPECT_TRUE(made) << made.error().message;
  return *made;
}

TEST(Callbacks, TheAddressIsProvenWithTheDecryptedEcho) {
  const std::string sealed = "WycUjo1xgMOhyOG1QP8Wa5krxk9AJ8gjdmcD73MwjJ6gf020YVdxzbn1FZ0zhe0c14MvA/FXct2FCLMM3y1hFg==";
  const auto c = crypt("hubWecom1");
  EXPECT_EQ(c.sign("1732250000", "4471902386", sealed), "7e620045c27ac33ccc4cd5f817f6132d2ce1ec4d");
  const auto open = c.open("7e620045c27ac33ccc4cd5f817f6132d2ce1ec4d", "1732250000", "4471902386", sealed);
  ASSERT_TRUE(open) << open.error().message;
  EXPECT_EQ(*open, "5502938471665012938");
}

TEST(Callbacks, AnEventIsDecryptedAndRead) {
  const std::string sealed =
      "GfKL029BygiYzQUCJi1oPoHvinjrP+okoo2Z2Ye5ib5gHrSTDuO7XS6U4rgHPOXbacaKyD4nZ1xc3BIzQbQlYBUDbuRHl2GiwqohlTX+"
      "dqi31s8YeheWWzW0Fgx1VahCXU1lidyJbR7zBELAF7MpZGGd3urSOWB/aissidpaSav8rPm9NLgz1Q3AksFJbIEngp+Cc2WKeE8dcpUfUgxtg5Q+"
      "rM8exj90a1sz5EudTcAaPonc6G4tNIUhK096m+N9udIi9sUisZliYbKmA3q8pEExAufjWHWksKR1b2J1XnH+"
      "f2aPE6s+sRhEoZ8R4alqnqrRSa8SXrFArIMOo0zK8GZRvRuip0gxyqNSzqS8mV4+"
      "76h2JZvI1/AyDLD8ngbkwgDK1XVU11zxiB8Z5MvpB32sKbIy99rQyJu/i8cYbp0=";
  const std::string body =
      "<xml><ToUserName><![CDATA[gh_a1b2c3d4e5f6]]></ToUserName><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>";
  const auto envelope = read_envelope(body);
  ASSERT_TRUE(envelope) << envelope.error().message;
  EXPECT_EQ(*envelope, sealed);
  const auto c = crypt("hubWecom1");
  const auto open = c.open("ed778d768e65e409fad245f0dce4ad5af1a209fb", "1732250100", "7730164529", *envelope);
  ASSERT_TRUE(open) << open.error().message;
  EXPECT_EQ(open->size(), 269U);
  EXPECT_EQ(*c.encrypt(*open, "kfEventRandom016"), sealed);
  const auto callback = read_callback(*open);
  ASSERT_TRUE(callback) << callback.error().message;
  EXPECT_EQ(callback->event, "kf_msg_or_event");
  EXPECT_EQ(callback->token, "ENCtokenForSync1");
  EXPECT_EQ(callback->open_kfid, "wkAAAABBBB0001");
}

TEST(Callbacks, AMessageForAnotherCompanyIsRefusedThoughItsSignatureIsGood) {
  const std::string sealed = "qacEbLRQN0HFD4eGkM6H7EwL0pgH9Uwt0CuDLFU4XDcf/wkMZIRdtdse4FhHydMsxVDlHDHKV7p0Yry7zu1QxQ==";
  const auto open = crypt("T0", kOtherKey).open("eb657a222d417092315599a048cea2e8d5acaf44", "1732250200", "31", sealed);
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().id, "channel.receiver");
  EXPECT_TRUE(crypt("T0", kOtherKey, "wwOTHERCORP00001").decrypt(sealed));
}

TEST(Callbacks, AForgedSignatureIsRefusedBeforeAnythingIsDecrypted) {
  const auto open = crypt("hubWecom1").open("00", "1732250000", "4471902386", "WycUjo1xgMOhyOG1QP8Wag==");
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().id, "channel.signature");
}

Item only(const std::string& message, bool english = false) {
  const auto page = read_page(R"({"errcode":0,"next_cursor":"c2","has_more":1,"msg_list":[)" + message + "]}", english);
  EXPECT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->next_cursor, "c2");
  EXPECT_TRUE(page->more);
  EXPECT_EQ(page->items.size(), 1U);
  return page->items.empty() ? Item{} : page->items.front();
}

std::string message(const std::string& type, const std::string& body) {
  return R"({"msgid":"m1","open_kfid":"wkA","external_userid":"wmC","send_time":1732250090,"origin":3,"msgtype":")" +
         type + R"(",")" + type + R"(":)" + body + "}";
}

TEST(Pages, ATextHasItsCustomerItsTimeAndItsId) {
  const Item item = only(
      R"({"msgid":"kfmsg_0001","open_kfid":"wkAAAABBBB0001","external_userid":"wmCUST01","send_time":1732250090,"origin":3,"msgtype":"text","text":{"content":"我的快递到哪了","menu_id":""}})");
  EXPECT_EQ(item.id, "kfmsg_0001");
  EXPECT_EQ(user_of(item.customer), "wmCUST01@wkAAAABBBB0001");
  EXPECT_EQ(item.origin, Origin::customer);
  EXPECT_EQ(to_iso8601(item.at), "2024-11-22T04:34:50.000Z");
  EXPECT_EQ(item.content.text, "我的快递到哪了");
}

TEST(Pages, AnEventNamesItsCustomerInside) {
  const Item item = only(
      R"({"msgid":"evt_1","send_time":1732250080,"origin":4,"msgtype":"event","event":{"event_type":"enter_session","open_kfid":"wkAAAABBBB0001","external_userid":"wmCUST01","scene":"site","scene_param":"sku%3DA-7","welcome_code":"WC1"}})");
  EXPECT_EQ(item.event, "enter_session");
  EXPECT_EQ(user_of(item.customer), "wmCUST01@wkAAAABBBB0001");
  EXPECT_EQ(item.welcome_code, "WC1");
  EXPECT_EQ(event_text(item, false), "客户进入了会话，场景：site，参数：sku=A-7");
  EXPECT_EQ(event_text(item, true), "The customer opened the chat, scene: site, from: sku=A-7");
}

TEST(Pages, CardsKeepWhatTheyLeadTo) {
  const auto place =
      only(message("location", R"({"latitude":31.23,"longitude":121.47,"name":"人民广场","address":"黄浦区"})"));
  ASSERT_EQ(place.content.cards.size(), 1U);
  EXPECT_EQ(place.content.cards[0].kind, "location");
  EXPECT_EQ(place.content.cards[0].data.at("latitude"), "31.23");
  const auto link =
      only(message("link", R"({"title":"T","desc":"D","url":"https://a.test/1","pic_url":"https://a.test/p"})"));
  EXPECT_EQ(link.content.cards.at(0).url, "https://a.test/1");
  const auto mini = only(
      message("miniprogram", R"({"title":"羽绒服","appid":"wx1","pagepath":"pages/item?id=88","thumb_media_id":"M"})"));
  EXPECT_EQ(mini.content.cards.at(0).data.at("path"), "pages/item?id=88");
  const auto person = only(message("business_card", R"({"userid":"zhangsan"})"));
  EXPECT_EQ(person.content.cards.at(0).kind, "contact");
}

TEST(Pages, MediaIsToBeFetchedAndUnknownKindsAreSaidToBeSo) {
  for (const char* kind : {"image", "voice", "video", "file"}) {
    EXPECT_EQ(only(message(kind, R"({"media_id":"MID"})")).media_id, "MID") << kind;
  }
  EXPECT_NE(only(message("merged_msg", "{}")).content.text.find("merged_msg"), std::string::npos);
  EXPECT_NE(only(message("merged_msg", R"({"title":"群聊的聊天记录"})")).content.text.find("群聊的聊天记录"),
            std::string::npos);
  EXPECT_NE(only(message("channels", "{}"), true).content.text.find("cannot be shown"), std::string::npos);
}

TEST(Pages, WhatHasNoIdOrNoShapeIsLeftOut) {
  const auto page =
      read_page(R"({"msg_list":[7,{"msgtype":"text"},null,{"msgid":"m","msgtype":"text","text":[]}]})", false);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 1U);
  EXPECT_FALSE(page->more);
  EXPECT_FALSE(read_page("<html>", false));
}

TEST(Pages, LongTextsEndAtACharacter) {
  EXPECT_EQ(clip("口红", 5), "口");
  EXPECT_EQ(clip("口红", 6), "口红");
  EXPECT_EQ(clip("", 3), "");
}

TEST(Customers, AnIdNamesTheAccountThatAnswers) {
  const auto customer = customer_of("wmCUST01@wkAAAABBBB0001");
  ASSERT_TRUE(customer);
  EXPECT_EQ(customer->external_userid, "wmCUST01");
  EXPECT_EQ(customer->open_kfid, "wkAAAABBBB0001");
  for (const char* wrong : {"", "wm", "@wk", "wm@"}) EXPECT_FALSE(customer_of(wrong)) << wrong;
}

TEST(Sending, ATextIsRealUtf8WithTheHubsOwnId) {
  const std::string body = text_body({"wmCUST01", "wkA"}, "42-0", "已发出，单号 SF1");
  EXPECT_EQ(body.find("\\u"), std::string::npos);
  EXPECT_EQ(Json::parse(body), Json::parse(R"({"touser":"wmCUST01","open_kfid":"wkA","msgid":"42-0","msgtype":"text",
    "text":{"content":"已发出，单号 SF1"}})"));
}

TEST(Sending, AMenuCarriesWhatATapSays) {
  const Json body =
      Json::parse(menu_body({"wm", "wk"}, "k", "满意吗", {{"满意", "5", ""}, {"官网", "", "https://a.test"}}));
  EXPECT_EQ(body["msgmenu"]["list"][0], Json::parse(R"({"type":"click","click":{"id":"q:5","content":"满意"}})"));
  EXPECT_EQ(body["msgmenu"]["list"][1]["view"]["url"], "https://a.test");
  EXPECT_EQ(menu_value("q:5"), "5");
  EXPECT_EQ(menu_value("1"), "") << "a menu of the console";
  // An id has 128 bytes: what does not fit is said by its label.
  EXPECT_EQ(menu_value(menu_id(std::string(126, 'a'))), std::string(126, 'a'));
  EXPECT_EQ(menu_value(menu_id(std::string(127, 'a'))), "");
}

TEST(Sending, AGradeIsReadBackAndNothingElseIs) {
  const Grade grade = grade_of(grade_value({Id{123456789012345}, 4}));
  EXPECT_EQ(grade.conversation, Id{123456789012345});
  EXPECT_EQ(grade.score, 4);
  for (const char* wrong :
       {"", "qiao.grade/", "qiao.grade/1", "qiao.grade/1/0", "qiao.grade/1/6", "qiao.grade/x/5", "qiao.grade/1/5x"}) {
    EXPECT_EQ(grade_of(wrong).score, 0) << wrong;
  }
}

TEST(Sending, CardsWithoutAPictureAreLeftToText) {
  contract::Card link{"link", "T", "D", "https://a.test", "", {}};
  EXPECT_EQ(card_body({"wm", "wk"}, "k", link, ""), "");
  EXPECT_EQ(Json::parse(card_body({"wm", "wk"}, "k", link, "TH"))["link"]["thumb_media_id"], "TH");
  contract::Card place{"location", "人民广场", "黄浦区", "", "", {{"latitude", "31.23"}, {"longitude", "121.47"}}};
  EXPECT_DOUBLE_EQ(Json::parse(card_body({"wm", "wk"}, "k", place, ""))["location"]["latitude"].get<double>(), 31.23);
}

TEST(Sending, AWelcomeIsATextOrAMenu) {
  EXPECT_EQ(Json::parse(welcome_body("WC1", "k", "您好", {})),
            Json::parse(R"({"code":"WC1","msgid":"k","msgtype":"text","text":{"content":"您好"}})"));
  EXPECT_EQ(Json::parse(welcome_body("WC1", "k", "您好", {{"查快递", "", ""}}))["msgmenu"]["list"][0]["click"]["id"],
            "q:查快递");
}

TEST(Sending, FilesGoAsWhatThePlatformTakes) {
  WecomConfig config;
  config.max_image = {100};
  config.max_voice = {100};
  config.max_video = {100};
  config.max_file = {1000};
  EXPECT_EQ(media_kind({{}, "a", "image/png", 100}, config), "image");
  EXPECT_EQ(media_kind({{}, "a", "image/png", 101}, config), "file");
  EXPECT_EQ(media_kind({{}, "a", "image/webp", 10}, config), "file");
  EXPECT_EQ(media_kind({{}, "a", "audio/amr", 10}, config), "voice");
  EXPECT_EQ(media_kind({{}, "a", "audio/mpeg", 10}, config), "file");
  EXPECT_EQ(media_kind({{}, "a", "video/mp4", 10}, config), "video");
  EXPECT_EQ(media_kind({{}, "a", "application/pdf", 1001}, config), "");
}

TEST(Errors, SayWhatToDoByClass) {
  EXPECT_EQ(error_of(42001, "").name(), "channel.token");
  EXPECT_EQ(error_of(60020, "").name(), "channel.token");
  EXPECT_EQ(error_of(95001, "").name(), "channel.window_closed");
  EXPECT_EQ(error_of(95002, "").name(), "channel.window_closed");
  EXPECT_EQ(error_of(40201, "").name(), "channel.quota");
  EXPECT_EQ(error_of(45009, "").code, Errc::rate_limited);
  EXPECT_EQ(error_of(-1, "").code, Errc::unavailable);
  EXPECT_EQ(error_of(95018, "").id, "wecom.state");
  EXPECT_EQ(error_of(95004, "").code, Errc::not_found);
  EXPECT_EQ(error_of(40058, "bad argument, hint: [1], from ip: 192.0.2.1").message.find("192.0.2.1"),
            std::string::npos);
}

}  // namespace
}  // namespace qiao::wecom
