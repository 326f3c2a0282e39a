#include "plugins/bot/nlu/lexicon.hpp"

#include <gtest/gtest.h>

#include "plugins/bot/nlu/syllables.hpp"

namespace qiao::bot {
namespace {

using Concepts = std::map<std::string, std::vector<std::string>>;

std::vector<std::string> found(const Lexicon& lexicon, const std::string& text) {
  const Plain plain = make_plain(text);
  std::vector<std::string> words;
  for (const Lexicon::Hit& hit : lexicon.find(plain)) {
    words.push_back(to_utf8(std::u32string_view(plain.text).substr(hit.begin, hit.end - hit.begin)));
  }
  return words;
}

TEST(Lexicon, FindsTheLongestWord) {
  const Lexicon lexicon(Concepts{{"refund", {"退", "退款", "refund"}}, {"slow", {"退款慢"}}});
  EXPECT_EQ(found(lexicon, "退款慢吗"), (std::vector<std::string>{"退款慢"}));
  EXPECT_EQ(found(lexicon, "想退一下，退款呢"), (std::vector<std::string>{"退", "退款"}));
}

TEST(Lexicon, LatinLettersCountAsWholeWords) {
  const Lexicon lexicon(Concepts{{"refund", {"refund"}}});
  EXPECT_EQ(found(lexicon, "a Refund please"), (std::vector<std::string>{"refund"}));
  EXPECT_TRUE(found(lexicon, "refunds").empty());
}

TEST(Lexicon, AWordThatSoundsTheSameIsFoundUnlessOneIsWrittenSo) {
  const Lexicon lexicon(Concepts{{"refund", {"退款"}}, {"paragraph", {"腿宽"}}});
  EXPECT_EQ(found(lexicon, "退宽"), (std::vector<std::string>{"退宽", "退宽"}));
  const auto hits = lexicon.find(make_plain("退款"));
  ASSERT_EQ(hits.size(), 1u);
}

TEST(Lexicon, AWordOfTwoConceptsIsBoth) {
  const Lexicon lexicon(Concepts{{"price", {"便宜"}}, {"discount", {"便宜"}}});
  const auto hits = lexicon.find(make_plain("便宜点"));
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_NE(hits[0].concept_id, hits[1].concept_id);
  EXPECT_EQ(hits[0].end, hits[1].end);
}

TEST(Lexicon, WithoutWordsFindsNothing) { EXPECT_TRUE(Lexicon().find(make_plain("退款 refund")).empty()); }

TEST(Syllables, BlurWhatTypingAndDialectsBlur) {
  EXPECT_EQ(syllable_of(U'是'), syllable_of(U'四'));  // shi, si
  EXPECT_EQ(syllable_of(U'蓝'), syllable_of(U'南'));  // lan, nan
  EXPECT_EQ(syllable_of(U'精'), syllable_of(U'今'));  // jing, jin
  EXPECT_NE(syllable_of(U'退'), syllable_of(U'款'));
  EXPECT_EQ(syllable_of(U'a'), 0u);
  EXPECT_EQ(syllable_of(U'\u4DFF'), 0u);
  EXPECT_NE(syllable_of(U'\u9FA5'), 0u);
}

}  // namespace
}  // namespace qiao::bot
