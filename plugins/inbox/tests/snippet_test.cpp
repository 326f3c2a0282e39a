#include <gtest/gtest.h>

#include "plugins/inbox/search.hpp"

namespace qiao::inbox::test {
namespace {

/// The snippet with its marks in brackets, cut by UTF-16 units as a browser would.
std::string marked(const SearchHit& hit) {
  std::string out;
  std::int32_t units = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i <= hit.snippet.size(); ++i) {
    const bool inside = i < hit.snippet.size() && (static_cast<unsigned char>(hit.snippet[i]) & 0xC0u) == 0x80;
    if (!inside) {
      if (next < hit.marks.size() && units == hit.marks[next].to) out += ']', ++next;
      if (next < hit.marks.size() && units == hit.marks[next].from) out += '[';
    }
    if (i == hit.snippet.size()) break;
    out += hit.snippet[i];
    if (!inside) units += static_cast<unsigned char>(hit.snippet[i]) >= 0xF0 ? 2 : 1;
  }
  return out;
}

std::string cut(const std::string& words, const std::string& text) {
  SearchHit hit;
  cut_snippet(text, SearchWords(words).find(text), hit);
  return marked(hit);
}

TEST(Snippet, MarksEveryPlaceInUnitsOfABrowser) {
  EXPECT_EQ(cut("草莓", "🍓🍓 我的草莓坏了, Erdbeere 草莓"), "🍓🍓 我的[草莓]坏了, Erdbeere [草莓]");
  EXPECT_EQ(cut("so-2026", "order SO-20261122"), "order [SO-2026]1122");
}

TEST(Snippet, ShowsThePartOfALongTextAroundTheFirstPlace) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "前";
  text += "退货";
  for (int i = 0; i < 200; ++i) text += "后";
  const std::string snippet = cut("退货", text);
  EXPECT_TRUE(snippet.starts_with("…前")) << snippet;
  EXPECT_NE(snippet.find("前[退货]后"), std::string::npos) << snippet;
  EXPECT_TRUE(snippet.ends_with("后…")) << snippet;
  EXPECT_LT(snippet.size(), 330u);
}

}  // namespace
}  // namespace qiao::inbox::test
