#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "qiao/contract/bot.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/testkit/conformance.hpp"
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

struct BotPlugin : testing::Test {
  TestHub hub{demo_shop()};

  BotAnswer say(const std::string& text) {
    AskBot ask;
    ask.conversation = Id{7};
    ask.language = "zh-CN";
    ask.text = text;
    auto answer = hub.ask(ask);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    return answer ? *answer : BotAnswer{};
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
};

TEST_F(BotPlugin, AnswersFromTheDemoShopsKnowledge) {
  hub.start_plugin("bot");
  const BotAnswer answer = say("退货流程");
  EXPECT_EQ(answer.outcome, BotOutcome::answer);
  EXPECT_EQ(answer.entry, "return_process");
  EXPECT_EQ(say("我的退货审核3天了没动静").group, "after-sales");
  EXPECT_NE(hub.metrics().find("qiao_bot_questions_total{"), std::string::npos);
}

TEST_F(BotPlugin, ASupervisorsEditHoldsForTheNextMessage) {
  hub.start_plugin("accounts");
  hub.start_plugin("bot");
  const std::string boss = log_in("zhouxue");
  EXPECT_EQ(say("粉底有没有象牙白").outcome, BotOutcome::decline);
  const HttpAnswer made =
      as(boss, "POST", "/api/v1/knowledge",
         R"({"key":"ivory","questions":["粉底有没有象牙白"],"answer_zh":"象牙白有货","group":"sales"})");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_NE(made.body.find("周雪"), std::string::npos);
  EXPECT_EQ(say("粉底有没有象牙白").content.text, "象牙白有货");
  EXPECT_EQ(as(boss, "POST", "/api/v1/knowledge", R"({"key":"ivory","questions":["x"],"answer_zh":"y"})").status, 409);

  EXPECT_EQ(
      as(boss, "PUT", "/api/v1/knowledge/ivory", R"({"questions":["粉底有没有象牙白"],"answer_zh":"象牙白卖完了"})")
          .status,
      200);
  EXPECT_EQ(say("粉底有没有象牙白").content.text, "象牙白卖完了");
  EXPECT_NE(as(boss, "GET", "/api/v1/knowledge?search=%E5%8D%96%E5%AE%8C%E4%BA%86").body.find("\"ivory\""),
            std::string::npos);

  EXPECT_EQ(as(boss, "DELETE", "/api/v1/knowledge/ivory").status, 204);
  EXPECT_EQ(as(boss, "DELETE", "/api/v1/knowledge/ivory").status, 404);
  EXPECT_EQ(say("粉底有没有象牙白").outcome, BotOutcome::decline);
  EXPECT_EQ(as(boss, "PUT", "/api/v1/knowledge/ivory", R"({"questions":["x"],"answer_zh":"y"})").status, 404);
  EXPECT_EQ(as(boss, "POST", "/api/v1/knowledge", R"({"key":"No Key","questions":["x"],"answer_zh":"y"})").status, 400);
}

TEST_F(BotPlugin, AgentsReadAndTryButDoNotEdit) {
  hub.start_plugin("accounts");
  hub.start_plugin("bot");
  const std::string clerk = log_in("liting");
  EXPECT_EQ(as(clerk, "GET", "/api/v1/knowledge").status, 200);
  const HttpAnswer tried = as(clerk, "POST", "/api/v1/knowledge/try", R"({"text":"退款","language":"zh-CN"})");
  EXPECT_EQ(tried.status, 200);
  EXPECT_NE(tried.body.find("\"entry\":\"refund\""), std::string::npos) << tried.body;
  EXPECT_NE(tried.body.find("\"candidates\":[{\"key\":\"refund\""), std::string::npos) << tried.body;
  EXPECT_EQ(as(clerk, "POST", "/api/v1/knowledge", R"({"key":"a","questions":["x"],"answer_zh":"y"})").status, 403);
  EXPECT_EQ(as(clerk, "DELETE", "/api/v1/knowledge/refund").status, 403);
  EXPECT_EQ(hub.http("GET", "/api/v1/knowledge").status, 401);
}

TEST_F(BotPlugin, TheFileIsReadOnceThenTheDatabaseIsTheTruth) {
  hub.start_plugin("accounts");
  hub.start_plugin("bot");
  const std::string boss = log_in("zhouxue");
  EXPECT_EQ(as(boss, "DELETE", "/api/v1/knowledge/refund").status, 204);
  EXPECT_EQ(
      as(boss, "PUT", "/api/v1/knowledge/opening_hours", R"({"questions":["营业时间"],"answer_zh":"全天营业"})").status,
      200);
  hub.restart();
  EXPECT_EQ(say("营业时间").content.text, "全天营业");
  EXPECT_EQ(as(boss, "GET", "/api/v1/knowledge").body.find("\"key\":\"refund\","), std::string::npos);
}

TEST_F(BotPlugin, AnEditDuringAReloadIsNotForgotten) {
  hub.start_plugin("bot");
  ASSERT_TRUE(hub.store().write_and_wait([](Session& db) -> Result<void> {
    auto done = db.run("DELETE FROM bot_entry WHERE entry_key = ?", "refund");
    if (!done) return done.error();
    return {};
  }));
  EXPECT_EQ(say("我要退款").entry, "refund");
  hub.advance(std::chrono::seconds(3));
  EXPECT_NE(say("我要退款").entry, "refund");
}

TEST_F(BotPlugin, TheThresholdChangesWhileItRuns) {
  hub.start_plugin("bot", "threshold: 0.22");
  EXPECT_EQ(say("东西不想要了咋退").outcome, BotOutcome::answer);
  ASSERT_TRUE(hub.reconfigure("bot", "threshold: 1.0"));
  EXPECT_EQ(say("东西不想要了咋退").reason, "low_score");
}

TEST_F(BotPlugin, AMistakeInAKnowledgeFileIsNamedAndTheBotDoesNotStart) {
  const auto file = std::filesystem::path(testing::TempDir()) / "qiao-broken-knowledge.yaml";
  std::ofstream(file) << "- key: a\n  questions: [x]\n  anwser_zh: y\n";
  auto started = hub.try_start_plugin("bot", "knowledge: [" + file.string() + "]");
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("qiao-broken-knowledge.yaml:3:3: anwser_zh: unknown key"), std::string::npos)
      << started.error().message;
  std::filesystem::remove(file);
}

TEST(BotUnderLoad, QuestionsAreAnsweredWhileTheKnowledgeChanges) {
  constexpr int kQuestions = 400;
  HubOptions options = demo_shop();
  options.threads = true;
  TestHub hub(options);
  hub.start_plugin("accounts");
  hub.start_plugin("bot");
  const HttpAnswer in =
      hub.http("POST", "/api/v1/login", R"({"login":"zhouxue","password":"qiao-demo-2026","token":true})");
  const auto at = in.body.find("\"token\":\"") + 9;
  const std::string token = in.body.substr(at, in.body.find('"', at) - at);
  std::atomic<int> right{0};
  std::atomic<int> answered{0};
  for (int i = 0; i < kQuestions; ++i) {
    AskBot ask;
    ask.conversation = Id{1 + i};
    ask.text = "退货流程";
    hub.bus().request(ask, RequestOptions(std::chrono::seconds(60)), [&](const Result<BotAnswer>& answer) {
      right += answer && answer->entry == "return_process" ? 1 : 0;
      ++answered;
    });
    if (i % 40 == 0) {
      const std::string body = R"({"questions":["第)" + std::to_string(i) + R"(个问题"],"answer_zh":"答","key":"k)" +
                               std::to_string(i) + "\"}";
      EXPECT_EQ(hub.http("POST", "/api/v1/knowledge", body, {{"authorization", "Bearer " + token}}).status, 200);
    }
  }
  ASSERT_TRUE(hub.wait_until([&] { return answered == kQuestions; }, std::chrono::seconds(60)));
  EXPECT_EQ(right, kQuestions);
}

// ---- answers from the ERP -----------------------------------------------------------------------------------------

struct LiveBot : BotPlugin {
  /// A shop with two lipsticks, and one order of +8613800138000.
  void start_with_erp() {
    hub.serve<contract::StockBatchQuery>([this](const contract::StockBatchQuery& q, const Headers&) {
      contract::StockList list;
      for (const std::string& sku : q.skus) {
        if (sku != "K-201" && sku != "K-202") {
          list.unknown.push_back(sku);
          continue;
        }
        contract::Stock stock;
        stock.sku = sku;
        stock.name = sku == "K-201" ? "口红 豆沙色" : "口红 正红";
        stock.unit = "支";
        stock.available = sku == "K-201" ? 3 : 120;
        stock.stale = stale;
        stock.as_of = hub.clock().now() - std::chrono::minutes(stale ? 7 : 0);
        list.found.push_back(stock);
      }
      return Result<contract::StockList>(list);
    });
    hub.serve<contract::ProductSearch>([](const contract::ProductSearch& q, const Headers&) {
      contract::ProductList list;
      if (q.text.find("口红") != std::string::npos) {
        list.products.push_back({"K-201", "口红 豆沙色", "", "支", "129.00", "CNY", "", {}});
        if (q.text.find("豆沙") == std::string::npos)
          list.products.push_back({"K-202", "口红 正红", "", "支", "129.00", "CNY", "", {}});
      }
      return Result<contract::ProductList>(list);
    });
    hub.serve<contract::GetContact>([this](const contract::GetContact&, const Headers&) {
      contract::ContactView view;
      view.claims = {{contract::identity_kind::kPhone, "+8613800138000", proven}};
      return Result<contract::ContactView>(view);
    });
    hub.serve<contract::OrderQuery>([](const contract::OrderQuery& q, const Headers&) -> Result<contract::OrderList> {
      if (q.phone != "+8613800138000") return Error{Errc::not_found, "no order"};
      contract::Order order;
      order.number = "20261102001";
      order.status = "已发货";
      order.placed_at = from_micros(1'793'600'000'000'000);
      order.shipments = {{"顺丰", "SF1234567890", "运输中", {}, {}}};
      return contract::OrderList{{order}, {}, false, "erp"};
    });
    hub.start_plugin("bot");
  }
  bool stale = false;
  bool proven = true;
};

TEST_F(LiveBot, AnswersStockOfAProductByNumberAndByName) {
  start_with_erp();
  EXPECT_EQ(say("K-201 还有货吗").content.text, "口红 豆沙色（K-201）：有货，仅剩 3 支。");
  EXPECT_EQ(say("豆沙色口红有货吗").content.text, "口红 豆沙色（K-201）：有货，仅剩 3 支。");
  EXPECT_EQ(say("口红有货吗").content.text,
            "为您查到：\n· 口红 豆沙色（K-201）：有货，仅剩 3 支\n· 口红 正红（K-202）：有货");
}

TEST_F(LiveBot, SaysHowOldARememberedStockIs) {
  stale = true;
  start_with_erp();
  EXPECT_EQ(say("K-202 还有货吗").content.text, "口红 正红（K-202）：有货。（7 分钟前的数据）");
}

TEST_F(LiveBot, AsksWhichProductAndUnderstandsTheAnswer) {
  start_with_erp();
  const BotAnswer which = say("还有货吗");
  EXPECT_EQ(which.outcome, BotOutcome::answer);
  AskBot ask;
  ask.conversation = Id{7};
  ask.language = "zh-CN";
  ask.text = "豆沙色口红";
  ask.recent = {{contract::Author::customer, "还有货吗"}, {contract::Author::bot, which.content.text}};
  EXPECT_EQ(hub.ask(ask)->content.text, "口红 豆沙色（K-201）：有货，仅剩 3 支。");
}

TEST_F(LiveBot, LeavesAProductThatNobodyKnowsToAPerson) {
  start_with_erp();
  const BotAnswer answer = say("象牙白粉底有货吗");
  EXPECT_EQ(answer.outcome, BotOutcome::decline);
  EXPECT_EQ(answer.reason, "product_unknown");
  EXPECT_EQ(answer.group, "sales");
}

TEST_F(LiveBot, LeavesTheCustomerToAPersonWithinASecondWhenTheErpIsDead) {
  std::vector<Responder<contract::StockList>> never;
  hub.serve<contract::StockBatchQuery>(
      [&](const contract::StockBatchQuery&, const Headers&, Responder<contract::StockList> r) { never.push_back(r); });
  hub.start_plugin("bot");
  const Time before = hub.clock().now();
  const BotAnswer answer = say("K-201 还有货吗");
  EXPECT_EQ(answer.reason, "erp_unavailable");
  EXPECT_LE(hub.clock().now() - before, std::chrono::seconds(1));
}

TEST_F(LiveBot, TellsWhereTheOrderIsOnlyToWhomItBelongs) {
  start_with_erp();
  EXPECT_EQ(say("我的订单到哪了").content.text, "订单 20261102001（2026-11-02）：已发货\n· 顺丰 SF1234567890 运输中");
  proven = false;
  EXPECT_EQ(say("我的订单到哪了").content.text.find("SF1234567890"), std::string::npos);
}

TEST_F(LiveBot, AsksForOrderAndPhoneNumberOfSomebodyWhoIsNotProven) {
  proven = false;
  start_with_erp();
  AskBot ask;
  ask.conversation = Id{7};
  ask.language = "zh-CN";
  const auto talk = [&](const std::string& text) {
    ask.text = text;
    const auto answer = hub.ask(ask);
    EXPECT_TRUE(answer);
    ask.recent.push_back({contract::Author::customer, text});
    ask.recent.push_back({contract::Author::bot, answer->content.text});
    return *answer;
  };
  EXPECT_NE(talk("我的订单到哪了").content.text.find("订单号"), std::string::npos);
  EXPECT_NE(talk("20261102001").content.text.find("手机号"), std::string::npos);
  const BotAnswer wrong = talk("13900139000");
  EXPECT_NE(wrong.content.text.find("没有查到"), std::string::npos) << wrong.content.text;
  EXPECT_NE(talk("20261102001").content.text.find("手机号"), std::string::npos);
  const BotAnswer told = talk("138 0013 8000");
  EXPECT_EQ(told.content.text, "订单 20261102001（2026-11-02）：已发货\n· 顺丰 SF1234567890 运输中");
  EXPECT_EQ(told.entry, "track_order");
}

TEST_F(LiveBot, AnOrderThatIsNotFoundTwiceGoesToAPerson) {
  proven = false;
  start_with_erp();
  AskBot ask;
  ask.conversation = Id{7};
  ask.language = "zh-CN";
  BotAnswer last;
  for (const char* text : {"我的订单到哪了", "55555555 13900139000", "66666666 13900139000"}) {
    ask.text = text;
    last = *hub.ask(ask);
    ask.recent.push_back({contract::Author::customer, text});
    ask.recent.push_back({contract::Author::bot, last.content.text});
  }
  EXPECT_EQ(last.outcome, BotOutcome::decline);
  EXPECT_EQ(last.reason, "order_unknown");
  EXPECT_EQ(last.group, "logistics");
}

}  // namespace
}  // namespace qiao::bot

QIAO_CONFORMANCE("bot", "")
