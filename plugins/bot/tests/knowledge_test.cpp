#include <gtest/gtest.h>

#include "qiao/contract/bot.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::bot {
namespace {

using contract::AskBot;
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

struct Knowledge : testing::Test {
  TestHub hub{demo_shop()};
  std::string boss;
  std::string clerk;
  void SetUp() override {
    hub.start_plugin("accounts");
    hub.start_plugin("bot");
    boss = log_in("zhouxue");
    clerk = log_in("liting");
  }
  std::string log_in(const std::string& login) {
    const HttpAnswer answer =
        hub.http("POST", "/api/v1/login", R"({"login":")" + login + R"(","password":"qiao-demo-2026","token":true})");
    const std::string key = "\"token\":\"";
    const auto at = answer.body.find(key) + key.size();
    return answer.body.substr(at, answer.body.find('"', at) - at);
  }
  HttpAnswer as(const std::string& token, const std::string& method, const std::string& path,
                const std::string& body = {}) {
    return hub.http(method, path, body, {{"authorization", "Bearer " + token}});
  }
  BotAnswer say(const std::string& text, const std::string& channel = "web") {
    AskBot ask;
    ask.conversation = Id{7};
    ask.language = "zh-CN";
    ask.channel = channel;
    ask.text = text;
    auto answer = hub.ask(ask);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    return answer ? *answer : BotAnswer{};
  }
  static bool in(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
};

TEST_F(Knowledge, S20_AnEditIsGivenToTheNextCustomerAndCanBeTakenBack) {
  EXPECT_TRUE(in(say("营业时间").content.text, "8:00–22:00"));
  ASSERT_EQ(as(boss, "PUT", "/api/v1/knowledge/opening_hours",
               R"({"questions":["营业时间","几点开门"],"answer_zh":"全天营业"})")
                .status,
            200);
  EXPECT_EQ(say("营业时间").content.text, "全天营业");

  const HttpAnswer versions = as(boss, "GET", "/api/v1/knowledge/opening_hours/versions");
  ASSERT_EQ(versions.status, 200) << versions.body;
  EXPECT_TRUE(in(versions.body, R"("version":2,"what":"changed")")) << versions.body;
  EXPECT_TRUE(in(versions.body, R"("version":1,"what":"created")")) << versions.body;
  EXPECT_TRUE(in(versions.body, "周雪"));

  EXPECT_EQ(as(clerk, "POST", "/api/v1/knowledge/opening_hours/restore", R"({"version":1})").status, 403);
  ASSERT_EQ(as(boss, "POST", "/api/v1/knowledge/opening_hours/restore", R"({"version":1})").status, 200);
  EXPECT_TRUE(in(say("营业时间").content.text, "8:00–22:00"));
  EXPECT_EQ(as(boss, "POST", "/api/v1/knowledge/opening_hours/restore", R"({"version":9})").status, 404);

  ASSERT_EQ(as(boss, "DELETE", "/api/v1/knowledge/opening_hours").status, 204);
  ASSERT_EQ(as(boss, "POST", "/api/v1/knowledge/opening_hours/restore", R"({"version":3})").status, 200);
  EXPECT_TRUE(in(say("营业时间").content.text, "8:00–22:00")) << "what was removed comes back";
}

TEST_F(Knowledge, S20_ASynonymHoldsForTheNextMessageAndCanBeTakenBack) {
  ASSERT_EQ(as(boss, "POST", "/api/v1/knowledge",
               R"({"key":"detergent","questions":["洗衣粉放在哪个货架"],"answer_zh":"日用品区第三排"})")
                .status,
            200);
  EXPECT_NE(say("肥皂粉放在哪个货架").reason, "exact");
  ASSERT_EQ(as(boss, "PUT", "/api/v1/vocabulary",
               R"({"synonyms":[{"word":"洗衣粉","same_as":["肥皂粉"]}],"stop_words":[],"products":[]})")
                .status,
            200);
  EXPECT_EQ(say("肥皂粉放在哪个货架").reason, "exact");
  EXPECT_EQ(say("肥皂粉放在哪个货架").content.text, "日用品区第三排");
  EXPECT_EQ(as(clerk, "PUT", "/api/v1/vocabulary", R"({"synonyms":[]})").status, 403);
  EXPECT_EQ(as(boss, "PUT", "/api/v1/vocabulary", R"({"synonyms":[{"word":"a","same_as":[]}]})").status, 400);

  const HttpAnswer versions = as(boss, "GET", "/api/v1/vocabulary/versions");
  EXPECT_TRUE(in(versions.body, R"("version":2)")) << versions.body;
  ASSERT_EQ(as(boss, "POST", "/api/v1/vocabulary/restore", R"({"version":1})").status, 200);
  EXPECT_NE(say("肥皂粉放在哪个货架").reason, "exact");
}

TEST_F(Knowledge, AnAgentsDraftIsNotGivenBeforeASupervisorAgrees) {
  const std::string draft =
      R"({"entry":{"key":"parking","questions":["附近好停车吗"],"answer_zh":"店后有停车场"},"state":"review","note":"常被问到"})";
  ASSERT_EQ(as(clerk, "POST", "/api/v1/knowledge-drafts", draft).status, 200);
  EXPECT_NE(say("附近好停车吗").entry, "parking");
  const HttpAnswer list = as(boss, "GET", "/api/v1/knowledge-drafts");
  EXPECT_TRUE(in(list.body, R"("state":"review")")) << list.body;
  EXPECT_TRUE(in(list.body, R"("is_new":true)")) << list.body;
  EXPECT_EQ(as(clerk, "POST", "/api/v1/knowledge-drafts/parking/publish").status, 403);
  ASSERT_EQ(as(boss, "POST", "/api/v1/knowledge-drafts/parking/publish").status, 200);
  EXPECT_EQ(say("附近好停车吗").content.text, "店后有停车场");
  EXPECT_EQ(as(boss, "GET", "/api/v1/knowledge-drafts").body, R"({"drafts":[]})");
  EXPECT_TRUE(in(as(boss, "GET", "/api/v1/knowledge/parking/versions").body, "李婷 / 周雪"));
  ASSERT_EQ(as(clerk, "POST", "/api/v1/knowledge-drafts", draft).status, 200);
  EXPECT_EQ(as(clerk, "DELETE", "/api/v1/knowledge-drafts/parking").status, 204);
  EXPECT_EQ(as(clerk, "DELETE", "/api/v1/knowledge-drafts/parking").status, 404);
}

TEST_F(Knowledge, AStaleCopyDoesNotOverwriteSomebodyElsesEdit) {
  const HttpAnswer made =
      as(boss, "POST", "/api/v1/knowledge", R"({"key":"parking","questions":["停车"],"answer_zh":"一"})");
  const auto at = made.body.find("\"changed_at\":\"") + 14;
  const std::string seen = made.body.substr(at, made.body.find('"', at) - at);
  const auto put = [&](const std::string& answer, const std::string& time) {
    return as(boss, "PUT", "/api/v1/knowledge/parking",
              R"({"questions":["停车"],"answer_zh":")" + answer + R"(","changed_at":")" + time + "\"}")
        .status;
  };
  EXPECT_EQ(put("二", "2020-01-01T00:00:00.000Z"), 409);
  EXPECT_EQ(put("二", seen), 200);
}

TEST_F(Knowledge, WhatIsNotValidYetOrAnyMoreIsNotGiven) {
  const auto make = [&](const std::string& key, const std::string& question, const std::string& more) {
    return as(boss, "POST", "/api/v1/knowledge",
              R"({"key":")" + key + R"(","questions":[")" + question + R"("],"answer_zh":"有",)" + more + "}")
        .status;
  };
  ASSERT_EQ(make("past", "春节福袋还有吗", R"("valid_until":"2020-01-01T00:00:00Z")"), 200);
  ASSERT_EQ(make("now", "中秋礼券还有吗", R"("valid_from":"2020-01-01T00:00:00Z")"), 200);
  EXPECT_NE(say("春节福袋还有吗").entry, "past");
  EXPECT_EQ(say("中秋礼券还有吗").entry, "now");
  EXPECT_TRUE(in(as(boss, "GET", "/api/v1/knowledge").body, "\"key\":\"past\"")) << "it can still be edited";
}

TEST_F(Knowledge, AChannelGetsItsOwnWordsAndTheCard) {
  ASSERT_EQ(as(boss, "POST", "/api/v1/knowledge",
               R"({"key":"parking","questions":["附近好停车吗"],"answer_zh":"店后","related":["opening_hours"],
                   "card":{"kind":"link","title":"地图","url":"https://example.com/map"},
                   "variants":[{"channel":"wechat","answer_zh":"点小程序看停车场"}]})")
                .status,
            200);
  EXPECT_EQ(say("附近好停车吗").content.text, "店后");
  const BotAnswer wechat = say("附近好停车吗", "wechat");
  EXPECT_EQ(wechat.content.text, "点小程序看停车场");
  ASSERT_EQ(wechat.content.cards.size(), 1U);
  EXPECT_EQ(wechat.content.cards[0].title, "地图");
  ASSERT_FALSE(wechat.content.buttons.empty());
  EXPECT_EQ(wechat.content.buttons.back().label, "你们店几点关门");
}

TEST_F(Knowledge, AKeywordRuleComesBeforeWhatWasLearned) {
  const BotAnswer answer = say("退款");
  EXPECT_EQ(answer.entry, "refund");
  EXPECT_EQ(answer.outcome, BotOutcome::answer);
  ASSERT_EQ(as(boss, "POST", "/api/v1/knowledge",
               R"({"key":"refund_link","questions":["退款链接"],"keywords":["!退款"],"answer_zh":"点这里退款"})")
                .status,
            200);
  EXPECT_EQ(say("我昨天买的想退款可以吗").entry, "refund_link") << "a rule with ! holds whatever was learned";
  const HttpAnswer tried = as(clerk, "POST", "/api/v1/knowledge/try", R"({"text":"我要退款谢谢","language":"zh-CN"})");
  EXPECT_TRUE(in(tried.body, R"("reason":"keyword")")) << tried.body;
  EXPECT_TRUE(in(tried.body, R"("keyword":"!退款")")) << tried.body;
  EXPECT_TRUE(in(tried.body, R"("threshold":)")) << tried.body;
}

TEST_F(Knowledge, GoesOutAndComesBackAsAFile) {
  for (const std::string format : {"yaml", "csv", "xlsx"}) {
    const HttpAnswer file = as(boss, "GET", "/api/v1/knowledge-export?format=" + format);
    ASSERT_EQ(file.status, 200) << format;
    const HttpAnswer same = as(boss, "POST", "/api/v1/knowledge-import?format=" + format, file.body);
    ASSERT_EQ(same.status, 200) << format << same.body;
    EXPECT_TRUE(in(same.body, R"("added":[],"changed":[])")) << format << same.body.substr(0, 300);
    EXPECT_TRUE(in(same.body, R"("applied":false)"));
  }
  const std::string table = "标识,问法,中文回答\nparking,附近好停车吗,店后\nopening_hours,营业时间,全天\n";
  const HttpAnswer preview = as(boss, "POST", "/api/v1/knowledge-import?format=csv", table);
  EXPECT_TRUE(in(preview.body, R"("added":["parking"],"changed":["opening_hours"])")) << preview.body;
  EXPECT_NE(say("附近好停车吗").entry, "parking") << "only looked at";
  EXPECT_EQ(as(boss, "POST", "/api/v1/knowledge-import?format=csv&apply=true", table).status, 200);
  EXPECT_EQ(say("附近好停车吗").entry, "parking");
  EXPECT_EQ(as(boss, "POST", "/api/v1/knowledge-import?format=csv&apply=true", "问题\nx\n").status, 400);
  EXPECT_EQ(as(boss, "POST", "/api/v1/knowledge-import?format=doc", "x").status, 400);
  EXPECT_EQ(as(clerk, "GET", "/api/v1/knowledge-export?format=csv").status, 403);
}

TEST_F(Knowledge, WarningsComeBeforeSaving) {
  const HttpAnswer told =
      as(clerk, "POST", "/api/v1/knowledge/check",
         R"({"key":"x","questions":["几点开门","多久能退款"],"answer_zh":"y","keywords":["几点"]})");
  ASSERT_EQ(told.status, 200) << told.body;
  EXPECT_TRUE(in(told.body, R"("kind":"same_question","entry":"opening_hours")")) << told.body;
  EXPECT_TRUE(in(told.body, R"("kind":"keyword_hides")")) << told.body;
}

TEST_F(Knowledge, EveryChangeStandsInTheAuditLog) {
  ASSERT_EQ(as(boss, "POST", "/api/v1/knowledge", R"({"key":"parking","questions":["停车"],"answer_zh":"一"})").status,
            200);
  ASSERT_EQ(as(boss, "DELETE", "/api/v1/knowledge/parking").status, 204);
  ASSERT_EQ(as(boss, "PUT", "/api/v1/vocabulary", R"({"stop_words":["话说"]})").status, 200);
  std::vector<std::string> seen;
  const auto read = hub.store().read([&](Session& db) {
    auto rows = db.query(
        "SELECT action, object FROM hub_audit WHERE object LIKE 'knowledge:%' OR object = 'vocabulary' "
        "ORDER BY seq");
    while (rows->next()) seen.push_back(rows->str(0) + " " + rows->str(1));
    return rows->status();
  });
  ASSERT_TRUE(read);
  EXPECT_EQ(seen, (std::vector<std::string>{"knowledge.created knowledge:parking",
                                            "knowledge.removed knowledge:parking", "vocabulary.changed vocabulary"}));
}

}  // namespace
}  // namespace qiao::bot
