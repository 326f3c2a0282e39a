#include "connectors/common/parameters.hpp"

#include <gtest/gtest.h>

namespace qiao::common {
namespace {

using Escape = Template::Escape;

std::string filled(const std::string& text, const std::string& value, Escape escape) {
  Parameters p;
  p.set("sku", value);
  const auto made = Template::compile(text, p);
  return made ? made->fill(p, escape) : made.error().message;
}

TEST(Template, OnlySubstitutes) {
  EXPECT_EQ(filled("/stock/{sku}?a={sku}", "A-7", Escape::none), "/stock/A-7?a=A-7");
  EXPECT_EQ(filled("{sku}", "{sku}{other}", Escape::none), "{sku}{other}");
  EXPECT_EQ(filled(R"({"a": {"b": "{sku}"}, "c": []})", "x", Escape::json), R"({"a": {"b": "x"}, "c": []})");
  EXPECT_EQ(filled("{sk", "x", Escape::none), "{sk");
}

TEST(Template, EscapesForWhereItStands) {
  EXPECT_EQ(filled("/stock/{sku}", "../a?b#c d/口", Escape::url), "/stock/..%2Fa%3Fb%23c%20d%2F%E5%8F%A3");
  EXPECT_EQ(filled(R"({"sku":"{sku}"})", "a\",\"admin\":\"1\n\\", Escape::json), R"({"sku":"a\",\"admin\":\"1\n\\"})");
}

TEST(Template, ANameThatDoesNotExistIsAMistake) {
  EXPECT_EQ(filled("{skuu}", "x", Escape::none), "there is no {skuu} here");
}

TEST(Parameters, PhonesComeInEverySpellingThatSystemsKeep) {
  Parameters p;
  set_phone(p, "0086 138-0013-8000", "86");
  EXPECT_EQ(p.text("phone"), "13800138000");
  EXPECT_EQ(p.text("phone_full"), "+8613800138000");
  EXPECT_EQ(p.text("phone_tail"), "00138000");
  EXPECT_GE(p.find("phones")->size(), 3u);
  set_phone(p, "", "86");
  EXPECT_EQ(p.text("phone_full"), "");
}

TEST(Parameters, WildcardsInASearchAreOrdinary) {
  EXPECT_EQ(product_parameters({"50%_off", 10}).text("text_like"), "%50%%off%");
}

}  // namespace
}  // namespace qiao::common
