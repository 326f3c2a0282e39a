#include "plugins/bot/vocabulary.hpp"

#include <gtest/gtest.h>

#include "plugins/bot/matcher.hpp"

namespace qiao::bot {
namespace {

std::string rewritten(const ShopWords& words, const std::string& text) {
  return to_utf8(words.apply(make_plain(text)).text);
}

TEST(Vocabulary, CustomersWordsBecomeThoseOfTheShop) {
  Vocabulary v;
  v.synonyms = {{"洗衣粉", {"肥皂粉", "洗衣剂"}}, {"delivery", {"ship"}}};
  v.products = {{"特级初榨橄榄油", "OIL-1", {"EVOO", "橄榄油"}}};
  v.stop_words = {"话说"};
  const ShopWords words(v);
  EXPECT_EQ(rewritten(words, "话说肥皂粉多少钱"), rewritten(words, "洗衣粉多少钱"));
  EXPECT_EQ(rewritten(words, "EVOO有货吗"), rewritten(words, "特级初榨橄榄油有货吗"));
  EXPECT_EQ(rewritten(words, "do you ship now"), "do you delivery now");
  EXPECT_EQ(rewritten(words, "my spaceship"), "my spaceship") << "only whole words of letters";
  EXPECT_EQ(rewritten(words, "特级初榨橄榄油"), "特级初榨橄榄油") << "what is right already is not changed";
  EXPECT_EQ(rewritten(words, "话说"), "话说") << "something must remain";
}

TEST(Vocabulary, TheWordsCountOfTheTextIsKeptRight) {
  Vocabulary v;
  v.synonyms = {{"olive oil", {"橄榄油"}}};
  const Plain plain = ShopWords(v).apply(make_plain("buy橄榄油now"));
  EXPECT_EQ(to_utf8(plain.text), "buy olive oil now");
  EXPECT_EQ(plain.words, 4);
  EXPECT_FALSE(plain.han);
}

TEST(Vocabulary, AWordCannotStandForTwo) {
  Vocabulary v;
  v.synonyms = {{"快递", {"包裹"}}, {"礼盒", {"包裹"}}};
  const auto checked = check_vocabulary(v);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message.find("包裹"), std::string::npos);
  v.synonyms.pop_back();
  EXPECT_TRUE(check_vocabulary(v));
  v.stop_words = {"快递"};
  EXPECT_FALSE(check_vocabulary(v));
  v.stop_words = {"!!"};
  EXPECT_FALSE(check_vocabulary(v));
}

TEST(Vocabulary, HoldsBeforeAnythingIsLearnedAgain) {
  KnowledgeEntry detergent;
  detergent.key = "detergent";
  detergent.questions = {"洗衣粉多少钱"};
  detergent.answer_zh = "19 元";
  KnowledgeEntry other;
  other.key = "hours";
  other.questions = {"几点开门"};
  other.answer_zh = "8 点";
  const std::vector<KnowledgeEntry> entries{detergent, other};
  const auto learned = Understanding::learn(entries, Background{});
  Vocabulary v;
  v.synonyms = {{"洗衣粉", {"肥皂粉"}}};
  const Matcher matcher(entries, learned, std::make_shared<const ShopWords>(v));
  EXPECT_FALSE(matcher.all_learned()) << "it is learned again with the new word";
  const auto found = matcher.best(make_plain("肥皂粉多少钱"), "", 1);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].entry->key, "detergent");
  EXPECT_STREQ(found[0].reason, "exact");
}

}  // namespace
}  // namespace qiao::bot
