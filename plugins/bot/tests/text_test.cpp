#include "plugins/bot/text.hpp"

#include <gtest/gtest.h>

namespace qiao::bot {
namespace {

TEST(Plain, FoldsWidthCaseAndPunctuation) {
  const Plain p = make_plain("  ＡＰＰ，登不上！！Help… ");
  EXPECT_EQ(p.text, U"app 登不上 help");
  EXPECT_EQ(p.compact, U"app登不上help");
  EXPECT_TRUE(p.han);
  EXPECT_EQ(p.words, 2);
}

TEST(Plain, TraditionalBecomesSimplified) { EXPECT_EQ(make_plain("退貨流程與運費").text, U"退货流程与运费"); }

TEST(Plain, ColloquialWordsBecomePlainOnes) {
  EXPECT_EQ(make_plain("快递咋还没到").text, U"快递怎么还没到");
  EXPECT_EQ(make_plain("你们有啥活动").text, U"你们有什么活动");
}

TEST(Plain, EmojiAndInvisibleCharactersGo) {
  EXPECT_EQ(make_plain("谢谢🙏🍊").text, U"谢谢");
  EXPECT_EQ(make_plain("退\u200B货").text, U"退货");
  EXPECT_TRUE(make_plain("🙏🙏").text.empty());
}

TEST(Plain, KnowsAQuestionByItsMark) {
  EXPECT_TRUE(make_plain("可以退吗？").question);
  EXPECT_FALSE(make_plain("可以退").question);
}

TEST(Plain, BrokenUtf8AndLongInputAreHarmless) {
  EXPECT_EQ(make_plain("\xff\xfe退款\xe9").text, U"退款");
  std::string lots;
  for (int i = 0; i < 5000; ++i) lots += "退";
  EXPECT_EQ(make_plain(lots).text.size(), 2000u);
  EXPECT_TRUE(make_plain("").text.empty());
}

TEST(Plain, IsWrittenInUtf8AsItWas) {
  for (const char* text :
       {"order", "caf\u00e9", "\u043f\u0440\u0438\u0432\u0435\u0442", "\u8c46\u6c99\u8272", "\U00010330"}) {
    EXPECT_EQ(to_utf8(make_plain(text).text), text);
  }
}

TEST(Features, AreSortedAndUnique) {
  const auto list = features(make_plain("退货退货退货 order order"));
  for (std::size_t i = 1; i < list.size(); ++i) EXPECT_LT(list[i - 1].id, list[i].id);
}

TEST(Features, LeaveOutPolitenessUnlessThereIsNothingElse) {
  EXPECT_EQ(features(make_plain("请问怎么退货")).size(), features(make_plain("退货")).size());
  EXPECT_FALSE(features(make_plain("怎么")).empty());
  EXPECT_FALSE(features(make_plain("who are you")).empty());
}

TEST(Features, EnglishPluralsAndFormsMeet) {
  EXPECT_EQ(features(make_plain("orders"))[0].id, features(make_plain("order"))[0].id);
  EXPECT_EQ(features(make_plain("deliveries"))[0].id, features(make_plain("delivery"))[0].id);
}

TEST(Words, MatchOnlyAsWholeWords) {
  EXPECT_TRUE(has_words(U"my order is late", U"order"));
  EXPECT_FALSE(has_words(U"the border is closed", U"order"));
  EXPECT_TRUE(has_words(U"app登不上", U"app"));
}

}  // namespace
}  // namespace qiao::bot
