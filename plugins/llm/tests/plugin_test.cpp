#include <gtest/gtest.h>

#include <fstream>

#include "qiao/contract/bot.hpp"
#include "qiao/testkit/conformance.hpp"
#include "qiao/testkit/test_hub.hpp"
#include "tests/simulators/simulator.hpp"

namespace qiao::llm {
namespace {

using contract::AskBot;
using contract::BotAnswer;
using contract::BotOutcome;
using simulators::Simulator;

/// The bot with three entries, and a language model's server beside it.
struct Llm : testing::Test {
  Simulator model{"tests/simulators/llm/main.mjs", {"--with-parent"}};
  testkit::TestHub hub{[] {
    testkit::HubOptions options;
    options.threads = true;
    options.share_dir = QIAO_SOURCE_DIR "/plugins";
    return options;
  }()};

  void start(const std::string& more = {}, bool tencent = false) {
    const auto file = hub.data_dir() / "knowledge.yaml";
    std::ofstream(file)
        << "- {key: parking, questions: [门口可以停车吗], answer_zh: 门店后面有免费停车场，最多停 3 小时。}\n"
           "- {key: wifi, questions: [店里有无线网吗], answer_zh: 店里有免费无线网。}\n"
           "- {key: pets, questions: [可以带狗进店吗], answer_zh: 导盲犬可以进店，其他宠物请在门外等候。}\n";
    if (tencent) {
      hub.start_plugin("llm", "provider: hunyuan\nurl: " + model.url() +
                                  "\nsecret_id: SIDsimulator\nsecret_key: SKEYsimulator\nmodel: hunyuan-lite\n" + more);
    } else {
      hub.start_plugin("llm", "url: " + model.url() + "/v1\napi_key: sk-simulator\nmodel: m\n" + more);
    }
    hub.start_plugin("bot", "knowledge: [" + file.string() + "]\nthreshold: 0.95\n");
  }
  BotAnswer ask(const std::string& text) {
    AskBot question;
    question.conversation = Id{7};
    question.language = "zh-CN";
    question.text = text;
    auto answer = hub.ask(question, std::chrono::seconds(20));
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    return answer ? *answer : BotAnswer{};
  }
};

constexpr const char* kQuestion = "开车来的话车放哪儿，能停车吗";
constexpr const char* kReply =
    R"({"reply":"{\"entry\":\"parking\",\"answer\":\"门店后面有免费停车场，最多停 3 小时。\"}"})";

TEST_F(Llm, FindsInTheKnowledgeWhatTheBotWasNotSureOf) {
  model.control(kReply);
  start();
  const BotAnswer answer = ask(kQuestion);
  EXPECT_EQ(answer.outcome, BotOutcome::answer);
  EXPECT_EQ(answer.reason, "model");
  EXPECT_EQ(answer.entry, "parking");
  EXPECT_NE(answer.content.text.find("免费停车场"), std::string::npos);
  EXPECT_NE(answer.content.text.find("智能助手"), std::string::npos) << "it says that a program wrote it";
  const std::string metrics = hub.metrics();
  const auto tokens = metrics.find("\nqiao_llm_tokens_total");
  ASSERT_NE(tokens, std::string::npos);
  EXPECT_NE(metrics.substr(tokens + 1, metrics.find('\n', tokens + 1) - tokens).find(" 120"), std::string::npos);
}

TEST_F(Llm, NothingPersonalLeavesTheHub) {
  model.control(kReply);
  start();
  ask("我叫王小明，手机13812345678，能停车吗");
  const std::string asked = model.state();
  EXPECT_NE(asked.find("能停车吗"), std::string::npos) << asked;
  EXPECT_EQ(asked.find("王小明"), std::string::npos);
  EXPECT_EQ(asked.find("13812345678"), std::string::npos);
}

TEST_F(Llm, WhatTheModelMakesUpGoesToAPerson) {
  start();
  for (const char* made_up : {R"({"reply":"{\"entry\":\"parking\",\"answer\":\"停车每小时 20 元。\"}"})",
                              R"({"reply":"{\"entry\":\"\",\"answer\":\"\"}"})", R"({"reply":"法国的首都是巴黎。"})"}) {
    model.control(made_up);
    const BotAnswer answer = ask(kQuestion);
    EXPECT_EQ(answer.outcome, BotOutcome::decline) << made_up;
    EXPECT_EQ(answer.reason, "low_score") << made_up;
  }
}

TEST_F(Llm, ABrokenServerNeverHoldsUpTheCustomer) {
  model.control(kReply);
  start("timeout: 500ms\nretries: 0\nbreaker_failures: 1000\n");
  for (const char* mode : {"cut", "cut_event", "error", "reset", "hang", "garbage", "filtered"}) {
    model.control(std::string(R"({"mode":")") + mode + "\"}");
    EXPECT_EQ(ask(kQuestion).outcome, BotOutcome::decline) << mode;
  }
  model.control(R"({"mode":"plain"})");
  EXPECT_EQ(ask(kQuestion).outcome, BotOutcome::answer) << "it came back";
}

TEST_F(Llm, TriesAgainWhenTheServerIsBusy) {
  model.control(kReply);
  start();
  model.control(R"({"status":429,"times":1,"retry_after_ms":5})");
  EXPECT_EQ(ask(kQuestion).outcome, BotOutcome::answer);
}

TEST_F(Llm, TheBudgetSurvivesARestart) {
  model.control(kReply);
  start("tokens_per_day: 100\n");
  EXPECT_EQ(ask(kQuestion).outcome, BotOutcome::answer);
  EXPECT_EQ(ask(kQuestion).outcome, BotOutcome::decline);
  hub.restart();
  EXPECT_EQ(ask(kQuestion).outcome, BotOutcome::decline);
}

TEST_F(Llm, OrdersByMeaningWhereThereIsAnEmbeddingModel) {
  model.control(kReply);
  start("embedding_model: e\n");
  EXPECT_EQ(ask(kQuestion).outcome, BotOutcome::answer);
  EXPECT_NE(model.state().find("\"calls\":2"), std::string::npos) << model.state();
}

TEST_F(Llm, SpeaksTencentsInterfaceWithItsSignature) {
  model.control(kReply);
  start("", true);
  EXPECT_EQ(ask(kQuestion).outcome, BotOutcome::answer);
}

TEST_F(Llm, MistakesInTheConfigurationAreNamed) {
  auto started = hub.try_start_plugin("llm", "url: http://127.0.0.1:1/v1\nmodel: m\n");
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("api_key"), std::string::npos) << started.error().message;
}

}  // namespace
}  // namespace qiao::llm

QIAO_CONFORMANCE("llm", "url: http://127.0.0.1:1/v1\napi_key: k\nmodel: m\n")
