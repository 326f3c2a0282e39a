#include "qiao/contract/bot.hpp"
#include "qiao/testkit/conformance.hpp"

using namespace qiao::contract;
using qiao::testkit::TestHub;

namespace {

constexpr const char* kConfig = R"(
questions:
  - words: [return]
    answer: You may return within seven days.
    buttons: [Return label, Agent]
  - words: [return, label]
    answer: The label is in your parcel.
  - words: [退货]
    answer: 七天内可以退货。
group: after-sales
)";

AskBot says(const std::string& text) {
  AskBot question;
  question.conversation = qiao::Id{1};
  question.text = text;
  return question;
}

}  // namespace

TEST(SampleBot, TheAnswerWithTheMostWordsWins) {
  TestHub hub;
  hub.start_plugin("sample-bot", kConfig);
  const auto plain = hub.ask(says("How do I RETURN this?"));
  EXPECT_EQ(plain->content.text, "You may return within seven days.");
  EXPECT_EQ(plain->content.buttons.size(), 2u);
  EXPECT_EQ(hub.ask(says("where is my return label"))->content.text, "The label is in your parcel.");
  EXPECT_EQ(hub.ask(says("怎么退货？"))->content.text, "七天内可以退货。");
}

TEST(SampleBot, HandsOverWhenAskedToAndDeclinesWhatItDoesNotKnow) {
  TestHub hub;
  hub.start_plugin("sample-bot", kConfig);
  EXPECT_EQ(hub.ask(says("转人工"))->outcome, BotOutcome::handoff);
  const auto unknown = hub.ask(says("tell me a joke"));
  EXPECT_EQ(unknown->outcome, BotOutcome::decline);
  EXPECT_EQ(unknown->group, "after-sales");
}

TEST(SampleBot, LearnsWithoutARestart) {
  TestHub hub;
  hub.start_plugin("sample-bot", kConfig);
  ASSERT_TRUE(hub.reconfigure("sample-bot", "questions: [{words: [joke], answer: No.}]\n"));
  EXPECT_EQ(hub.ask(says("tell me a joke"))->content.text, "No.");
}

QIAO_CONFORMANCE("sample-bot", kConfig)
