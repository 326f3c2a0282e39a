#include "plugins/bot/knowledge_check.hpp"

#include <gmock/gmock.h>

namespace qiao::bot {
namespace {

KnowledgeEntry entry(std::string key, std::vector<std::string> questions, std::vector<std::string> keywords = {},
                     std::string answer = {}) {
  KnowledgeEntry e;
  e.answer_zh = answer.empty() ? "回答 " + key : std::move(answer);
  e.key = std::move(key);
  e.questions = std::move(questions);
  e.keywords = std::move(keywords);
  return e;
}

std::vector<std::string> kinds(const KnowledgeEntry& edited, const std::vector<KnowledgeEntry>& all) {
  std::vector<std::string> out;
  for (const Warning& w : warnings_of(edited, all, Matcher(all))) out.push_back(w.kind + ":" + w.entry);
  return out;
}

const std::vector<KnowledgeEntry> kAll{
    entry("refund", {"怎么退款", "退款多久到账"}, {"退款"}),
    entry("hours", {"几点开门"}, {"营业时间"}, "8:00–22:00"),
};

TEST(KnowledgeCheck, AnEntryOfItsOwnHasNoWarnings) {
  EXPECT_THAT(kinds(entry("invoice", {"怎么开发票"}, {"发票"}), kAll), testing::IsEmpty());
  EXPECT_THAT(kinds(kAll[0], kAll), testing::IsEmpty()) << "an entry is not compared with itself";
}

TEST(KnowledgeCheck, SaysWhatRepeats) {
  EXPECT_THAT(kinds(entry("a", {"几点开门？"}), kAll), testing::Contains("same_question:hours"));
  EXPECT_THAT(kinds(entry("a", {"周末", "周末！"}), kAll), testing::Contains("repeated:a"));
  EXPECT_THAT(kinds(entry("a", {"周末"}, {"营业时间"}), kAll), testing::Contains("same_keyword:hours"));
  EXPECT_THAT(kinds(entry("a", {"周末"}, {}, "8:00–22:00"), kAll), testing::Contains("same_answer:hours"));
}

TEST(KnowledgeCheck, SaysWhichKeywordTakesAQuestionAway) {
  EXPECT_THAT(kinds(entry("a", {"周末"}, {"几点"}), kAll), testing::Contains("keyword_hides:hours"));
  EXPECT_THAT(kinds(entry("a", {"退款要手续费吗"}), kAll), testing::Contains("hidden_by_keyword:refund"));
  EXPECT_THAT(kinds(entry("a", {"退款要手续费吗"}, {"退款+手续费"}), kAll),
              testing::Not(testing::Contains("hidden_by_keyword:refund")));
}

TEST(KnowledgeCheck, OtherShopsAndDisabledEntriesAreNobodysConcern) {
  std::vector<KnowledgeEntry> all = kAll;
  all[1].site = "north";
  KnowledgeEntry mine = entry("a", {"几点开门"});
  mine.site = "south";
  EXPECT_THAT(kinds(mine, all), testing::Not(testing::Contains("same_question:hours")));
  all[1].site.clear();
  all[1].enabled = false;
  EXPECT_THAT(kinds(mine, all), testing::Not(testing::Contains("same_question:hours")));
}

TEST(KnowledgeCheck, RelatedEntriesMustExist) {
  KnowledgeEntry mine = entry("a", {"周末"});
  mine.related = {"hours", "gone"};
  EXPECT_THAT(kinds(mine, kAll), testing::ElementsAre("unknown_related:gone"));
}

}  // namespace
}  // namespace qiao::bot
