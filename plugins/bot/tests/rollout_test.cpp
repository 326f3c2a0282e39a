#include "plugins/bot/rollout.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "qiao/testkit/test_hub.hpp"

namespace qiao::bot {
namespace {

using contract::AskBot;
using contract::Author;
using contract::BotAnswer;
using contract::BotOutcome;
using testkit::HttpAnswer;
using testkit::HubOptions;
using testkit::TestHub;

TEST(RolloutShare, TheSameContactsStayInsideWhenItGrows) {
  Rollout r;
  r.stage = Stage::share;
  int had = 0;
  for (int i = 0; i < 2000; ++i) {
    const Id contact = new_id();
    r.percent = 20;
    const bool early = inside(r, contact);
    r.percent = 60;
    const bool later = inside(r, contact);
    EXPECT_TRUE(!early || later);
    had += early ? 1 : 0;
  }
  EXPECT_GT(had, 250);
  EXPECT_LT(had, 550);
  r.percent = 0;
  r.contacts = {Id{5}};
  EXPECT_TRUE(inside(r, Id{5}));
  EXPECT_FALSE(inside(r, Id{6}));
  r.percent = 100;
  EXPECT_FALSE(inside(r, {})) << "nobody in particular";
}

/// A shop in which Id{5} is a tester.
struct Rollouts : testing::Test {
  TestHub hub{[] {
    HubOptions options;
    options.http = true;
    options.demo = true;
    options.share_dir = QIAO_SOURCE_DIR "/plugins";
    return options;
  }()};
  std::string boss;

  void SetUp() override {
    const auto file = hub.data_dir() / "knowledge.yaml";
    std::ofstream(file)
        << "- {key: return_process, questions: [退货流程, 怎么退货], answer_zh: 退货三步就好, group: after-sales}\n"
           "- {key: parking, questions: [门口可以停车吗], answer_zh: 有停车场}\n"
           "- {key: opening_hours, questions: [营业时间, 你们几点关门], answer_zh: 每天 9 点到 21 点}\n";
    hub.start_plugin("accounts");
    hub.start_plugin("bot", "knowledge: [" + file.string() + "]");
    const HttpAnswer in =
        hub.http("POST", "/api/v1/login", R"({"login":"zhouxue","password":"qiao-demo-2026","token":true})");
    const auto at = in.body.find("\"token\":\"") + 9;
    boss = in.body.substr(at, in.body.find('"', at) - at);
  }
  BotAnswer ask(std::int64_t contact, const std::string& text, std::vector<contract::Turn> recent = {}) {
    AskBot question;
    question.conversation = Id{contact};
    question.contact = Id{contact};
    question.language = "zh-CN";
    question.text = text;
    question.recent = std::move(recent);
    auto answer = hub.ask(question);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    hub.run_until_idle();
    return answer ? *answer : BotAnswer{};
  }
  HttpAnswer rest(const std::string& method, const std::string& path, const std::string& body = {}) {
    return hub.http(method, "/api/v1/" + path, body, {{"authorization", "Bearer " + boss}});
  }
  void change_the_answer() {
    EXPECT_EQ(rest("PUT", "knowledge/return_process",
                   R"({"questions":["退货流程","怎么退货"],"answer_zh":"现在一步就好","group":"after-sales"})")
                  .status,
              200);
  }
};

TEST_F(Rollouts, AChangedEntryIsForTheTestersFirstAndThenForEverybody) {
  ASSERT_EQ(rest("POST", "learning/rollouts", R"({"subject":"entry:return_process","contacts":["5"]})").status, 204);
  change_the_answer();
  EXPECT_EQ(ask(6, "退货流程").content.text, "退货三步就好") << "others have what was before";
  const BotAnswer tried = ask(5, "退货流程");
  EXPECT_EQ(tried.content.text, "现在一步就好");
  ASSERT_EQ(tried.content.buttons.size(), 2U) << "was this right?";
  EXPECT_EQ(tried.content.buttons[0].value, "👍");
  EXPECT_TRUE(ask(6, "退货流程").content.buttons.empty());
  EXPECT_EQ(ask(5, "👍", {{Author::customer, "退货流程"}, {Author::bot, tried.content.text}}).reason, "helped");

  const std::string report = rest("GET", "learning/rollouts").body;
  EXPECT_NE(report.find(R"("inside":{"asked":1,"answered":1,"person":0,"up":1,"down":0})"), std::string::npos)
      << report;
  EXPECT_NE(report.find(R"("outside":{"asked":2,"answered":2,"person":0,"up":0,"down":0})"), std::string::npos)
      << report;

  ASSERT_EQ(rest("POST", "learning/rollouts", R"({"subject":"entry:return_process","stage":"everybody"})").status, 204);
  EXPECT_EQ(ask(6, "退货流程").content.text, "现在一步就好");
  EXPECT_EQ(rest("GET", "learning/rollouts").body, R"({"rollouts":[]})");
}

TEST_F(Rollouts, OneClickTakesTheChangeBack) {
  ASSERT_EQ(
      rest("POST", "learning/rollouts", R"({"subject":"entry:return_process","stage":"share","percent":100})").status,
      204);
  change_the_answer();
  EXPECT_EQ(ask(6, "退货流程").content.text, "现在一步就好");
  ASSERT_EQ(rest("POST", "learning/rollouts/back", R"({"subject":"entry:return_process"})").status, 204);
  EXPECT_EQ(ask(6, "退货流程").content.text, "退货三步就好");
  EXPECT_EQ(rest("POST", "learning/rollouts/back", R"({"subject":"entry:return_process"})").status, 404);
}

TEST_F(Rollouts, AThresholdIsTriedByAShareOfTheCustomers) {
  ASSERT_EQ(rest("POST", "learning/rollouts", R"({"subject":"threshold","threshold":1,"contacts":["5"]})").status, 204);
  EXPECT_EQ(ask(6, "门口能不能停车").outcome, BotOutcome::answer);
  EXPECT_EQ(ask(5, "门口能不能停车").reason, "low_score");
  const std::string report = rest("GET", "learning/rollouts").body;
  EXPECT_NE(report.find(R"("inside":{"asked":1,"answered":0,"person":1,)"), std::string::npos) << report;
}

TEST_F(Rollouts, TheBotItselfMayBeForAFewOnly) {
  ASSERT_EQ(rest("POST", "learning/rollouts", R"({"subject":"bot","contacts":["5"]})").status, 204);
  EXPECT_EQ(ask(5, "退货流程").outcome, BotOutcome::answer);
  EXPECT_EQ(ask(6, "退货流程").reason, "not_live");
  hub.restart();
  EXPECT_EQ(ask(6, "退货流程").reason, "not_live");
}

TEST_F(Rollouts, MistakesAreNamed) {
  for (const char* wrong : {R"({"subject":"x"})", R"({"subject":"entry:"})", R"({"subject":"threshold","threshold":3})",
                            R"({"subject":"bot","percent":101})"}) {
    EXPECT_GE(rest("POST", "learning/rollouts", wrong).status, 400) << wrong;
  }
  EXPECT_EQ(rest("POST", "learning/rollouts", R"({"subject":"entry:nothing"})").status, 404);
}

}  // namespace
}  // namespace qiao::bot
