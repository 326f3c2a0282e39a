#include <gtest/gtest.h>

#include "connectors/channel/form.hpp"
#include "connectors/channel/incoming.hpp"
#include "qiao/multipart.hpp"

namespace qiao::channel {
namespace {

TEST(Form, IsReadAsItWasWritten) {
  const std::string bytes("\r\n--qiao\0\xff", 10);
  const auto [type, body] =
      multipart({{"chat_id", "5"}, {"text", "你好\r\n--x"}}, {"photo", "a \"1\"\r\n.png", "", bytes});
  const auto parts = parse_form(type, body);
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 3U);
  EXPECT_EQ((*parts)[1].content, "你好\r\n--x");
  EXPECT_EQ((*parts)[2].content, bytes);
  EXPECT_EQ((*parts)[2].content_type, "application/octet-stream");
}

TEST(Incoming, CardsStayWithinTheirLimits) {
  contract::Content content{"看"};
  add_location(content, "31.2", "121.5", std::string(300, 'x'), "路");
  add_contact(content, "王芳", "+8613800138000");
  add_quote(content, "");
  add_quote(content, std::string(999, 'y') + "字");
  ASSERT_EQ(content.cards.size(), 3U);
  EXPECT_EQ(content.cards[0].title.size(), 200U);
  EXPECT_EQ(content.cards[2].text.size(), 999U) << "no half of a character";
  EXPECT_EQ(content.cards[0].data.at("latitude"), "31.2");
  EXPECT_EQ(content.cards[1].text, "+8613800138000");
}

TEST(Incoming, TimesThatCannotBeAreNone) {
  EXPECT_EQ(to_micros(time_of(1732255000, std::chrono::seconds(1))), 1732255000000000);
  EXPECT_EQ(to_micros(time_of(1732255000123, std::chrono::milliseconds(1))), 1732255000123000);
  EXPECT_EQ(time_of(-1, std::chrono::seconds(1)), Time{});
  EXPECT_EQ(time_of(INT64_MAX, std::chrono::seconds(1)), Time{});
}

TEST(Incoming, CoordinatesComeFromText) {
  contract::Card card;
  card.data = {{"latitude", "31.25"}, {"longitude", "far"}, {"other", "1e300"}};
  EXPECT_EQ(coordinate(card, "latitude"), 31.25);
  EXPECT_EQ(coordinate(card, "longitude"), 0);
  EXPECT_EQ(coordinate(card, "other"), 0);
  EXPECT_EQ(coordinate(card, "none"), 0);
}

}  // namespace
}  // namespace qiao::channel
