#include "qiao/codec.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/fuzz/sample.hpp"

namespace qiao {
namespace {

using fuzz::Color;
using fuzz::Leaf;
using fuzz::Sample;

struct Older {
  std::int32_t number = 0;
  std::string text;
};
QIAO_FIELDS(Older, number, text)

struct Newer {
  std::int64_t number = 0;
  std::string text;
  std::string note = "default";
  std::vector<Leaf> leaves;
};
QIAO_FIELDS(Newer, number, text, note, leaves)

struct Tree {
  std::vector<Tree> branches;
};
QIAO_FIELDS(Tree, branches)

struct Byte {
  std::uint8_t value = 0;
};
QIAO_FIELDS(Byte, value)
struct Word {
  std::uint64_t value = 0;
};
QIAO_FIELDS(Word, value)
struct Signed {
  std::int64_t value = 0;
};
QIAO_FIELDS(Signed, value)
struct Small {
  std::int8_t value = 0;
};
QIAO_FIELDS(Small, value)

Tree tree(int depth) {
  Tree t;
  if (depth > 0) t.branches.push_back(tree(depth - 1));
  return t;
}

TEST(Codec, BringsEveryKindOfFieldBack) {
  const Sample before = fuzz::full_sample();
  const auto after = decode<Sample>(encode(before));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->flag, before.flag);
  EXPECT_EQ(after->number, before.number);
  EXPECT_EQ(after->natural, before.natural);
  EXPECT_EQ(after->real, before.real);
  EXPECT_EQ(after->text, before.text);
  EXPECT_EQ(after->id, before.id);
  EXPECT_EQ(after->at, before.at);
  EXPECT_EQ(after->wait, before.wait);
  EXPECT_EQ(after->color, Color::blue);
  EXPECT_EQ(after->maybe, std::optional<std::string>(""));
  EXPECT_EQ(after->leaf->small, -7);
  ASSERT_EQ(after->leaves.size(), 2u);
  EXPECT_EQ(after->leaves[1].text, std::string(300, 'x'));
  EXPECT_EQ(after->nested, before.nested);
  EXPECT_EQ(after->named.at("k").text, "v");
  EXPECT_EQ(encode(*after), encode(before));
}

TEST(Codec, BringsNumbersAtTheirLimitsBack) {
  using Limits = std::numeric_limits<std::int64_t>;
  for (const std::int64_t n :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{127}, std::int64_t{128}, std::int64_t{-128},
        std::int64_t{-129}, std::int64_t{32768}, Limits::max(), Limits::min()}) {
    const auto back = decode<Signed>(encode(Signed{n}));
    ASSERT_TRUE(back) << n;
    EXPECT_EQ(back->value, n);
  }
  for (const std::uint64_t n :
       {std::uint64_t{0}, std::uint64_t{128}, std::uint64_t{255}, std::uint64_t{256}, UINT64_MAX}) {
    EXPECT_EQ(decode<Word>(encode(Word{n}))->value, n);
  }
}

TEST(Codec, SkipsFieldsThatAnOlderReaderDoesNotKnow) {
  const auto older = decode<Older>(encode(Newer{5, "text", "note", {Leaf{}}}));
  ASSERT_TRUE(older) << older.error().message;
  EXPECT_EQ(older->number, 5);
  EXPECT_EQ(older->text, "text");
}

TEST(Codec, KeepsDefaultsForFieldsThatAnOlderWriterDidNotKnow) {
  const auto newer = decode<Newer>(encode(Older{-5, "text"}));
  ASSERT_TRUE(newer) << newer.error().message;
  EXPECT_EQ(newer->number, -5) << "a field may grow from 32 to 64 bits";
  EXPECT_EQ(newer->note, "default");
}

TEST(Codec, RefusesNumbersThatDoNotFitTheField) {
  EXPECT_FALSE(decode<Byte>(encode(Word{256})));
  EXPECT_TRUE(decode<Byte>(encode(Word{255})));
  EXPECT_FALSE(decode<Small>(encode(Signed{128})));
  EXPECT_TRUE(decode<Small>(encode(Signed{-128})));
  const auto wrong = decode<Older>(encode(Newer{1'000'000'000'000, "", "", {}}));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().name(), "codec.malformed");
  EXPECT_NE(wrong.error().message.find("Older.number"), std::string::npos) << wrong.error().message;
}

TEST(Codec, RefusesDepthOverThirtyTwo) {
  // A level of the tree is two levels of values: the record and its list.
  EXPECT_TRUE(decode<Tree>(encode(tree(15))));
  const auto deep = decode<Tree>(encode(tree(40)));
  ASSERT_FALSE(deep);
  EXPECT_NE(deep.error().message.find("deeper than 32"), std::string::npos);
}

TEST(Codec, RefusesEveryTruncationAndTrailingBytes) {
  const std::string whole = encode(fuzz::full_sample());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(decode<Sample>(std::string_view(whole).substr(0, length))) << length;
  }
  EXPECT_FALSE(decode<Sample>(whole + '\0'));
}

TEST(Codec, RefusesCountsThatTheBytesCannotHold) {
  const std::string huge_list("\x01\x05\xff\xff\xff\xff\xff", 7);
  EXPECT_FALSE(decode<Tree>(huge_list));
}

TEST(Codec, RefusesEnumeratorsThatNobodyNamed) {
  Sample sample;
  sample.color = static_cast<Color>(9);
  EXPECT_FALSE(decode<Sample>(encode(sample)));
}

}  // namespace
}  // namespace qiao
