#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connectors/channel/signing.hpp"
#include "connectors/xiaohongshu/client/ark.hpp"
#include "connectors/xiaohongshu/client/settings_access.hpp"

namespace qiao::xiaohongshu {
namespace {

using Json = nlohmann::json;

constexpr const char* kApp = "hubxhsapp00000000001";
constexpr const char* kSecret = "hubXhsSecret0000000000000000001";

TEST(Ark, CallsAreSignedOverMethodAndSystemParameters) {
  EXPECT_EQ(ark_sign("order.getOrderDetail", kApp, "1732252000", "2.0", kSecret), "c224a75dd492f8d53ddfa564c371f3d3");
  EXPECT_EQ(ark_sign("oauth.refreshToken", kApp, "1732252001", "2.0", kSecret), "7ba86296c94efa4ff79ad50614d7bdbf");
}

TEST(Ark, ParametersStandBesideTheSystemsOwn) {
  const Json body =
      Json::parse(ark_body("order.getOrderDetail", kApp, kSecret, "1732252000", "token-1", {{"orderId", "P7001"}}));
  EXPECT_EQ(body["sign"], "c224a75dd492f8d53ddfa564c371f3d3");
  EXPECT_EQ(body["orderId"], "P7001");
  EXPECT_EQ(body["accessToken"], "token-1");
  EXPECT_FALSE(Json::parse(ark_body("oauth.refreshToken", kApp, kSecret, "1", "", {})).contains("accessToken"));
}

// sha1 over the sorted three, as WeChat has it.
TEST(MiniApp, TheAddressIsCheckedBySortedParts) {
  EXPECT_EQ(channel::sorted_sha1({"xhsTok", "1732252100", "abc"}), "ef0fca5d4894ae05adc0c75c018571091b01578d");
  AccessConfig config;
  config.adapter = "settings";
  config.secret = Secret("xhsTok");
  auto access = SettingsAccess::make(config, nullptr);
  ASSERT_TRUE(access) << access.error().message;
  HttpRequest request;
  request.query = {{"signature", "ef0fca5d4894ae05adc0c75c018571091b01578d"},
                   {"timestamp", "1732252100"},
                   {"nonce", "abc"},
                   {"echostr", "echo-xhs"}};
  const auto echo = (*access)->check(request);
  ASSERT_TRUE(echo);
  EXPECT_EQ(*echo, "echo-xhs");
  request.query[2].second = "abd";
  EXPECT_FALSE((*access)->check(request));
}

TEST(Ark, PushesAreAListWithJsonInside) {
  const auto pushes = read_ark_pushes(
      R"([{"msgTag":"msg_after_sale_create","sellerId":"s1","data":"{\"orderId\":\"P7001\"}"},{"msgTag":"msg_item_create","data":{"itemId":1}},{"data":"{}"}])");
  ASSERT_TRUE(pushes) << pushes.error().message;
  ASSERT_EQ(pushes->list.size(), 2U);
  EXPECT_EQ(text_at(pushes->list[0].data, "/orderId"), "P7001");
  EXPECT_TRUE(read_ark_pushes(R"({"test":true})")->test);
  Json many = Json::array();
  for (int i = 0; i < 300; ++i) many.push_back({{"msgTag", "msg_item_create"}, {"data", Json::object()}});
  EXPECT_EQ(read_ark_pushes(many.dump())->list.size(), 300U);
  for (const char* wrong : {"", "{}", "7", R"([{"msgTag":"a","data":"{"}])"})
    EXPECT_FALSE(read_ark_pushes(wrong)) << wrong;
}

TEST(Ark, PushesAreSignedOverTheSortedQuery) {
  const std::string expected = channel::hex(channel::md5("sa=1&b=2s"));
  EXPECT_EQ(ark_push_sign({{"b", "2"}, {"sign", "x"}, {"a", "1"}}, "sign", "s"), expected);
}

TEST(Ark, ARefusedTokenIsToldFromOtherErrors) {
  EXPECT_EQ(ark_data(R"({"success":false,"error_code":-1,"error_msg":"AccessToken expired"})").error().name(),
            "channel.token");
  EXPECT_EQ(ark_data(R"({"success":false,"error_code":7,"error_msg":"no such order"})").error().code, Errc::bad_value);
  EXPECT_FALSE(ark_data("<html>"));
  EXPECT_EQ((*ark_data(R"({"success":true,"error_code":0,"data":{"a":1}})"))["a"], 1);
}

TEST(Paths, FollowMembersAndEndAnywhere) {
  const Json value = Json::parse(R"({"a":{"b":{"c":7}},"d":[1]})");
  EXPECT_EQ(text_at(value, "/a/b/c"), "7");
  EXPECT_EQ(text_at(value, "/a/x/c"), "");
  EXPECT_EQ(text_at(value, "/d/0"), "");
}

AccessConfig settings() {
  AccessConfig config;
  config.adapter = "settings";
  config.secret = Secret("push-secret");
  config.signature = Signature::hmac_sha256;
  config.signature_name = "x-signature";
  config.sealed = "/content";
  config.max_text = 500;
  return config;
}

HttpRequest push(const std::string& body) {
  HttpRequest request;
  request.body = body;
  request.headers = {{"x-signature", channel::hex(channel::hmac_sha256("push-secret", body))}};
  return request;
}

TEST(Adapter, ACommentIsReadByItsPathsAndAnsweredInItsPlace) {
  auto access = SettingsAccess::make(settings(), nullptr);
  ASSERT_TRUE(access);
  const auto list = (*access)->read(push(
      R"({"message_id":"m1","user_id":"u1","nick_name":"小明","content":{"text":"什么价"},"create_time":1732252000123,"comment_id":"c1","note_id":"n1","note_title":"秋冬穿搭"})"));
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->size(), 1U);
  const Incoming& in = list->front();
  EXPECT_EQ(in.content.text, "什么价");
  EXPECT_EQ(in.content.cards.at(0).title, "秋冬穿搭");
  EXPECT_EQ(to_iso8601(in.at), "2024-11-22T05:06:40.123Z");
  channel::Part part;
  part.user = "u1";
  part.key = "42-0";
  part.text = "99 元";
  EXPECT_EQ(Json::parse(static_cast<SettingsAccess&>(**access).body_of(part, in.place)),
            Json::parse(R"({"message_type":"text","user_id":"u1","request_id":"42-0","content":{"text":"99 元"},
              "comment_id":"c1","note_id":"n1"})"));
}

TEST(Adapter, NothingOfALongPushIsLeftOutAndLongIdsStayDifferent) {
  auto access = SettingsAccess::make(settings(), nullptr);
  ASSERT_TRUE(access);
  Json all = Json::array();
  const std::string beginning(200, 'm');
  for (int i = 0; i < 300; ++i) all.push_back({{"message_id", beginning + std::to_string(i)}, {"user_id", "u1"}});
  const auto list = (*access)->read(push(all.dump()));
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->size(), 300U);
  EXPECT_NE(list->front().id, list->back().id);
}

TEST(Adapter, AForgedOrShapelessPushIsRefused) {
  auto access = SettingsAccess::make(settings(), nullptr);
  ASSERT_TRUE(access);
  HttpRequest forged = push(R"({"message_id":"m1","user_id":"u1"})");
  forged.body += " ";
  EXPECT_EQ((*access)->read(forged).error().id, "channel.signature");
  EXPECT_EQ((*access)->read(push("{")).error().code, Errc::bad_value);
  EXPECT_TRUE((*access)->read(push(R"({"event":"bound"})"))->empty());
}

TEST(Adapter, ASealedPushIsOpenedAfterItsSignature) {
  AccessConfig config = settings();
  config.cipher = Cipher::wechat;
  config.signature = Signature::sorted_sha1;
  config.signature_name = "signature";
  config.encoding_aes_key = Secret("Qm9vc3RlclNlcnZpY2VIdWJLZXlGb3JWZWN0b3JzMDE");
  config.receiver = "app-1";
  auto access = SettingsAccess::make(config, nullptr);
  ASSERT_TRUE(access) << access.error().message;
  const auto crypt = channel::WechatCrypt::make("push-secret", config.encoding_aes_key.reveal(), "app-1");
  ASSERT_TRUE(crypt);
  const std::string sealed = *crypt->encrypt(R"({"message_id":"m1","user_id":"u1","content":{"text":"在吗"}})");
  HttpRequest request;
  request.body = Json{{"content", sealed}}.dump();
  request.query = {{"timestamp", "1"}, {"nonce", "2"}, {"signature", crypt->sign("1", "2", sealed)}};
  const auto list = (*access)->read(request);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->at(0).content.text, "在吗");
  request.query[2].second = "0";
  EXPECT_EQ((*access)->read(request).error().id, "channel.signature");
}

TEST(Adapter, AWrongNameIsSaidToBeWrong) {
  AccessConfig config = settings();
  config.adapter = "partner";
  const auto made = make_access(config, nullptr);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("partner"), std::string::npos);
}

}  // namespace
}  // namespace qiao::xiaohongshu
