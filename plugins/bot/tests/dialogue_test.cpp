#include "plugins/bot/dialogue.hpp"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "plugins/bot/brain.hpp"
#include "plugins/bot/knowledge_file.hpp"
#include "plugins/bot/mood.hpp"

namespace qiao::bot {
namespace {

using contract::AskBot;
using contract::Author;
using contract::BotAnswer;
using contract::BotOutcome;

std::shared_ptr<const Matcher> taught(std::vector<KnowledgeEntry> entries) {
  auto background = Background::read(QIAO_SOURCE_DIR "/plugins/bot");
  if (!background) throw std::runtime_error(background.error().message);
  auto learned = Understanding::learn(entries, *background);
  return std::make_shared<const Matcher>(std::move(entries), std::move(learned));
}

/// A customer and the bot of the demo shop; the talk is kept as the inbox keeps it.
struct Talk {
  std::shared_ptr<const Matcher> matcher;
  AskBot ask{};

  BotAnswer say(const std::string& text) {
    ask.text = text;
    ask.language = make_plain(text).words > 1 ? "en" : "zh-CN";
    BotAnswer answer = Brain(*matcher, {}).answer(ask);
    ask.recent.push_back({Author::customer, text});
    if (!answer.content.text.empty()) {
      contract::Turn said{Author::bot, answer.content.text};
      for (const contract::Button& b : answer.content.buttons) {
        if (b.url.empty()) said.choices.push_back(b.value);
      }
      ask.recent.push_back(std::move(said));
    }
    return answer;
  }
};

std::shared_ptr<const Matcher> demo_shop() {
  auto entries = read_knowledge_file(QIAO_SOURCE_DIR "/plugins/demo/knowledge.yaml");
  if (!entries) throw std::runtime_error(entries.error().message);
  return taught(std::move(*entries));
}

/// Of one answer: what stands in the file for it.
bool fits(const YAML::Node& step, const BotAnswer& a, const std::string& kind) {
  if (kind == "answer") {
    const std::string wanted = step["answer"] ? step["answer"].as<std::string>() : "*";
    return a.outcome == BotOutcome::answer && !a.entry.empty() && (wanted == "*" || a.entry == wanted);
  }
  if (kind == "person") return a.outcome != BotOutcome::handoff && a.reason != "complaint";
  if (kind == "clarify") return a.reason == "clarify";
  if (kind == "handoff") return a.outcome == BotOutcome::handoff && a.reason == "asked";
  if (kind == "talk") return a.outcome == BotOutcome::answer && (a.reason == "small_talk" || a.reason == "helped");
  const auto reason = step["decline"].as<std::string>();
  return a.outcome == BotOutcome::decline && (reason == "*" || a.reason == reason) &&
         (!step["group"] || a.group == step["group"].as<std::string>()) &&
         (!step["intent"] || a.intent == step["intent"].as<std::string>());
}

TEST(Dialogue, TalksOfCustomersGoAsTheyShould) {
  const auto shop = demo_shop();
  int sentences = 0;
  for (const YAML::Node& talk : YAML::LoadFile(QIAO_SOURCE_DIR "/plugins/bot/tests/dialogue_sentences.yaml")) {
    Talk with{shop};
    for (const YAML::Node& step : talk) {
      const auto text = step["say"].as<std::string>();
      const BotAnswer answer = with.say(text);
      ++sentences;
      bool right = step["or"] && fits(step, answer, step["or"].as<std::string>());
      for (const char* kind : {"answer", "clarify", "handoff", "talk", "decline", "person"}) {
        right = right || (step[kind] && fits(step, answer, kind));
      }
      EXPECT_TRUE(right) << text << " → " << answer.reason << " entry=" << answer.entry << " group=" << answer.group
                         << " intent=" << answer.intent << " score=" << answer.score;
    }
  }
  EXPECT_GE(sentences, 150);
}

// ---- one question back ----------------------------------------------------------------------------------------------

KnowledgeEntry entry(const char* key, std::vector<std::string> questions, const char* answer) {
  KnowledgeEntry e;
  e.key = key;
  e.questions = std::move(questions);
  e.answer_zh = answer;
  return e;
}

struct AskingBack : testing::Test {
  static Talk talk() {
    static const auto shop =
        taught({entry("card_lost", {"会员卡丢了怎么办", "i lost my membership card"}, "可以补卡"),
                entry("card_upgrade", {"会员卡怎么升级", "how do i upgrade my membership card"}, "消费满一千元升级"),
                entry("card_gift", {"会员卡可以送人吗", "can i give my membership card away"}, "会员卡不能转让"),
                entry("parking", {"门口可以停车吗", "is there parking"}, "有停车场")});
    return Talk{shop};
  }
};

TEST_F(AskingBack, TwoEntriesThatAreCloseBecomeAQuestionWithButtons) {
  Talk with = talk();
  const BotAnswer asked = with.say("会员卡相关");
  std::string seen;
  for (const Match& m : with.matcher->best(make_plain("会员卡相关"), "", 4)) {
    seen += m.entry->key + " " + std::to_string(m.score) + "\n";
  }
  ASSERT_EQ(asked.reason, "clarify") << seen;
  EXPECT_EQ(asked.outcome, BotOutcome::answer);
  ASSERT_GE(asked.content.buttons.size(), 2U);
  EXPECT_LE(asked.content.buttons.size(), 3U);
  for (const contract::Button& b : asked.content.buttons) EXPECT_TRUE(make_plain(b.label).han) << b.label;
  const std::string pressed = asked.content.buttons[1].value;
  EXPECT_EQ(with.say(pressed).reason, "exact");
}

TEST_F(AskingBack, TheAnswerMayBeANumberOrAWord) {
  for (const char* reply : {"2", "第二个", "２", "选2", "the second one"}) {
    Talk with = talk();
    const BotAnswer asked = with.say("会员卡相关");
    ASSERT_EQ(asked.reason, "clarify");
    const BotAnswer answer = with.say(reply);
    EXPECT_EQ(answer.reason, "exact") << reply;
    Talk direct = talk();
    EXPECT_EQ(direct.say(asked.content.buttons[1].value).entry, answer.entry) << reply;
  }
  Talk with = talk();
  with.say("会员卡相关");
  EXPECT_EQ(with.say("升级那个").entry, "card_upgrade");
}

TEST_F(AskingBack, NoneOfThemGoesToAPersonWhoSeesTheQuestion) {
  for (const char* reply : {"都不是", "不是", "都唔系", "none of these"}) {
    Talk with = talk();
    ASSERT_EQ(with.say("会员卡相关").reason, "clarify");
    const BotAnswer answer = with.say(reply);
    EXPECT_EQ(answer.outcome, BotOutcome::decline) << reply;
    EXPECT_EQ(answer.reason, "none_of_choices") << reply;
  }
}

TEST_F(AskingBack, ItAsksOnceAndNotAgain) {
  Talk with = talk();
  ASSERT_EQ(with.say("会员卡相关").reason, "clarify");
  EXPECT_NE(with.say("就是会员卡相关啊").reason, "clarify");
}

TEST_F(AskingBack, EnglishCustomersAreAskedInEnglish) {
  Talk with = talk();
  const BotAnswer asked = with.say("the membership card please");
  ASSERT_EQ(asked.reason, "clarify") << asked.entry;
  EXPECT_FALSE(make_plain(asked.content.text).han);
  for (const contract::Button& b : asked.content.buttons) EXPECT_FALSE(make_plain(b.label).han) << b.label;
}

// ---- parts ----------------------------------------------------------------------------------------------------------

TEST(Dialogue, WhatLeansOnWhatWasSaidIsFoundAndTakenAway) {
  const std::pair<const char*, const char*> list[] = {
      {"那换货呢", "换货"},           {"它多少钱", "多少钱"},
      {"那如果不合适的话", "不合适"}, {"what about exchanges", "exchanges"},
      {"and the price", "the price"}, {"那个呢", ""}};
  for (const auto& [text, rest] : list) {
    EXPECT_TRUE(leans_on_before(make_plain(text))) << text;
    EXPECT_EQ(without_leaning(make_plain(text)), rest) << text;
  }
  for (const char* text :
       {"退货流程", "快递费多少钱", "what are your opening hours", "我想问一下你们店周末那天几点开门营业"}) {
    EXPECT_FALSE(leans_on_before(make_plain(text))) << text;
  }
}

TEST(Dialogue, ComplaintsWithoutATopicNeedOneFromBefore) {
  EXPECT_FALSE(complaint_in(make_plain("3天了没动静")));
  const auto complaint = complaint_in(make_plain("3天了没动静"), {"退货流程"});
  ASSERT_TRUE(complaint);
  EXPECT_EQ(complaint->group, "after-sales");
}

}  // namespace
}  // namespace qiao::bot
