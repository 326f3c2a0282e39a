#include "plugins/inbox/text.hpp"

#include <gtest/gtest.h>

namespace qiao::inbox {
namespace {

using namespace std::string_view_literals;

TEST(InboxText, TakesEveryKindOfValidText) {
  EXPECT_TRUE(clean_utf8(""));
  EXPECT_TRUE(clean_utf8("plain text\n\ttabs"));
  EXPECT_TRUE(clean_utf8("退货流程 ąñ 🍓 \U0010FFFF"));
}

TEST(InboxText, RefusesWhatIsNotUtf8) {
  EXPECT_FALSE(clean_utf8("a\0b"sv));
  EXPECT_FALSE(clean_utf8("\xC0\xAF"sv));          // overlong
  EXPECT_FALSE(clean_utf8("\xE0\x80\xAF"sv));      // overlong
  EXPECT_FALSE(clean_utf8("\xED\xA0\x80"sv));      // surrogate
  EXPECT_FALSE(clean_utf8("\xF4\x90\x80\x80"sv));  // beyond the last character
  EXPECT_FALSE(clean_utf8("\xE9\x80"sv));          // cut off
  EXPECT_FALSE(clean_utf8("\x80"sv));
  EXPECT_FALSE(clean_utf8("\xFF"sv));
}

TEST(InboxText, ShortensBetweenCharacters) {
  EXPECT_EQ(shorten("退货", 6), "退货");
  EXPECT_EQ(shorten("退货流程", 9), "退货…");
  EXPECT_EQ(shorten("退货流程", 8), "退…");
  EXPECT_EQ(shorten("abcdef", 5), "ab…");
}

TEST(InboxText, HearsChineseInMixedText) {
  EXPECT_EQ(language_of("order 退货 please"), "zh-CN");
  EXPECT_EQ(language_of("where is my order?"), "en");
  EXPECT_EQ(language_of("¿dónde está?"), "en");
  EXPECT_EQ(language_of("\xFF broken"), "en");
}

TEST(InboxText, CountsThoseBeforeInWords) {
  EXPECT_EQ(notice::queued("zh-CN", "售后组", 2), "正在为您转接售后组，前面还有 2 位，请稍候。");
  EXPECT_EQ(notice::queued("en", "After-sales", 1), "We are connecting you with After-sales. 1 person is before you.");
  EXPECT_EQ(notice::queued("en", "After-sales", 0), "We are connecting you with After-sales. You are next.");
}

TEST(InboxText, NamesVisitorsByFourDigits) {
  EXPECT_TRUE(notice::visitor_name("zh-CN", Id{123456789}).starts_with("访客 "));
  EXPECT_EQ(notice::visitor_name("en", Id{7}).size(), std::string("Visitor 0000").size());
}

}  // namespace
}  // namespace qiao::inbox
