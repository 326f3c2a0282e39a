// Against the real server, with the shop that tests/support/tryton/tryton.mjs puts into it.
#include <gtest/gtest.h>

#include "connectors/platform/tests/shop.hpp"
#include "qiao/testkit/conformance.hpp"

using namespace qiao;
using namespace qiao::contract;
using namespace std::chrono_literals;
using platform::shop::by_phone;

namespace {

simulators::Simulator start_tryton() {
  return {"tests/support/tryton/tryton.mjs", {"--cache", std::string(QIAO_BINARY_DIR) + "/tryton"}};
}

/// The hub's clock is the machine's: quantities are as of today.
class Tryton : public testing::Test {
 protected:
  void start(const std::string& more = "deadline: 5s\n") {
    hub.start_plugin("tryton",
                     "url: " + server.url() + "\ndatabase: erp\nuser: admin\npassword: tryton-test-1\n" + more);
  }
  simulators::Simulator server = start_tryton();
  testkit::TestHub hub{{.threads = true}};
};

}  // namespace

TEST_F(Tryton, AnswersStockByWarehouseWithWhatIsPromised) {
  start();
  const auto jacket = hub.ask(StockQuery{"A-7", ""}, 10s);
  ASSERT_TRUE(jacket) << jacket.error().message;
  EXPECT_EQ(jacket->name, "羽绒服");
  EXPECT_EQ(jacket->on_hand, 17);
  EXPECT_EQ(jacket->reserved, 2);
  EXPECT_EQ(jacket->available, 15);
  ASSERT_EQ(jacket->levels.size(), 2U);
  EXPECT_EQ(jacket->levels[0].warehouse, "GZ");
  EXPECT_EQ(jacket->levels[1].warehouse_name, "上海仓");
  EXPECT_EQ(hub.ask(StockQuery{"A-13", "SH"}, 10s)->on_hand, -3);
  EXPECT_EQ(hub.ask(StockQuery{"A-9", ""}, 10s)->on_hand, 0);
  EXPECT_EQ(hub.ask(StockQuery{"B-1", ""}, 10s).error().code, Errc::not_found);
  const auto list = hub.ask(StockBatchQuery{{"A-7", "A-8", "B-1"}, ""}, 10s);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->found.size(), 2U);
  EXPECT_EQ(list->unknown, std::vector<std::string>{"B-1"});
}

TEST_F(Tryton, SearchesProductsByCodeAndName) {
  start();
  const auto by_name = hub.ask(ProductSearch{"口红", 5}, 10s);
  ASSERT_TRUE(by_name) << by_name.error().message;
  ASSERT_EQ(by_name->products.size(), 1U);
  EXPECT_EQ(by_name->products[0].sku, "A-8");
  EXPECT_EQ(by_name->products[0].price.substr(0, 6), "129.00");
  EXPECT_EQ(by_name->products[0].currency, "CNY");
  EXPECT_EQ(hub.ask(ProductSearch{"a-7", 5}, 10s)->products.size(), 1U);
  EXPECT_TRUE(hub.ask(ProductSearch{"A_7", 5}, 10s)->products.empty()) << "no wildcard";
}

TEST_F(Tryton, FindsSalesAndNeverTellsThoseOfOthers) {
  start();
  OrderQuery q;
  q.phone = "13800138000";
  const auto list = hub.ask(q, 10s);
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->orders.size(), 2U);
  EXPECT_EQ(list->orders[0].lines.size(), 2U);
  EXPECT_EQ(list->orders[0].lines[0].sku, "A-7");
  EXPECT_EQ(list->orders[0].lines[0].quantity, 2);
  EXPECT_EQ(list->orders[0].amount.substr(0, 7), "1017.50");
  EXPECT_EQ(list->orders[0].currency, "CNY");
  q.number = list->orders[0].number;
  EXPECT_TRUE(hub.ask(q, 10s));
  q.phone = "13600136000";
  EXPECT_EQ(hub.ask(q, 10s).error().code, Errc::not_found);
}

TEST_F(Tryton, KnowsPartiesByAnySpellingOfTheirPhone) {
  start();
  for (const char* spelling : {"13800138000", "+86 138-0013-8000", "008613800138000"}) {
    const auto card = hub.ask(by_phone(spelling), 10s);
    ASSERT_TRUE(card) << spelling << ": " << card.error().message;
    EXPECT_EQ(card->name, "林晓");
    EXPECT_EQ(card->email, "lin@example.com");
    EXPECT_EQ(card->tags, std::vector<std::string>{"VIP"});
    ASSERT_EQ(card->orders.size(), 2U);
    EXPECT_NE(card->last_purchase.find("羽绒服"), std::string::npos);
  }
  LookupCustomer mail;
  mail.email = "LIN@example.com";
  EXPECT_EQ(hub.ask(mail, 10s)->name, "林晓");
  EXPECT_EQ(hub.ask(by_phone("13900139000"), 10s).error().id, "crm.ambiguous");
  EXPECT_EQ(hub.ask(by_phone("13500000000"), 10s).error().code, Errc::not_found);
}

TEST_F(Tryton, WritesNotesOnceAndCategories) {
  start("deadline: 5s\nwrite: true\n");
  RecordActivity note = platform::shop::call_note("13800138000");
  const auto done = hub.ask(note, 10s);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(hub.ask(note, 10s));
  const auto tagged = hub.ask(TagCustomer{by_phone("13800138000"), {"爱买口红"}, {"VIP"}}, 10s);
  ASSERT_TRUE(tagged) << tagged.error().message;
  EXPECT_EQ(hub.ask(by_phone("13800138000"), 10s)->tags, std::vector<std::string>{"爱买口红"});
}

TEST_F(Tryton, LogsInAgainWhenItsSessionIsGone) {
  start();
  ASSERT_TRUE(hub.ask(StockQuery{"A-7", ""}, 10s));
  server.tell("forget");
  const auto healed = hub.ask(StockQuery{"A-8", ""}, 10s);
  EXPECT_TRUE(healed) << healed.error().message;
}

TEST_F(Tryton, RefusesAWrongPasswordOnceAndSaysSo) {
  hub.start_plugin("tryton", "url: " + server.url() + "\ndatabase: erp\nuser: admin\npassword: wrong\ndeadline: 5s\n");
  const auto refused = hub.ask(StockQuery{"A-7", ""}, 10s);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("check user and password"), std::string::npos) << refused.error().message;
}

TEST_F(Tryton, AHungServerIsStoodInForByWhatItSaidBefore) {
  start("stock_fresh_for: 1s\ndeadline: 200ms\ntimeout: 1s\n");
  ASSERT_TRUE(hub.wait_until([&] { return hub.ask(StockQuery{"A-7", ""}, 10s).ok(); }));
  server.tell("hang");
  std::optional<Stock> old;
  // The remembered answer grows too old to be fresh; from then on it is marked.
  EXPECT_TRUE(hub.wait_until([&] {
    const auto answer = hub.ask(StockQuery{"A-7", ""}, 10s);
    if (answer && answer->stale) old = *answer;
    return old.has_value();
  }));
  ASSERT_TRUE(old);
  EXPECT_EQ(old->available, 15);
  EXPECT_EQ(hub.ask(StockQuery{"A-8", ""}, 10s).error().id, "erp.unavailable");
  server.tell("wake");
}

QIAO_CONFORMANCE("tryton", "url: http://127.0.0.1:1\ndatabase: erp\nuser: u\npassword: p\n")
