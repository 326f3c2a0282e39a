#include "connectors/app/notice.hpp"

#include <gmock/gmock.h>

#include "connectors/app/devices.hpp"
#include "connectors/channel/tests/memory_context.hpp"

namespace qiao::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Time kNine = from_micros(1'767'603'600'000'000);  // 09:00 UTC

contract::MessageView message(const std::string& text) {
  contract::MessageView m;
  m.id = Id{5};
  m.conversation = Id{77};
  m.author_name = "李婷";
  m.content.text = text;
  return m;
}

TEST(Notice, ShowsNothingOfTheMessageUnlessTheOperatorWantsIt) {
  AppConfig config;
  const Device phone{.provider = "fcm", .token = "t", .language = "zh-CN"};
  EXPECT_EQ(notice_of(config, phone, message("您的验证码 1234"), 1, kNine).body, "您有一条新消息");
  EXPECT_EQ(notice_of(config, phone, message("您的验证码 1234"), 4, kNine).body, "您有 4 条新消息");
  config.show_text = true;
  EXPECT_EQ(notice_of(config, phone, message("已发货\n请查收"), 4, kNine).body, "李婷：已发货 请查收");
  std::string longer;
  for (int i = 0; i < 101; ++i) longer += "货";
  const std::string body = notice_of(config, phone, message(longer), 1, kNine).body;
  EXPECT_TRUE(body.ends_with("货…")) << body;
}

TEST(Notice, SpeaksTheDevicesLanguageUnderTheOperatorsTitle) {
  AppConfig config;
  const Device english{.provider = "fcm", .token = "t", .language = "en-GB"};
  EXPECT_EQ(notice_of(config, english, message("hi"), 2, kNine).body, "You have 2 new messages");
  EXPECT_EQ(notice_of(config, english, message("hi"), 1, kNine).title, "Customer service");
  config.titles = {{"zh-CN", "鲜到家客服"}, {"en", "Fresh Home"}};
  EXPECT_EQ(notice_of(config, english, message("hi"), 1, kNine).title, "Fresh Home");
  EXPECT_EQ(notice_of(config, {.language = "zh-TW"}, message("hi"), 1, kNine).title, "鲜到家客服");
}

TEST(Notice, KeepsItsKeyForOneMessageOnOneDevice) {
  const AppConfig config;
  const Device one{.provider = "fcm", .token = "t1"}, other{.provider = "fcm", .token = "t2"};
  const std::string key = notice_of(config, one, message("a"), 1, kNine).key;
  EXPECT_EQ(notice_of(config, one, message("a"), 9, kNine + 1h).key, key);
  EXPECT_NE(notice_of(config, other, message("a"), 1, kNine).key, key);
  EXPECT_EQ(key.size(), 24U);
}

TEST(QuietHours, AreThoseAtTheCustomersPlace) {
  EXPECT_FALSE(quiet_now("", kNine, 0));
  EXPECT_TRUE(quiet_now("08:30-09:30", kNine, 0));
  EXPECT_FALSE(quiet_now("09:30-10:00", kNine, 0));
  EXPECT_FALSE(quiet_now("22:00-08:00", kNine, 0));
  EXPECT_TRUE(quiet_now("22:00-08:00", kNine, 14 * 60));  // 23:00
  EXPECT_TRUE(quiet_now("22:00-08:00", kNine, -5 * 60));  // 04:00
  EXPECT_FALSE(quiet_now("22:00-08:00", kNine, 8 * 60));  // 17:00
}

std::vector<std::string> tokens(Devices& devices, const std::string& user) {
  std::vector<std::string> all;
  auto found = devices.of(user);
  EXPECT_TRUE(found) << found.error().message;
  for (const Device& d : *found) all.push_back(d.token);
  return all;
}

TEST(Devices, BelongToWhoeverRegisteredThemLast) {
  channel::MemoryHub hub;
  Devices devices(hub.memory(), 24h);
  const Device tablet{.provider = "apns", .token = "aa"};
  ASSERT_TRUE(devices.put("u1", tablet));
  ASSERT_TRUE(devices.put("u1", tablet));
  EXPECT_THAT(tokens(devices, "u1"), ElementsAre("aa"));
  ASSERT_TRUE(devices.put("u2", tablet));
  EXPECT_THAT(tokens(devices, "u1"), IsEmpty());
  ASSERT_TRUE(devices.remove("u1", "apns", "aa"));
  EXPECT_THAT(tokens(devices, "u2"), ElementsAre("aa")) << "nobody removes another's device";
  ASSERT_TRUE(devices.remove("u2", "apns", "aa"));
  EXPECT_THAT(tokens(devices, "u2"), IsEmpty());
}

TEST(Devices, AreTenACustomerAtMostAndGoWhenTheirAppIsNotOpened) {
  channel::MemoryHub hub;
  Devices devices(hub.memory(), 24h);
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(devices.put("u1", {.provider = "fcm", .token = "t" + std::to_string(i)}));
  }
  const auto left = tokens(devices, "u1");
  EXPECT_EQ(left.size(), 10U);
  EXPECT_THAT(left, testing::Not(testing::Contains("t0")));
  EXPECT_THAT(left, testing::Not(testing::Contains("t1")));
  EXPECT_THAT(left, testing::Contains("t11"));
  hub.clock().advance(25h);
  EXPECT_THAT(tokens(devices, "u1"), IsEmpty());
}

TEST(Devices, OfAnErasedCustomerLeaveNothing) {
  channel::MemoryHub hub;
  Devices devices(hub.memory(), 24h);
  ASSERT_TRUE(devices.put("u1", {.provider = "fcm", .token = "t1"}));
  ASSERT_TRUE(devices.put("u1", {.provider = "jpush", .token = "t2"}));
  auto gone = devices.forget("u1");
  ASSERT_TRUE(gone);
  EXPECT_EQ(*gone, 2);
  auto rest = hub.memory().list("");
  ASSERT_TRUE(rest);
  EXPECT_THAT(*rest, IsEmpty());
}

TEST(Devices, ThatCannotBeOnesAreRefusedWithTheReason) {
  const std::vector<std::string> set_up{"apns", "fcm"};
  EXPECT_TRUE(check_device({.provider = "fcm", .token = "a:b_c-d"}, set_up));
  EXPECT_EQ(check_device({.provider = "getui", .token = "t"}, set_up).error().message,
            "provider: expected apns or fcm");
  EXPECT_FALSE(check_device({.provider = "apns", .token = "../../x"}, set_up));
  EXPECT_FALSE(check_device({.provider = "apns", .token = std::string(201, 'a')}, set_up));
  EXPECT_FALSE(check_device({.provider = "fcm", .token = ""}, set_up));
  EXPECT_FALSE(check_device({.provider = "fcm", .token = "a b"}, set_up));
  EXPECT_FALSE(check_device({.provider = "fcm", .token = std::string(5000, 'a')}, set_up));
  EXPECT_FALSE(check_device({.provider = "fcm", .token = "t", .utc_offset = 10000}, set_up));
  EXPECT_FALSE(check_device({.provider = "fcm", .token = "t"}, {}));
}

}  // namespace
}  // namespace qiao::app
