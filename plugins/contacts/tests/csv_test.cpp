#include "plugins/contacts/csv.hpp"

#include <gmock/gmock.h>

namespace qiao::contacts {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::vector<std::string> cells(std::string_view text) {
  auto rows = parse_csv(text);
  EXPECT_TRUE(rows);
  return rows && rows->size() == 1 ? rows->front().cells : std::vector<std::string>{};
}

TEST(Csv, ReadsWhatSpreadsheetsWrite) {
  EXPECT_THAT(cells("\xEF\xBB\xBFname,phone\r\n"), ElementsAre("name", "phone"));
  EXPECT_THAT(cells("a;b;c"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(cells("a\tb,c\td"), ElementsAre("a", "b,c", "d"));
  EXPECT_THAT(cells("\"a,\"\"b\"\"\",\"c\nd\",\n"), ElementsAre("a,\"b\"", "c\nd", ""));
}

TEST(Csv, CountsLinesAsAPersonSeesThem) {
  auto rows = parse_csv("name\n\n\"two\nlines\"\nlast");
  ASSERT_TRUE(rows);
  ASSERT_THAT(*rows, SizeIs(3));
  EXPECT_EQ((*rows)[1].line, 3u);
  EXPECT_EQ((*rows)[2].line, 5u);
}

TEST(Csv, NamesTheLineOfAMistake) {
  for (const char* text : {"a\n\"b", "a\nb\"c\"", "a\n\"b\"c"}) {
    auto rows = parse_csv(text);
    ASSERT_FALSE(rows) << text;
    EXPECT_THAT(rows.error().message, HasSubstr("line 2")) << text;
  }
}

TEST(Csv, DefusesFormulasAndTakesThemBack) {
  for (const char* cell :
       {"=1+1", "+8613800138000", "-1", "@SUM(A1)", "\tx", "'quoted", "plain", "a,b", "say \"hi\"", ""}) {
    std::string line;
    append_cell(line, cell);
    EXPECT_FALSE(line.starts_with("=") || line.starts_with("+") || line.starts_with("@") || line.starts_with("-"));
    const auto read = parse_csv("x\n" + line + ",y");
    ASSERT_TRUE(read) << line;
    EXPECT_EQ(undefused((*read)[1].cells[0]), cell);
  }
}

TEST(Csv, SurvivesAnything) {
  std::uint64_t seed = 7;
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (int k = 0; k < 40; ++k) {
      seed = seed * 6364136223846793005ull + 1442695040888963407ull;
      text += "a\",;\n\r\t=\xE7"[seed >> 60 & 7];
    }
    (void)parse_csv(text);
  }
}

}  // namespace
}  // namespace qiao::contacts
