#include "qiao/text_index.hpp"

#include <gmock/gmock.h>

namespace qiao {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

/// What stands between the ranges that were found.
std::vector<std::string> found(std::string_view words, const std::string& text) {
  std::vector<std::string> all;
  for (const auto& range : SearchWords(words).find(text)) all.push_back(text.substr(range.from, range.to - range.from));
  return all;
}

TEST(IndexTerms, ArePairsOfChineseAndBeginningsOfWords) {
  EXPECT_THAT(index_terms("退货流程"), UnorderedElementsAre("退货", "货流", "流程"));
  EXPECT_THAT(index_terms("Milk"), UnorderedElementsAre("mi", "mil", "milk"));
  EXPECT_THAT(index_terms("订单A100"), UnorderedElementsAre("订单", "a1", "a10", "a100"));
  EXPECT_THAT(index_terms("好 。!"), IsEmpty());
  EXPECT_THAT(index_terms("退，货"), IsEmpty()) << "no pair across punctuation";
}

TEST(IndexTerms, FoldCaseWidthAndTraditionalCharacters) {
  EXPECT_EQ(index_terms("退貨"), index_terms("退货"));
  EXPECT_EQ(index_terms("ＡＢ１２"), index_terms("ab12"));
  EXPECT_EQ(index_terms("Café"), index_terms("CAFE\xCC\x81"));
}

TEST(IndexTerms, ComeOnceAndAreBoundedForLongWords) {
  EXPECT_THAT(index_terms("退货退货"), UnorderedElementsAre("退货", "货退"));
  EXPECT_THAT(index_terms(std::string(5000, 'x')), SizeIs(15));
}

TEST(IndexTerms, SurviveBrokenUtf8) {
  EXPECT_THAT(index_terms("退货\xFF\xE9\x80流程"), UnorderedElementsAre("退货", "流程"));
  EXPECT_THAT(index_terms("\xCC\x81\xCC\x81\xCC\x81"), Not(Contains("")));
}

TEST(SearchWords, FindsTwoCharactersAnywhereAndSaysWhere) {
  EXPECT_THAT(found("流程", "请问退货流程是什么，流程复杂吗"), ElementsAre("流程", "流程"));
  EXPECT_THAT(found("退流", "退货流程"), IsEmpty());
  EXPECT_THAT(found("不退款", "不退。款式"), IsEmpty()) << "not across the end of a sentence";
}

TEST(SearchWords, FindsSimplifiedByTraditionalAndTheOtherWayRound) {
  EXPECT_THAT(found("退貨", "我要退货"), ElementsAre("退货"));
  EXPECT_THAT(found("订单", "訂單在哪"), ElementsAre("訂單"));
}

TEST(SearchWords, FindsWordsByTheirBeginning) {
  EXPECT_THAT(found("deliv", "When will you DELIVER it?"), ElementsAre("DELIV"));
  EXPECT_THAT(found("liver", "deliver"), IsEmpty());
  EXPECT_THAT(found("SO-2026", "订单SO-20261122-001到了吗"), ElementsAre("SO-2026"));
  EXPECT_THAT(found("20261122-001", "so-20261122-001"), ElementsAre("20261122-001"));
}

TEST(SearchWords, NeedAllOfThem) {
  EXPECT_THAT(found("草莓 box", "两 boxes 草莓"), ElementsAre("box", "草莓"));
  EXPECT_THAT(found("草莓 crate", "两 boxes 草莓"), IsEmpty());
  EXPECT_THAT(found("草莓100", "草莓 100% 坏了"), ElementsAre("草莓 100"));
}

TEST(SearchWords, AskTheIndexOnlyForWhatIsInIt) {
  EXPECT_TRUE(SearchWords("% ！？").empty());
  EXPECT_THAT(SearchWords("猫").terms(), IsEmpty());
  EXPECT_FALSE(SearchWords("猫").empty());
  EXPECT_THAT(found("猫", "我的猫不见了"), ElementsAre("猫"));
  for (const std::string text : {"请问退货流程是什么", "Order SO-20261122-001 草莓 100% fresh!", "訂單ABC到了嗎"}) {
    const auto indexed = index_terms(text);
    for (const char* words : {"退货", "so-2026", "草莓100", "訂單abc", "fresh"}) {
      const SearchWords asked(words);
      if (asked.find(text).empty()) continue;
      for (const std::string& term : asked.terms()) EXPECT_THAT(indexed, Contains(term)) << words;
    }
  }
}

}  // namespace
}  // namespace qiao
