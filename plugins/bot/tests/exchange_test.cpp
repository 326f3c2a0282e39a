#include <Poco/Zip/Compress.h>
#include <gmock/gmock.h>

#include <random>
#include <sstream>

#include "plugins/bot/knowledge_exchange.hpp"
#include "plugins/bot/spreadsheet.hpp"
#include "qiao/json.hpp"

namespace qiao::bot {
namespace {

std::vector<KnowledgeEntry> full() {
  KnowledgeEntry e;
  e.key = "return_process";
  e.questions = {"退货流程", "怎么退货, \"快\"一点", "null"};
  e.keywords = {"退货+流程"};
  e.answer_zh = "第一步：申请\n第二步：寄回 <b>&";
  e.answer_en = "Apply, then send it back: \"now\"";
  e.buttons = {{"申请", "Apply", "", "https://example.com/return"}};
  e.card.kind = "link";
  e.card.title = "退货";
  e.card.url = "https://example.com";
  e.card.data = {{"a", "b"}};
  e.variants = {{"wechat", "", "微信里点退货", "", {}, {}}};
  e.attachments = {{"规则", "https://example.com/rules.pdf"}};
  e.related = {"refund"};
  e.labels = {"售后", "高频"};
  e.group = "after-sales";
  e.handoff = true;
  e.valid_from = *from_iso8601("2026-11-01T00:00:00Z");
  e.live = Live::order;
  KnowledgeEntry small;
  small.key = "hello";
  small.questions = {"=1+1", "true"};
  small.answer_zh = "+86";
  small.enabled = false;
  small.small_talk = true;
  return {e, small};
}

TEST(Exchange, EveryFormatReadsBackWhatItWrote) {
  for (const Format format : {Format::yaml, Format::csv, Format::xlsx}) {
    const std::string bytes = write_knowledge(full(), format);
    const auto read = parse_knowledge(bytes, format);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(to_json((*read)[i]), to_json(full()[i]));
  }
}

TEST(Exchange, ATableOfASpreadsheetNeedsOnlyQuestionsAndAnswers) {
  const auto read = parse_knowledge("问法,中文回答\n\"几点开门\n几点关门\",8 点到 22 点\n", Format::csv);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 1U);
  EXPECT_THAT((*read)[0].questions, testing::ElementsAre("几点开门", "几点关门"));
  EXPECT_EQ((*read)[0].key.size(), 13U);
  EXPECT_EQ((*read)[0].key, (*parse_knowledge("问法,中文回答\n几点开门,另一个回答\n", Format::csv))[0].key)
      << "the same question is the same entry";
}

TEST(Exchange, MistakesNameRowAndColumn) {
  const auto problem = [](const std::string& text) {
    const auto read = parse_knowledge(text, Format::csv);
    return read ? std::string() : read.error().message;
  };
  EXPECT_EQ(problem("key,question\n"), "row 1: there is no column \"question\"; take an export as the pattern");
  EXPECT_NE(problem("key,questions,answer_zh,handoff\na,x,y,maybe\n").find("row 2, handoff: expected true or false"),
            std::string::npos);
  EXPECT_NE(problem("key,questions,answer_zh\na,x,y\na,x,y\n").find("row 3: the key \"a\" stands in row 2 too"),
            std::string::npos);
  EXPECT_NE(problem("key,questions,answer_zh,buttons\na,x,y,[1]\n").find("row 2, buttons"), std::string::npos);
  EXPECT_NE(problem("key,questions\na,x\n").find("answer_zh or answer_en is needed"), std::string::npos);
}

TEST(Spreadsheet, ReadsSharedTextsNumbersAndGaps) {
  const Table table{{"a", "", "c"}, {"", "2"}, {"多\n行 <&>", "", "", "x"}};
  const auto read = read_xlsx(write_xlsx(table, "表"));
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 3U);
  EXPECT_THAT((*read)[0], testing::ElementsAre("a", "", "c"));
  EXPECT_THAT((*read)[1], testing::ElementsAre("", "2"));
  EXPECT_THAT((*read)[2], testing::ElementsAre("多\n行 <&>", "", "", "x"));
}

TEST(Spreadsheet, OneLongTextInManyCellsFillsNoMemory) {
  // A workbook of a few KB whose one shared text stands in two hundred cells.
  const std::pair<const char*, std::string> parts[] = {
      {"xl/sharedStrings.xml", "<sst><si><t>" + std::string(500'000, 'x') + "</t></si></sst>"},
      {"xl/worksheets/sheet1.xml", "<sheetData><row>" + [] {
         std::string cells;
         for (int i = 0; i < 200; ++i) cells += "<c t=\"s\"><v>0</v></c>";
         return cells;
       }() + "</row></sheetData>"}};
  std::ostringstream out(std::ios::binary);
  Poco::Zip::Compress zip(out, true);
  for (const auto& [name, text] : parts) {
    std::istringstream in(text, std::ios::binary);
    zip.addFile(in, Poco::DateTime(), Poco::Path(name, Poco::Path::PATH_UNIX));
  }
  zip.close();
  const auto read = read_xlsx(out.str());
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("more than 64 MB of text"), std::string::npos) << read.error().message;
}

TEST(Spreadsheet, WhatIsNoWorkbookIsRefusedInASentence) {
  for (const std::string& bytes : {std::string(), std::string("PK\x03\x04 nonsense"), std::string(1000, 'x')}) {
    const auto read = read_xlsx(bytes);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().name(), "bot.bad_xlsx");
    EXPECT_NE(read.error().message.find("save it as .xlsx or CSV"), std::string::npos);
  }
}

TEST(Spreadsheet, DamagedWorkbooksNeverBreakTheReader) {
  const std::string good = write_knowledge(full(), Format::xlsx);
  std::mt19937 dice(7);
  for (int i = 0; i < 2000; ++i) {
    std::string bad = good;
    const int changes = 1 + static_cast<int>(dice() % 8);
    for (int k = 0; k < changes; ++k) bad[dice() % bad.size()] = static_cast<char>(dice() % 256);
    if (dice() % 4 == 0) bad.resize(dice() % bad.size());
    (void)parse_knowledge(bad, Format::xlsx);
  }
}

}  // namespace
}  // namespace qiao::bot
