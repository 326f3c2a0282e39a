#include "plugins/bot/matcher.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "plugins/bot/knowledge_file.hpp"

namespace qiao::bot {
namespace {

KnowledgeEntry entry(std::string key, std::vector<std::string> questions, std::vector<std::string> keywords = {}) {
  KnowledgeEntry e;
  e.key = std::move(key);
  e.questions = std::move(questions);
  e.keywords = std::move(keywords);
  e.answer_zh = "答";
  return e;
}

std::string best_key(const Matcher& matcher, const std::string& text, const std::string& site = "") {
  const auto found = matcher.best(make_plain(text), site, 1);
  return found.empty() ? "" : found[0].entry->key;
}

TEST(Matcher, TheQuestionItselfIsCertain) {
  const Matcher m({entry("a", {"退货流程"}), entry("b", {"退款"}, {"退"})});
  const auto found = m.best(make_plain("退货流程！"), "", 2);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].entry->key, "a");
  EXPECT_EQ(found[0].score, 1);
  EXPECT_STREQ(found[0].reason, "exact");
}

TEST(Matcher, TheLongerKeywordWins) {
  const Matcher m({entry("refund", {"申请退款"}, {"退款"}), entry("time", {"几天到账"}, {"退款+多久"})});
  EXPECT_EQ(best_key(m, "我想问退款要多久呢"), "time");
  EXPECT_EQ(best_key(m, "我想要退款"), "refund");
}

TEST(Matcher, AnEnglishKeywordIsAWholeWord) {
  const Matcher m({entry("points", {"how do points work"}, {"points"})});
  EXPECT_EQ(best_key(m, "my points please"), "points");
  EXPECT_EQ(best_key(m, "viewpoints"), "");
}

TEST(Matcher, SitesDoNotSeeEachOthersKnowledge) {
  KnowledgeEntry north = entry("north", {"营业时间"});
  north.site = "north";
  const Matcher m({north, entry("all", {"门店地址"})});
  EXPECT_EQ(best_key(m, "营业时间", "north"), "north");
  EXPECT_EQ(best_key(m, "营业时间", "south"), "");
  EXPECT_EQ(best_key(m, "门店地址", "south"), "all");
}

TEST(Matcher, DisabledEntriesAreNotFound) {
  KnowledgeEntry off = entry("off", {"营业时间"}, {"营业"});
  off.enabled = false;
  EXPECT_EQ(best_key(Matcher({off}), "营业时间"), "");
}

TEST(Matcher, NothingMatchesNothing) {
  EXPECT_EQ(best_key(Matcher({}), "退货"), "");
  EXPECT_EQ(best_key(Matcher({entry("a", {"退货"})}), ""), "");
  EXPECT_EQ(best_key(Matcher({entry("a", {"🍊"}, {"+"})}), "🍊"), "");
}

struct KnowledgeFileTest : testing::Test {
  std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) /
      (std::string("knowledge-") + testing::UnitTest::GetInstance()->current_test_info()->name() + ".yaml");
  ~KnowledgeFileTest() override { std::filesystem::remove(file); }
  std::string error_of(const std::string& text) {
    std::ofstream(file) << text;
    auto entries = read_knowledge_file(file);
    if (entries) return "";
    return entries.error().message.substr(file.string().size());
  }
};

TEST_F(KnowledgeFileTest, MistakesAreNamedByLineAndColumn) {
  EXPECT_EQ(error_of("- key: a\n  questions: [x]\n  answer: y\n"), ":3:3: answer: unknown key");
  EXPECT_EQ(error_of("- key: a\n  questions: x\n"), ":2:14: questions: expected a list of texts");
  EXPECT_EQ(error_of("- key: a\n  handoff: yes\n"), ":2:12: handoff: expected true or false, got \"yes\"");
  EXPECT_EQ(error_of("- key: a\n  key: b\n"), ":2:3: key: stands there twice");
  EXPECT_EQ(error_of("key: a\n"), ":1:1: expected a list of entries");
  EXPECT_NE(error_of("- key: A B\n  questions: [x]\n  answer_zh: y\n"), "");
  EXPECT_NE(error_of("- [\n"), "");
}

TEST_F(KnowledgeFileTest, AnEmptyListIsFine) { EXPECT_EQ(error_of("[]\n"), ""); }

TEST_F(KnowledgeFileTest, AMissingFileIsSaid) {
  auto entries = read_knowledge_file("/nonexistent/k.yaml");
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().id, "bot.no_knowledge_file");
}

TEST(Entry, LinksLeadNowhereDangerous) {
  KnowledgeEntry e = entry("a", {"x"});
  e.buttons = {{"链接", "", "", "javascript:alert(1)"}};
  EXPECT_FALSE(check_entry(e));
  e.buttons[0].url = "//evil.example";
  EXPECT_FALSE(check_entry(e));
  e.buttons[0].url = "/#refund";
  EXPECT_TRUE(check_entry(e));
}

}  // namespace
}  // namespace qiao::bot
