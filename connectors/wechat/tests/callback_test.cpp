// Known answers for the outer side of the message push: address check, three modes, XML and JSON, phone numbers.
#include "connectors/wechat/client/callback.hpp"

#include <gtest/gtest.h>

#include "connectors/channel/signing.hpp"
#include "connectors/channel/xml.hpp"
#include "connectors/platform/json_answer.hpp"
#include "connectors/wechat/client/message.hpp"
#include "connectors/wechat/client/user_data.hpp"

namespace qiao::wechat {
namespace {

using namespace std::chrono_literals;

struct Sealed {
  const char* token;
  const char* key;
  const char* receiver;
  const char* timestamp;
  const char* nonce;
  const char* random;
  const char* plain;
  const char* body;
  const char* cipher;
  const char* signature;
};

const Sealed kText = {
    R"v(hubToken2024)v",
    R"v(SHViRGV2S2V5MDFXaXRoTm9uQ2Fub25pY2FsQml0c0F)v",
    R"v(wxd0e1f2a3b4c5d6e7)v",
    R"v(1732248123)v",
    R"v(2093847561)v",
    R"v(aBcDeFgHiJkLmNoP)v",
    R"v(<xml><ToUserName><![CDATA[gh_a1b2c3d4e5f6]]></ToUserName><FromUserName><![CDATA[oHUBcust_000000000000000001]]></FromUserName><CreateTime>1732248123</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[请问订单 SF20241122 什么时候发货？😀]]></Content><MsgId>24890000000000001</MsgId></xml>)v",
    R"v(<xml><ToUserName><![CDATA[gh_a1b2c3d4e5f6]]></ToUserName><Encrypt><![CDATA[BaFVI/NlxjzjSoj0zDjRuEMkOuJ8R8AHF1ivmt/i8oCZEc2W4afgroJP9pRlZaTw+KD2FRqoGe5ogujIYHFZne3NxsAFlO0pA0H4JPs6hbBqaHFJvB5uLj0p6w/++1ZQSk+QqEbJ+gLKJu3nQ3QJ07ryGdx2qR5KS08JxrZLqdXTpwxSGdcz+4/Aogv8OjzMLT+pKpIHiYgbkMSeHRszHf+GDjOII6S369Hax50hGpAoMrYOwvMmh6zMqS0evD74SPSUV/GIGdlgSqc+1mcJ/DcvJ1x4uqAghKwk6hTyiEReerrgr9kZEsD95iz7+5k5EdlF4nl7wSiENlmmJYJXfwgOf04BesX1pJQCWr6nE7RnE3MnIQghVyQV4nlC4ImVTU/cQnqk1Hih36EmV3a5QyOUB5UpclcvyS6T4sVZxlKD1VLbLpRx3Jjz+jVgKdrhDvEwTDKFHwvLvdvdE8LnOw==]]></Encrypt></xml>)v",
    R"v(BaFVI/NlxjzjSoj0zDjRuEMkOuJ8R8AHF1ivmt/i8oCZEc2W4afgroJP9pRlZaTw+KD2FRqoGe5ogujIYHFZne3NxsAFlO0pA0H4JPs6hbBqaHFJvB5uLj0p6w/++1ZQSk+QqEbJ+gLKJu3nQ3QJ07ryGdx2qR5KS08JxrZLqdXTpwxSGdcz+4/Aogv8OjzMLT+pKpIHiYgbkMSeHRszHf+GDjOII6S369Hax50hGpAoMrYOwvMmh6zMqS0evD74SPSUV/GIGdlgSqc+1mcJ/DcvJ1x4uqAghKwk6hTyiEReerrgr9kZEsD95iz7+5k5EdlF4nl7wSiENlmmJYJXfwgOf04BesX1pJQCWr6nE7RnE3MnIQghVyQV4nlC4ImVTU/cQnqk1Hih36EmV3a5QyOUB5UpclcvyS6T4sVZxlKD1VLbLpRx3Jjz+jVgKdrhDvEwTDKFHwvLvdvdE8LnOw==)v",
    R"v(3fd211a2da984ad190cf93b18927d08bcd5fd78a)v",
};

const Sealed kPad32 = {
    R"v(t)v",
    R"v(Qm9vc3RlclNlcnZpY2VIdWJLZXlGb3JWZWN0b3JzMDE)v",
    R"v(wxd0e1f2a3b4c5d6e7)v",
    R"v(1700000000)v",
    R"v(n)v",
    R"v(RRRRRRRRRRRRRRRR)v",
    R"v(Xxxxxxxxxxxxxxxxxxxxxxxxxx)v",
    R"v(<xml><ToUserName><![CDATA[gh_a1b2c3d4e5f6]]></ToUserName><Encrypt><![CDATA[G6mbYzTkJHEfORPyZ05FYMaphP+jXqc619bMbpyrT4M7J60aEK1zw4+lVoRO7LsfWKSgXHDXQ7e5b6BOeYjcuu2cVmDhOy2cIkS4sjFFgFdgraLzoc7ml21kGGARwqNZ]]></Encrypt></xml>)v",
    R"v(G6mbYzTkJHEfORPyZ05FYMaphP+jXqc619bMbpyrT4M7J60aEK1zw4+lVoRO7LsfWKSgXHDXQ7e5b6BOeYjcuu2cVmDhOy2cIkS4sjFFgFdgraLzoc7ml21kGGARwqNZ)v",
    R"v(de13401657e07fd8e710271ebb6a84fae08098ab)v",
};

const Sealed kJson = {
    R"v(mpToken)v",
    R"v(Qm9vc3RlclNlcnZpY2VIdWJLZXlGb3JWZWN0b3JzMDE)v",
    R"v(wx1122334455667788)v",
    R"v(1732249000)v",
    R"v(998877)v",
    R"v(qwertyuiopasdfgh)v",
    R"v({"ToUserName":"gh_mini0001","FromUserName":"oMINI_openid_001","CreateTime":1732249000,"MsgType":"miniprogrampage","Title":"羽绒服 详情","AppId":"wx1122334455667788","PagePath":"pages/item?id=88","ThumbUrl":"https://example.test/t.jpg","ThumbMediaId":"MEDIA_9","MsgId":1234567890123456})v",
    R"v({"ToUserName":"gh_a1b2c3d4e5f6","Encrypt":"FpEVHQj7E783v6/Zl61i0QNHjYqoBlcoa7+rycyaSlSmMcG8arFKXMiTjbeNXKpAhRBXoXpvCJFIQrQyG/QBmWO6MaxzoDoDSDjMP72l0sKpbMYgyaFmjAlOtKlrf+/eMArizTYPBDfHb5EkRNWorMv+ZNQp3axJbv2/pvN8Wg+7sssDQcjCOLH0YiYuuE+JMAQmmpZC2EEl3b6AmM0V2D2Z1JpRCQIl0MBovQulZSsLHCdTqV/x8nx3aDo0ZzOF0owo9G1Uv7aMUA+z/rwT1lH9vJT1/vbN7PqDImXXi5qZ5CuzL8wJuVxnpzef7ojOESS/iGbSbS/lL1lOzCNpaAh1gmxG1kZGBS8ljQO8edwRrTcLK5YkC5LuI+wLZYUo1cwbfsrlp30EMEi8Tz6XTj9NmRUGpfwFnaiMIhwZMZT2NVL5LPBTiNH9jeVk9BQdcLZvforGAvANcnfGIHwn4g=="})v",
    R"v(FpEVHQj7E783v6/Zl61i0QNHjYqoBlcoa7+rycyaSlSmMcG8arFKXMiTjbeNXKpAhRBXoXpvCJFIQrQyG/QBmWO6MaxzoDoDSDjMP72l0sKpbMYgyaFmjAlOtKlrf+/eMArizTYPBDfHb5EkRNWorMv+ZNQp3axJbv2/pvN8Wg+7sssDQcjCOLH0YiYuuE+JMAQmmpZC2EEl3b6AmM0V2D2Z1JpRCQIl0MBovQulZSsLHCdTqV/x8nx3aDo0ZzOF0owo9G1Uv7aMUA+z/rwT1lH9vJT1/vbN7PqDImXXi5qZ5CuzL8wJuVxnpzef7ojOESS/iGbSbS/lL1lOzCNpaAh1gmxG1kZGBS8ljQO8edwRrTcLK5YkC5LuI+wLZYUo1cwbfsrlp30EMEi8Tz6XTj9NmRUGpfwFnaiMIhwZMZT2NVL5LPBTiNH9jeVk9BQdcLZvforGAvANcnfGIHwn4g==)v",
    R"v(d4af4af0d45851e29d0e26a1ca969b90cd945432)v",
};

Time at(const char* seconds) { return from_micros(std::atoll(seconds) * 1'000'000); }

WechatConfig config_of(const Sealed& v, Mode mode = Mode::safe) {
  WechatConfig config;
  config.app_id = v.receiver;
  config.token = Secret(v.token);
  config.aes_key = Secret(v.key);
  config.mode = mode;
  return config;
}

HttpRequest request_of(const Sealed& v) {
  HttpRequest request;
  request.query = {{"timestamp", v.timestamp},
                   {"nonce", v.nonce},
                   {"signature", channel::sorted_sha1({v.token, v.timestamp, v.nonce})},
                   {"msg_signature", v.signature},
                   {"encrypt_type", "aes"}};
  request.body = v.body;
  return request;
}

void set(HttpRequest& request, const std::string& name, const std::string& value) {
  for (auto& [key, old] : request.query) {
    if (key == name) old = value;
  }
}

Callback make(const WechatConfig& config) { return std::move(Callback::make(config).value()); }

TEST(WechatCallback, AnswersTheAddressCheckWithTheEcho) {
  struct Check {
    const char *token, *timestamp, *nonce, *echo, *signature;
  };
  for (const Check& v :
       {Check{"hubToken2024", "1732248000", "837465920", "5927461830274615927",
              "b129233a479b973b88188566b509f86f6bb3fe6e"},
        Check{"HubToken9", "1733000001", "n0nceA", "42", "2d1abaa5d72cf06b1aec853c9936843130093354"}}) {
    WechatConfig config;
    config.token = Secret(v.token);
    config.mode = Mode::plain;
    HttpRequest request;
    request.query = {{"signature", v.signature}, {"timestamp", v.timestamp}, {"nonce", v.nonce}, {"echostr", v.echo}};
    const auto echo = make(config).echo(request);
    ASSERT_TRUE(echo);
    EXPECT_EQ(*echo, v.echo);
    set(request, "nonce", "1");
    EXPECT_EQ(make(config).echo(request).error().id, "wechat.signature");
  }
}

TEST(WechatCallback, OpensWhatThePlatformSealed) {
  for (const Sealed* v : {&kText, &kPad32, &kJson}) {
    const auto opened = make(config_of(*v)).open(request_of(*v), at(v->timestamp));
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->message, v->plain);
    EXPECT_TRUE(opened->sealed);
    // And seals it into the same bytes.
    const auto crypt = channel::WechatCrypt::make(v->token, v->key, v->receiver);
    ASSERT_TRUE(crypt);
    EXPECT_EQ(crypt->encrypt(v->plain, v->random).value(), v->cipher);
    EXPECT_EQ(crypt->sign(v->timestamp, v->nonce, v->cipher), v->signature);
  }
}

TEST(WechatCallback, ReadsTheMessagesInTheKnownAnswers) {
  const auto text = read_message(kText.plain);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->from, "oHUBcust_000000000000000001");
  EXPECT_EQ(text->id, "24890000000000001");
  EXPECT_EQ(text->text, "请问订单 SF20241122 什么时候发货？😀");
  const auto page = read_message(kJson.plain);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->type, "miniprogrampage");
  EXPECT_EQ(page->id, "1234567890123456");
  EXPECT_EQ(page->page, "pages/item?id=88");
}

TEST(WechatCallback, RefusesForgedOldAndForeignMessages) {
  const Callback callback = make(config_of(kText));
  const Time now = at(kText.timestamp);
  HttpRequest request = request_of(kText);
  EXPECT_EQ(callback.open(request, now + 16min).error().id, "wechat.old_signature");
  EXPECT_EQ(callback.open(request, now - 16min).error().id, "wechat.old_signature");
  EXPECT_TRUE(callback.open(request, now + 14min));
  set(request, "timestamp", "99999999999999999999");
  EXPECT_FALSE(callback.open(request, now));

  request = request_of(kText);
  set(request, "msg_signature", std::string(40, '0'));
  EXPECT_EQ(callback.open(request, now).error().id, "channel.signature");
  request = request_of(kText);
  set(request, "signature", "");
  EXPECT_EQ(callback.open(request, now).error().id, "wechat.signature");
  request = request_of(kText);
  request.body[150] = request.body[150] == 'A' ? 'B' : 'A';
  EXPECT_EQ(callback.open(request, now).error().code, Errc::unauthorized);
  request.body = "<xml><ToUserName>a</ToUserName></xml>";
  EXPECT_EQ(callback.open(request, now).error().id, "wechat.not_encrypted");
  request.body = "<!DOCTYPE x [<!ENTITY a \"b\">]><xml>&a;</xml>";
  EXPECT_EQ(callback.open(request, now).error().id, "wechat.bad_message");

  WechatConfig other = config_of(kText);
  other.app_id = "wx0000000000000000";
  EXPECT_EQ(make(other).open(request_of(kText), now).error().id, "channel.receiver");
}

TEST(WechatCallback, BelievesOnlyTheSealedPartInCompatibleMode) {
  HttpRequest request = request_of(kText);
  request.body = "<xml><FromUserName>somebody_else</FromUserName><Encrypt>" + std::string(kText.cipher) +
                 "</Encrypt><Content>forged</Content></xml>";
  const auto opened = make(config_of(kText, Mode::compatible)).open(request, at(kText.timestamp));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->message, kText.plain);
}

TEST(WechatCallback, TakesPlainMessagesInPlainMode) {
  HttpRequest request = request_of(kText);
  request.body = kText.plain;
  const auto opened = make(config_of(kText, Mode::plain)).open(request, at(kText.timestamp));
  ASSERT_TRUE(opened);
  EXPECT_FALSE(opened->sealed);
  EXPECT_EQ(opened->message, kText.plain);
}

TEST(WechatCallback, WritesAnswersThatCannotBeBrokenOutOf) {
  const Callback callback = make(config_of(kText));
  const Time now = at(kText.timestamp);
  const auto plain = callback.answer("a]]>b<c>&", "user", "gh_1", false, now);
  ASSERT_TRUE(plain);
  const auto read = channel::read_xml(*plain);
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)["Content"].text, "a]]>b<c>&");
  EXPECT_EQ((*read)["ToUserName"].text, "user");
  EXPECT_EQ((*read)["FromUserName"].text, "gh_1");
  EXPECT_EQ((*read)["MsgType"].text, "text");

  const auto sealed = callback.answer("您好", "user", "gh_1", true, now);
  ASSERT_TRUE(sealed);
  const auto outer = channel::read_xml(*sealed);
  ASSERT_TRUE(outer);
  const auto crypt = channel::WechatCrypt::make(kText.token, kText.key, kText.receiver);
  const auto inner = crypt->open((*outer)["MsgSignature"].text, (*outer)["TimeStamp"].text, (*outer)["Nonce"].text,
                                 (*outer)["Encrypt"].text);
  ASSERT_TRUE(inner);
  EXPECT_EQ((*channel::read_xml(*inner))["Content"].text, "您好");
}

TEST(WechatCallback, TakesKeysWhoseLastCharacterCarriesSpareBits) {
  WechatConfig config = config_of(kText);
  std::string key = kText.key;
  key.back() = 'G';
  config.aes_key = Secret(key);
  EXPECT_TRUE(make(config).open(request_of(kText), at(kText.timestamp)));
}

TEST(WechatUserData, OpensThePhoneNumberOfTheKnownAnswer) {
  const std::string key = "c2Vzc2lvbmtleTEyMzQ1Ng==";
  const std::string iv = "aXYxMjM0NTY3ODkwMTIzNA==";
  const std::string data =
      "MoXynjrVrw1Z5xHH0wgohefgLiejiqt4X8KMi0d4L4Z9e+yj+pfffjq9v18nHBmVkTU1Fw/"
      "bxPvT3+1PAQoDoBXeIUe7RumKEzOfFCXikt6tctUc80+5yE5SDn97EAI6QqIhzECD8nhzKQ7EroZdwqvg82u9ekwXy6+spriq/"
      "rWFv8mooePM0sWHcA8s+rxFOucs82dP73qiKwNW93bZCg==";
  const auto plain = open_user_data(key, iv, data, "wx1122334455667788");
  ASSERT_TRUE(plain) << plain.error().message;
  const auto json = platform::read_json(*plain, "wechat");
  EXPECT_EQ(platform::text(platform::at(*json, "purePhoneNumber")), "13800138000");
  EXPECT_EQ(platform::text(platform::at(*json, "countryCode")), "86");
  EXPECT_EQ(open_user_data(key, iv, data, "wx0000000000000000").error().id, "wechat.user_data");
  EXPECT_EQ(open_user_data(key, key, data, "wx1122334455667788").error().id, "wechat.user_data");
  EXPECT_EQ(user_data_signature(R"v({"nickName":"Band","gender":1})v", key),
            "642ae374c0e77bdf392842b7015067814cb81527");
}

TEST(WechatUserData, SignsWhoTheCustomerIsForAnHour) {
  const std::string identity = sign_identity({"oMINI_1", "uU1", "+8613800138000"}, "secret", at("1732249000"));
  const std::size_t dot = identity.find('.');
  const std::string payload = identity.substr(0, dot);
  EXPECT_EQ(identity.substr(dot + 1), channel::hex(channel::hmac_sha256("secret", payload)));
  EXPECT_EQ(channel::from_base64(payload, true).value(),
            R"({"exp":1732252600,"phone":"+8613800138000","unionid":"uU1","user":"oMINI_1"})");
}

}  // namespace
}  // namespace qiao::wechat
