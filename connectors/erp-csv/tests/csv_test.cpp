#include "connectors/erp-csv/csv.hpp"

#include <gtest/gtest.h>

namespace qiao::erp_csv {
namespace {

using Cells = std::vector<std::string>;

TEST(Csv, ReadsHeadingAndRowsWithTheirLines) {
  const auto table = read_csv("sku,name\r\nA-7,羽绒服\r\n\r\nK-201,口红\n");
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->heading, (Cells{"sku", "name"}));
  ASSERT_EQ(table->rows.size(), 2u);
  EXPECT_EQ(table->rows[0].line, 2u);
  EXPECT_EQ(table->rows[1].line, 4u);
  EXPECT_EQ(table->rows[1].cells, (Cells{"K-201", "口红"}));
}

TEST(Csv, QuotesHoldSeparatorsQuotesAndLineBreaks) {
  const auto table = read_csv("a,b\n\"x, \"\"y\"\"\nz\" , 2 \nlast,3\n");
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->rows[0].cells, (Cells{"x, \"y\"\nz", "2"}));
  EXPECT_EQ(table->rows[1].line, 4u);
}

TEST(Csv, TakesSemicolonsAndTabsWhenTheHeadingDoes) {
  EXPECT_EQ(read_csv("a;b\n1,5;2\n")->rows[0].cells, (Cells{"1,5", "2"}));
  EXPECT_EQ(read_csv("a\tb\n1\t2\n")->rows[0].cells, (Cells{"1", "2"}));
}

TEST(Csv, ReadsWhatChineseExcelWrites) {
  // GB18030 of "编码,名称\nA,口红\n", and UTF-16 with a mark.
  EXPECT_EQ(read_csv("\xB1\xE0\xC2\xEB,\xC3\xFB\xB3\xC6\nA,\xBF\xDA\xBA\xEC\n")->heading, (Cells{"编码", "名称"}));
  const std::string utf16(
      "\xFF\xFE"
      "a\0,\0b\0\n\0"
      "1\0,\0\xE3\x53\n\0",
      18);
  EXPECT_EQ(read_csv(utf16)->rows[0].cells, (Cells{"1", "口"}));
  EXPECT_EQ(read_csv("\xEF\xBB\xBFsku,b\n")->heading[0], "sku");
}

TEST(Csv, SaysOnWhichLineItIsBroken) {
  for (const auto& [text, line] : std::vector<std::pair<std::string, std::string>>{{"a,b\n1,\"x\n2,y\n", "line 2"},
                                                                                   {"a,b\n1,2\n3,\"x\"y\n", "line 3"},
                                                                                   {"", "line 1"},
                                                                                   {"\n\n", "line 1"},
                                                                                   {"a,b\n\xFF\xFF\xFF", "line 1"}}) {
    const auto table = read_csv(text);
    ASSERT_FALSE(table) << text;
    EXPECT_EQ(table.error().name(), "erp.bad_csv");
    EXPECT_EQ(table.error().message.substr(0, line.size()), line) << table.error().message;
  }
}

TEST(Csv, RefusesWhatIsTooWide) { EXPECT_FALSE(read_csv(std::string(1000, ','))); }

}  // namespace
}  // namespace qiao::erp_csv
