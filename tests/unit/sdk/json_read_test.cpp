#include <gtest/gtest.h>

#include "qiao/json.hpp"
#include "tests/fuzz/sample.hpp"

namespace qiao {
namespace {

using fuzz::Color;
using fuzz::Leaf;
using fuzz::Sample;

struct Tree {
  std::vector<Tree> branches;
};
QIAO_FIELDS(Tree, branches)

struct Limits {
  std::int8_t tiny = 0;
  std::uint32_t natural = 0;
  std::int64_t whole = 0;
  std::uint64_t large = 0;
  Duration wait{0};
};
QIAO_FIELDS(Limits, tiny, natural, whole, large, wait)

std::string error_of(const Result<Sample>& result) { return result ? "accepted" : result.error().message; }
std::string error(std::string_view json) { return error_of(from_json<Sample>(json)); }
std::string limit(std::string_view json) {
  const auto r = from_json<Limits>(json);
  return r ? "accepted" : r.error().message;
}

TEST(JsonRead, BringsBackWhatWasWritten) {
  const Sample before = fuzz::full_sample();
  const auto after = from_json<Sample>(to_json(before));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->natural, before.natural);
  EXPECT_EQ(after->text, before.text);
  EXPECT_EQ(after->id, before.id);
  EXPECT_EQ(after->wait, before.wait);
  EXPECT_EQ(after->color, Color::blue);
  EXPECT_EQ(after->maybe, std::optional<std::string>(""));
  EXPECT_EQ(after->named.size(), 2u);
  EXPECT_EQ(after->at, std::chrono::floor<std::chrono::milliseconds>(before.at)) << "ISO 8601 is cut to milliseconds";
}

TEST(JsonRead, KeepsDefaultsOfMissingFields) {
  const auto sample = from_json<Sample>(R"({"text":"only"})");
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->text, "only");
  EXPECT_FALSE(sample->maybe);
  EXPECT_EQ(sample->color, Color::red);
}

TEST(JsonRead, NamesThePathOfWhatIsWrong) {
  EXPECT_EQ(error(R"({"leaves":[{},{"text":7}]})"), "leaves[1].text: expected a text, got a number");
  EXPECT_EQ(error(R"({"named":{"k":{"small":"x"}}})"), "named.k.small: expected a whole number, got a text");
  EXPECT_EQ(error(R"({"nested":[["a"],["b",null]]})"), "nested[1][1]: expected a text, got null");
  EXPECT_EQ(error(R"({"flag":1})"), "flag: expected true or false, got a number");
  EXPECT_EQ(error(R"([])"), "expected an object, got a list");
}

TEST(JsonRead, RefusesUnknownAndRepeatedFields) {
  EXPECT_EQ(error(R"({"txet":"a"})"), "txet: unknown field");
  EXPECT_EQ(error(R"({"leaf":{"text":"a","colour":1}})"), "leaf.colour: unknown field");
  EXPECT_EQ(error(R"({"text":"a","text":"a"})"), "text: stands twice");
  EXPECT_EQ(error(R"({"text":"a","flag":true,"\u0074ext":"b"})"), "text: stands twice");
  EXPECT_EQ(error(R"({"named":{"k":{},"k":{}}})"), "named.k: stands twice");
}

TEST(JsonRead, RefusesNumbersOutsideTheField) {
  EXPECT_EQ(limit(R"({"tiny":127,"natural":4294967295,"whole":-9223372036854775808,"large":18446744073709551615})"),
            "accepted");
  EXPECT_EQ(limit(R"({"tiny":128})"), "tiny: expected a number from -128 to 127, got 128");
  EXPECT_EQ(limit(R"({"tiny":-129})"), "tiny: expected a number from -128 to 127, got -129");
  EXPECT_EQ(limit(R"({"natural":-1})"), "natural: expected a whole number from 0, got -1");
  EXPECT_EQ(limit(R"({"natural":4294967296})"), "natural: expected a number from 0 to 4294967295, got 4294967296");
  EXPECT_EQ(limit(R"({"whole":9223372036854775808})"), "whole: 9223372036854775808 is too large");
  EXPECT_EQ(limit(R"({"whole":1.5})"), "whole: expected a whole number, got 1.5");
  EXPECT_EQ(limit(R"({"whole":1e3})"), "whole: expected a whole number, got 1000");
  EXPECT_EQ(limit(R"({"wait":1e300})"), "wait: 1e+300 ms is too long");
  EXPECT_NE(limit(R"({"large":18446744073709551616})"), "accepted");
}

TEST(JsonRead, ReadsIdsTimesDurationsAndNames) {
  const auto s = from_json<Sample>(
      R"({"id":"7234567890123456789","at":"2026-11-22T15:04:05.5+08:00","wait":1500,"color":"green"})");
  ASSERT_TRUE(s) << s.error().message;
  EXPECT_EQ(s->id, Id{7234567890123456789});
  EXPECT_EQ(to_iso8601(s->at), "2026-11-22T07:04:05.500Z");
  EXPECT_EQ(s->wait, std::chrono::milliseconds(1500));
  EXPECT_EQ(s->color, Color::green);
  EXPECT_EQ(from_json<Sample>(R"({"id":"0"})")->id, Id{});
  EXPECT_EQ(from_json<Sample>(R"({"id":""})")->id, Id{});
  EXPECT_EQ(error(R"({"id":7})"), "id: expected an id as a text, got a number");
  EXPECT_EQ(error(R"({"id":"-7"})"), "id: expected an id (a positive decimal number), got \"-7\"");
  EXPECT_EQ(error(R"({"color":"pink"})"), "color: expected one of red, green, blue, got \"pink\"");
  EXPECT_EQ(error(R"({"color":1})"), "color: expected one of red, green, blue, got a number");
  EXPECT_EQ(error(R"({"at":"2026-02-30T00:00:00Z"})"),
            "at: expected a time such as 2026-11-22T07:04:05Z, got \"2026-02-30T00:00:00Z\"");
}

TEST(JsonRead, TakesNullForAnEmptyOptional) {
  const auto s = from_json<Sample>(R"({"maybe":null,"leaf":{"text":"x"}})");
  ASSERT_TRUE(s);
  EXPECT_FALSE(s->maybe);
  EXPECT_EQ(s->leaf->text, "x");
}

TEST(JsonRead, RefusesWhatIsNotJson) {
  for (const std::string_view text :
       {"", " ", "{", "{]", R"({"text":"a"}x)", R"({"text":'a'})", "{\"text\":\"\xff\"}", "{\"text\":\"a\nb\"}",
        R"({"text":"\ud800"})", R"({"number":01})", R"({"flag":True})", R"({"text":"a",})", "NaN", "\xEF\xBB\xBF{}"}) {
    const auto r = from_json<Sample>(text);
    ASSERT_FALSE(r) << text;
    EXPECT_EQ(r.error().name(), "json.malformed") << text;
  }
}

TEST(JsonRead, RefusesDepthOverThirtyTwo) {
  const auto nested = [](int levels) {
    std::string text = "{}";
    for (int i = 1; i < levels; i += 2) text = R"({"branches":[)" + text + "]}";
    return text;
  };
  EXPECT_TRUE(from_json<Tree>(nested(31)));
  EXPECT_FALSE(from_json<Tree>(nested(35)));
  EXPECT_FALSE(from_json<Tree>(std::string(100'000, '[')));
}

TEST(JsonRead, ReadsALargeDocumentAndASmallOneAfterIt) {
  Sample large;
  large.text = std::string(1 << 20, 'x');
  EXPECT_EQ(from_json<Sample>(to_json(large))->text.size(), large.text.size());
  EXPECT_TRUE(from_json<Sample>("{}"));
}

}  // namespace
}  // namespace qiao
