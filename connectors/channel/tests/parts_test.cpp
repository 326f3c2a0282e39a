#include "connectors/channel/parts.hpp"

#include <gmock/gmock.h>

namespace qiao::channel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::string no_link(Id) { return {}; }
std::string some_link(Id file) { return "https://hub.example.org/f/" + file.str(); }

contract::MessageOutgoing message(const std::string& text) {
  contract::MessageOutgoing out;
  out.channel = "wx";
  out.user = "u1";
  out.message.id = Id{77};
  out.message.conversation = Id{5};
  out.message.content.text = text;
  return out;
}

TEST(SplitText, KeepsAShortTextWhole) {
  EXPECT_THAT(split_text("你好", 10), ElementsAre("你好"));
  EXPECT_THAT(split_text("any length", 0), ElementsAre("any length"));
}

TEST(SplitText, EndsPiecesAtSentences) {
  EXPECT_THAT(split_text("第一句话。第二句话！第三句", 8), ElementsAre("第一句话。", "第二句话！第三句"));
  EXPECT_THAT(split_text("It costs 3.50 today. Tomorrow it is more.", 25),
              ElementsAre("It costs 3.50 today.", "Tomorrow it is more."));
}

TEST(SplitText, PrefersTheEndOfALineToTheEndOfASentence) {
  EXPECT_THAT(split_text("甲。乙\n丙。丁戊己庚", 8), ElementsAre("甲。乙", "丙。丁戊己庚"));
}

TEST(SplitText, FallsBackToClausesWordsAndCharacters) {
  EXPECT_THAT(split_text("one two three four", 9), ElementsAre("one two", "three", "four"));
  EXPECT_THAT(split_text("abcdefghij", 4), ElementsAre("abcd", "efgh", "ij"));
}

TEST(SplitText, NeverCutsACharacterThatIsWrittenAsSeveral) {
  const std::string family = "\U0001F468\u200D\U0001F469\u200D\U0001F467";  // five code points
  for (const std::string& piece : split_text(family + family + family, 7)) EXPECT_EQ(piece, family);
}

TEST(SplitText, LosesNothingButWhiteSpaceAtTheEdges) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "退货流程，第" + std::to_string(i) + "步。";
  std::string joined;
  for (const std::string& piece : split_text(text, 100)) joined += piece;
  EXPECT_EQ(joined, text);
}

TEST(Parts, SendWhatThePlatformHasAsItself) {
  contract::MessageOutgoing out = message("看这里");
  out.message.content.attachments.push_back({Id{9}, "a.png", "image/png", 100});
  out.message.content.buttons.push_back({"查看订单", "订单", ""});
  contract::ChannelCapabilities can;
  can.kinds = {"image", "buttons"};
  const auto parts = parts_of(out, can, no_link);
  ASSERT_THAT(parts, SizeIs(2));
  EXPECT_EQ(parts[0].kind, Part::Kind::choice);
  EXPECT_EQ(parts[0].text, "看这里");
  EXPECT_EQ(parts[0].key, "77-0");
  EXPECT_EQ(parts[1].kind, Part::Kind::file);
  EXPECT_EQ(parts[1].key, "77-1");
}

TEST(Parts, TurnWhatItHasNotIntoText) {
  contract::MessageOutgoing out = message("请选择");
  out.message.content.attachments.push_back({Id{9}, "说明.pdf", "application/pdf", 100});
  out.message.content.buttons = {{"退货", "退货", ""}, {"官网", "", "https://shop.example.org"}};
  out.message.content.cards.push_back({"location", "门店", "", "", "", {{"latitude", "30.2"}, {"longitude", "120.1"}}});
  const auto parts = parts_of(out, {}, some_link);
  ASSERT_THAT(parts, SizeIs(1));
  EXPECT_EQ(parts[0].text,
            "请选择\n1. 退货\n2. 官网: https://shop.example.org\n📎 说明.pdf: https://hub.example.org/f/9\n门店\n📍 "
            "30.2, 120.1");
}

TEST(Parts, TurnATooLargeFileIntoALink) {
  contract::MessageOutgoing out = message("");
  out.message.content.attachments.push_back({Id{9}, "big.mp4", "video/mp4", 50'000'000});
  contract::ChannelCapabilities can;
  can.kinds = {"video"};
  can.max_file = 10'000'000;
  const auto parts = parts_of(out, can, some_link);
  ASSERT_THAT(parts, SizeIs(1));
  EXPECT_EQ(parts[0].kind, Part::Kind::text);
  EXPECT_THAT(parts[0].text, HasSubstr("https://hub.example.org/f/9"));
}

TEST(Parts, PutButtonsUnderTheLastPieceOfALongText) {
  contract::MessageOutgoing out = message("第一句话。第二句话。第三句话。");
  out.message.content.buttons.push_back({"好", "好", ""});
  contract::ChannelCapabilities can;
  can.max_text = 6;
  can.kinds = {"buttons"};
  const auto parts = parts_of(out, can, no_link);
  ASSERT_THAT(parts, SizeIs(3));
  EXPECT_EQ(parts[0].kind, Part::Kind::text);
  EXPECT_EQ(parts[2].kind, Part::Kind::choice);
}

TEST(Parts, StandForThemselvesAsTextWhenThePlatformRefusesThem) {
  Part part;
  part.kind = Part::Kind::file;
  part.key = "77-1";
  part.file = {Id{9}, "a.heic", "image/heic", 10};
  const Part text = as_text(part, some_link);
  EXPECT_EQ(text.kind, Part::Kind::text);
  EXPECT_EQ(text.text, "📎 a.heic: https://hub.example.org/f/9");
  EXPECT_EQ(text.key, "77-1");
}

TEST(WholeOf, IsOnePartWithEverythingInIt) {
  contract::MessageOutgoing out = message("here you are");
  out.message.content.buttons = {{"Yes", "yes", ""}};
  out.message.content.cards = {{"product", "Lipstick", "red", "https://shop.example.org/1", "", {}}};
  contract::Attachment small;
  small.id = Id{1};
  small.name = "a.pdf";
  small.size = 10;
  contract::Attachment large = small;
  large.id = Id{2};
  large.size = 1000;
  out.message.content.attachments = {small, large};
  contract::ChannelCapabilities can;
  can.max_file = 100;
  const Part part = whole_of(out, can, some_link);
  EXPECT_EQ(part.kind, Part::Kind::text);
  EXPECT_EQ(part.key, "77-0");
  EXPECT_EQ(part.text,
            "here you are\n1. Yes\nLipstick\nred\nhttps://shop.example.org/1\n📎 a.pdf: https://hub.example.org/f/2");
  ASSERT_EQ(part.files.size(), 1U);
  EXPECT_EQ(part.files[0].id, Id{1});
}

}  // namespace
}  // namespace qiao::channel
