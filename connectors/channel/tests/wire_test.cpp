#include "connectors/channel/wire.hpp"

#include <gtest/gtest.h>

#include "connectors/channel/wechat_crypt.hpp"

namespace qiao::channel {
namespace {

TEST(Wire, ATextIsCutAtACharactersEnd) {
  EXPECT_EQ(clip("口红", 5), "口");
  EXPECT_EQ(clip("口红", 6), "口红");
  EXPECT_EQ(clip("口红", 2), "");
  EXPECT_EQ(clip("", 3), "");
}

TEST(Wire, SecondsAndMillisecondsAreToldApart) {
  EXPECT_EQ(to_iso8601(moment(1732251000)), "2024-11-22T04:50:00.000Z");
  EXPECT_EQ(to_iso8601(moment(1732251000123)), "2024-11-22T04:50:00.123Z");
  EXPECT_EQ(moment(-7), Time{});
  EXPECT_EQ(to_iso8601(moment(INT64_MAX)), "2100-01-01T00:00:00.000Z");
}

constexpr const char* kKey = "Qm9vc3RlclNlcnZpY2VIdWJLZXlGb3JWZWN0b3JzMDE";

// Thirty-two bytes of padding: more than a common AES padding has.
TEST(WechatCrypt, TakesAllThirtyTwoBytesOfPadding) {
  const auto crypt = WechatCrypt::make("t", kKey, "wxd0e1f2a3b4c5d6e7");
  ASSERT_TRUE(crypt);
  const std::string sealed =
      "G6mbYzTkJHEfORPyZ05FYMaphP+jXqc619bMbpyrT4M7J60aEK1zw4+lVoRO7LsfWKSgXHDXQ7e5b6BOeYjcuu2cVmDhOy2cIkS4sjFFgFdgraLz"
      "oc7ml21kGGARwqNZ";
  EXPECT_EQ(crypt->sign("1700000000", "n", sealed), "de13401657e07fd8e710271ebb6a84fae08098ab");
  const auto open = crypt->open("de13401657e07fd8e710271ebb6a84fae08098ab", "1700000000", "n", sealed);
  ASSERT_TRUE(open) << open.error().message;
  EXPECT_EQ(*open, "Xxxxxxxxxxxxxxxxxxxxxxxxxx");
  EXPECT_EQ(*crypt->encrypt(*open, "RRRRRRRRRRRRRRRR"), sealed);
}

TEST(WechatCrypt, RefusesKeysOfAnotherLengthAndBrokenCiphertext) {
  EXPECT_FALSE(WechatCrypt::make("t", "short", "r"));
  EXPECT_FALSE(WechatCrypt::make("t", std::string(42, 'A') + "!", "r"));
  const auto crypt = WechatCrypt::make("t", kKey, "r");
  ASSERT_TRUE(crypt);
  for (const char* broken : {"", "!", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA=="})
    EXPECT_FALSE(crypt->decrypt(broken)) << broken;
  for (std::size_t length = 0; length < 70; ++length) {
    const std::string text(length, 'x');
    EXPECT_EQ(*crypt->decrypt(*crypt->encrypt(text)), text);
  }
}

}  // namespace
}  // namespace qiao::channel
