#include <gtest/gtest.h>

#include <fstream>

#include "qiao/contract/bot.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/json.hpp"
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

HubOptions demo_shop() {
  HubOptions options;
  options.http = true;
  options.demo = true;
  options.share_dir = QIAO_SOURCE_DIR "/plugins";
  return options;
}

/// Customers of the demo shop and an agent, as the inbox would tell of them.
struct Learning : testing::Test {
  TestHub hub{demo_shop()};
  std::string boss;
  std::int64_t seq = 0;

  const std::filesystem::path file = hub.data_dir() / "knowledge.yaml";

  void start(const std::string& config = {}) {
    std::ofstream(file) << "- {key: return_process, questions: [退货流程, 怎么退货], answer_zh: 退货三步就好}\n"
                           "- {key: opening_hours, questions: [营业时间, 你们几点关门], answer_zh: 每天 9 点到 21 点}\n"
                           "- {key: invoice, questions: [怎么开发票, 可以开发票吗], answer_zh: 订单页可以开发票}\n";
    hub.start_plugin("accounts");
    hub.start_plugin("bot", "knowledge: [" + file.string() + "]\n" + config);
    log_in();
  }
  void log_in() {
    const HttpAnswer in =
        hub.http("POST", "/api/v1/login", R"({"login":"zhouxue","password":"qiao-demo-2026","token":true})");
    const auto at = in.body.find("\"token\":\"") + 9;
    boss = in.body.substr(at, in.body.find('"', at) - at);
  }
  BotAnswer ask(std::int64_t conversation, const std::string& text, std::vector<contract::Turn> recent = {}) {
    AskBot question;
    question.conversation = Id{conversation};
    question.contact = Id{1000 + conversation};
    question.language = "zh-CN";
    question.text = text;
    question.recent = std::move(recent);
    auto answer = hub.ask(question);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    hub.run_until_idle();
    ++seq;
    return answer ? *answer : BotAnswer{};
  }
  void agent_says(std::int64_t conversation, const std::string& text) {
    contract::MessageStored stored;
    stored.message.id = new_id();
    stored.message.conversation = Id{conversation};
    stored.message.seq = ++seq;
    stored.message.author = Author::agent;
    stored.message.author_name = "李婷";
    stored.message.content.text = text;
    stored.conversation.id = Id{conversation};
    stored.conversation.contact = Id{1000 + conversation};
    stored.conversation.contact_name = "王小明";
    stored.conversation.agent_name = "李婷";
    stored.conversation.group = "sales";
    EXPECT_TRUE(hub.publish(stored));
    hub.run_until_idle();
  }
  HttpAnswer rest(const std::string& method, const std::string& path, const std::string& body = {}) {
    return hub.http(method, "/api/v1/learning/" + path, body, {{"authorization", "Bearer " + boss}});
  }
  static std::string field(const std::string& json, const std::string& name) {
    const std::string key = "\"" + name + "\":\"";
    const auto at = json.find(key);
    return at == std::string::npos ? ""
                                   : json.substr(at + key.size(), json.find('"', at + key.size()) - at - key.size());
  }
  std::string first_suggestion() {
    const HttpAnswer list = rest("GET", "suggestions");
    EXPECT_EQ(list.status, 200) << list.body;
    return field(list.body, "id");
  }
};

constexpr const char* kIvory = "粉底有没有象牙白";
constexpr const char* kIvoryAnswer = "象牙白有货，链接 https://shop.example/p/884512345";

TEST_F(Learning, StoryS06TheNextCustomerIsAnsweredAfterTheSupervisorsClick) {
  start();
  EXPECT_EQ(ask(1, kIvory).outcome, BotOutcome::decline);
  agent_says(1, "您好，我是李婷，请稍等");
  EXPECT_EQ(first_suggestion(), "") << "a greeting is no answer";
  agent_says(1, kIvoryAnswer);
  const HttpAnswer list = rest("GET", "suggestions");
  EXPECT_NE(list.body.find(kIvory), std::string::npos) << list.body;
  EXPECT_NE(list.body.find("884512345"), std::string::npos) << "a link stays whole: " << list.body;
  EXPECT_EQ(ask(2, kIvory).outcome, BotOutcome::decline) << "nobody has agreed yet";

  const HttpAnswer made = rest(
      "POST", "suggestions/" + first_suggestion() + "/accept",
      R"({"key":"ivory","questions":["粉底有没有象牙白"],"answer":"象牙白有货，链接 https://shop.example/p/884512345"})");
  ASSERT_EQ(made.status, 200) << made.body;
  const BotAnswer answer = ask(3, kIvory);
  EXPECT_EQ(answer.outcome, BotOutcome::answer);
  EXPECT_EQ(answer.entry, "ivory");
  EXPECT_EQ(answer.content.text, kIvoryAnswer);
  EXPECT_EQ(first_suggestion(), "") << "it is decided";
}

TEST_F(Learning, StoryS06LearnsAtOnceWhereTheShopWantsThat) {
  start("learning: {accept: automatic, accept_after: 1}");
  ask(1, kIvory);
  agent_says(1, kIvoryAnswer);
  EXPECT_EQ(ask(2, kIvory).content.text, kIvoryAnswer);
}

TEST_F(Learning, WaitsForASecondAgentWhoSaysTheSameAndNotForOneWhoContradicts) {
  start("learning: {accept: automatic, accept_after: 2}");
  ask(1, kIvory);
  agent_says(1, kIvoryAnswer);
  EXPECT_EQ(ask(2, kIvory).outcome, BotOutcome::decline);
  agent_says(2, "这个颜色已经停产不再销售");
  EXPECT_EQ(ask(3, kIvory).outcome, BotOutcome::decline) << "two agents disagree";
  agent_says(3, "这个颜色已经停产，不再销售");
  EXPECT_EQ(ask(4, kIvory).outcome, BotOutcome::answer);
}

TEST_F(Learning, QuestionsThatMeanTheSameBecomeOneSuggestion) {
  start();
  ask(1, kIvory);
  agent_says(1, kIvoryAnswer);
  ask(2, "有没有象牙白的粉底");
  agent_says(2, kIvoryAnswer);
  const HttpAnswer list = rest("GET", "suggestions");
  EXPECT_NE(list.body.find(R"("questions":["有没有象牙白的粉底","粉底有没有象牙白"])"), std::string::npos) << list.body;
}

TEST_F(Learning, PersonalDataStaysOutOfASuggestion) {
  start();
  ask(1, "粉底有没有象牙白，我叫王小明，电话13812345678，订单20261102001，邮箱 ming@example.org");
  agent_says(1, "王小明您好，象牙白有货，我们会打 138 1234 5678 通知您");
  const std::string body = rest("GET", "suggestions").body;
  EXPECT_NE(body.find("象牙白有货"), std::string::npos) << body;
  for (const char* secret : {"王小明", "13812345678", "138 1234 5678", "20261102001", "ming@example.org"}) {
    EXPECT_EQ(body.find(secret), std::string::npos) << secret << " in " << body;
  }
}

TEST_F(Learning, WhatAnAgentSaysAfterTheCustomerWroteAgainIsAboutSomethingElse) {
  start();
  ask(1, kIvory);
  agent_says(1, "象牙白有货");
  agent_says(1, "下周还有活动价");
  ++seq;  // the customer writes
  agent_says(1, "发票会寄到您的邮箱");
  const std::string body = rest("GET", "suggestions").body;
  EXPECT_NE(body.find("象牙白有货\\n下周还有活动价"), std::string::npos) << body;
  EXPECT_EQ(body.find("发票"), std::string::npos) << body;
}

TEST_F(Learning, AnEntryThatDidNotHelpIsImprovedWithOneClick) {
  start();
  const std::string answer = ask(1, "退货流程").content.text;
  ask(7, "👍", {{Author::customer, "退货流程"}, {Author::bot, answer}});
  EXPECT_EQ(ask(1, "👎", {{Author::customer, "退货流程"}, {Author::bot, answer}}).reason, "not_helped");
  agent_says(1, "在订单页点申请退货，选原因后等短信");
  const std::string body = rest("GET", "suggestions").body;
  EXPECT_NE(body.find(R"("entry":"return_process")"), std::string::npos) << body;
  EXPECT_NE(body.find(R"("same_question":true)"), std::string::npos) << "the entry that it contradicts: " << body;
  EXPECT_NE(body.find(R"("up":1,"down":1)"), std::string::npos) << "customers' thumbs: " << body;
  const HttpAnswer better = rest("POST", "suggestions/" + first_suggestion() + "/accept",
                                 R"({"entry":"return_process","answer":"在订单页点申请退货，选原因后等短信"})");
  ASSERT_EQ(better.status, 200) << better.body;
  EXPECT_EQ(ask(2, "退货流程").content.text, "在订单页点申请退货，选原因后等短信");
}

TEST_F(Learning, ASuggestionIsDecidedOnce) {
  start();
  ask(1, kIvory);
  agent_says(1, kIvoryAnswer);
  const std::string id = first_suggestion();
  EXPECT_EQ(rest("POST", "suggestions/" + id + "/dismiss", "{}").status, 204);
  EXPECT_EQ(rest("POST", "suggestions/" + id + "/dismiss", "{}").status, 409);
  EXPECT_EQ(rest("POST", "suggestions/" + id + "/accept", R"({"questions":["x"],"answer":"y"})").status, 409);
  EXPECT_EQ(rest("POST", "suggestions/77/accept", R"({"questions":["x"],"answer":"y"})").status, 409);
  EXPECT_NE(rest("GET", "suggestions?state=dismissed").body.find(id), std::string::npos);
  EXPECT_EQ(hub.http("GET", "/api/v1/learning/suggestions").status, 401);
}

TEST_F(Learning, UnansweredQuestionsAreCountedByTopic) {
  start();
  std::int64_t n = 0;
  for (const char* text : {"粉底色号有哪些", "粉底色号怎么选", "粉底液色号太白了选哪个", "火星上有人住吗"})
    ask(++n, text);
  const std::string body = rest("GET", "topics").body;
  EXPECT_NE(body.find(R"("count":3)"), std::string::npos) << body;
  EXPECT_NE(body.find("粉底"), std::string::npos) << body;
  EXPECT_EQ(rest("GET", "topics?days=0").status, 400);
}

TEST_F(Learning, ErasingAPersonRemovesWhatWasLearnedFromThem) {
  start();
  ask(1, kIvory);
  agent_says(1, "象牙白有货");
  ask(2, "能给阿花做蛋糕吗");
  agent_says(2, "可以给阿花做，提前一天说");
  const std::string cake = first_suggestion();
  ASSERT_EQ(rest("POST", "suggestions/" + cake + "/accept",
                 R"({"key":"cake","questions":["能给阿花做蛋糕吗","能定做蛋糕吗"],"answer":"可以，提前一天说"})")
                .status,
            200);
  contract::ExportPerson copy;
  copy.person.contacts = {Id{1001}, Id{1002}};
  auto parts = hub.ask(copy);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->parts.size(), 1U);
  EXPECT_NE(parts->parts[0].json.find(kIvory), std::string::npos);

  contract::ErasePerson erase;
  erase.person.contacts = {Id{1001}, Id{1002}};
  erase.person.claims = {{"name", "阿花", false}};
  auto erased = hub.ask(erase, std::chrono::seconds(10));
  ASSERT_TRUE(erased) << erased.error().message;
  EXPECT_EQ(erased->removed["bot_questions"], 2);
  EXPECT_EQ(erased->removed["learned_entries"], 1);
  EXPECT_EQ(first_suggestion(), "");
  const HttpAnswer entry = hub.http("GET", "/api/v1/knowledge?search=cake", {}, {{"authorization", "Bearer " + boss}});
  EXPECT_EQ(entry.body.find("阿花"), std::string::npos) << entry.body;
  EXPECT_NE(entry.body.find("能定做蛋糕吗"), std::string::npos) << entry.body;
}

TEST_F(Learning, OldQuestionsAreForgotten) {
  start("learning: {keep: 24h}");
  ask(1, kIvory);
  agent_says(1, kIvoryAnswer);
  EXPECT_NE(first_suggestion(), "");
  hub.advance(std::chrono::hours(49));
  log_in();
  EXPECT_EQ(rest("GET", "suggestions").body, R"({"suggestions":[]})");
}

TEST_F(Learning, NothingIsKeptWhenItIsOff) {
  start("learning: {enabled: false}");
  ask(1, kIvory);
  agent_says(1, kIvoryAnswer);
  EXPECT_EQ(rest("GET", "suggestions").body, R"({"suggestions":[]})");
}

}  // namespace
}  // namespace qiao::bot
