#pragma once

#include <gtest/gtest.h>

#include <string>

#include "qiao/contract/crm.hpp"
#include "qiao/contract/erp.hpp"
#include "qiao/testkit/test_hub.hpp"
#include "tests/simulators/simulator.hpp"

/// \file
/// What every connector must say about the company that all simulators show (tests/simulators/erp/lib/data.mjs):
///
///     Shop shop() { return {.plugin = "odoo", .system = "odoo", .config = "url: {url}\n…", .warehouse = "SH"}; }
///     QIAO_SHOP_STOCK(OdooPlugin, shop())
///     QIAO_SHOP_CUSTOMERS(OdooPlugin, shop())

namespace qiao::platform::shop {

using namespace contract;
using simulators::Simulator;
using testkit::TestHub;

struct Shop {
  std::string plugin;
  std::string system;     ///< the simulator
  std::string config;     ///< "{url}" stands for the simulator's address
  std::string warehouse;  ///< how the system calls the one in Shanghai
  bool reserved = true;   ///< whether the system knows about reservations
  bool heals = false;     ///< has sessions, which may be lost
  bool writes = false;
  bool emails = true;  ///< finds customers by e-mail address
  bool clock = false;  ///< signs with the time, which must be the simulator's
};

/// A hub with the connector on its simulator.
class Running {
 public:
  explicit Running(const Shop& shop, const std::string& more = {})
      : simulator(Simulator::of(shop.system)), hub({.threads = shop.clock}) {
    std::string config = shop.config;
    const auto put = [&](const std::string& name, const std::string& value) {
      for (std::size_t at = config.find(name); at != std::string::npos; at = config.find(name)) {
        config.replace(at, name.size(), value);
      }
    };
    put("{url}", simulator.url());
    hub.start_plugin(shop.plugin, config + "timeout: 2s\ndeadline: 5s\n" + more);
  }
  Simulator simulator;
  TestHub hub;
};

inline Result<Stock> stock(Running& r, const std::string& sku, const std::string& warehouse = {}) {
  return r.hub.ask(StockQuery{sku, warehouse}, std::chrono::seconds(20));
}
inline LookupCustomer by_phone(const std::string& phone) {
  return {.crm_id = {}, .phone = phone, .email = {}, .channel = {}, .user = {}};
}
inline Result<CustomerCard> customer(Running& r, const LookupCustomer& q) {
  return r.hub.ask(q, std::chrono::seconds(20));
}

inline void answers_stock(const Shop& shop) {
  Running r(shop);
  const auto jacket = stock(r, "A-7");
  ASSERT_TRUE(jacket) << jacket.error().message;
  EXPECT_EQ(jacket->sku, "A-7");
  EXPECT_EQ(jacket->name, "羽绒服");
  EXPECT_EQ(jacket->unit, "件");
  EXPECT_EQ(jacket->on_hand, 18);
  EXPECT_EQ(jacket->reserved, shop.reserved ? 3 : 0);
  EXPECT_EQ(jacket->available, shop.reserved ? 15 : 18);
  EXPECT_EQ(jacket->levels.size(), 4U);
  EXPECT_EQ(jacket->source, shop.plugin);
  EXPECT_FALSE(jacket->stale);
  const auto here = stock(r, "A-7", shop.warehouse);
  ASSERT_TRUE(here && here->levels.size() == 1);
  EXPECT_EQ(here->on_hand, 12);
  EXPECT_EQ(here->available, shop.reserved ? 10 : 12);

  const auto owed = stock(r, "A-13", shop.warehouse);
  ASSERT_TRUE(owed) << owed.error().message;
  EXPECT_EQ(owed->on_hand, -3);
  for (const char* odd : {"A-7000", "A-7' or '1'='1", "A-7\\", "%", "A_7"}) {
    const auto none = stock(r, odd);
    ASSERT_FALSE(none) << odd;
    EXPECT_EQ(none.error().code, Errc::not_found) << odd << ": " << none.error().message;
  }
}

inline void adds_up_ten_thousand_rows(const Shop& shop) {
  Running r(shop);
  const auto many = stock(r, "A-300");
  ASSERT_TRUE(many) << many.error().message;
  EXPECT_EQ(many->on_hand, 10000);
}

inline void answers_batches(const Shop& shop) {
  Running r(shop);
  StockBatchQuery q;
  for (int i = 1; i <= 60; ++i) q.skus.push_back("A-" + std::to_string(i));
  q.skus.emplace_back("B-1");
  const auto list = r.hub.ask(q, std::chrono::seconds(20));
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->found.size(), 60U);
  EXPECT_EQ(list->unknown, std::vector<std::string>{"B-1"});
  EXPECT_TRUE(list->unavailable.empty());
}

inline void searches_products(const Shop& shop) {
  Running r(shop);
  const auto by_code = r.hub.ask(ProductSearch{"A-7", 5}, std::chrono::seconds(20));
  ASSERT_TRUE(by_code) << by_code.error().message;
  ASSERT_FALSE(by_code->products.empty());
  EXPECT_EQ(by_code->products.front().sku, "A-7");
  EXPECT_LE(by_code->products.size(), 5U);
  const auto by_name = r.hub.ask(ProductSearch{"羽绒服", 50}, std::chrono::seconds(20));
  ASSERT_TRUE(by_name && !by_name->products.empty());
  for (const Product& p : by_name->products) EXPECT_NE(p.name.find("羽绒服"), std::string::npos);
  EXPECT_FALSE(r.hub.ask(ProductSearch{"  ", 5}, std::chrono::seconds(20)));
}

inline void finds_orders(const Shop& shop) {
  Running r(shop);
  OrderQuery q;
  q.number = "SO04801";
  auto found = r.hub.ask(q, std::chrono::seconds(20));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->orders.size(), 1U);
  const Order& order = found->orders.front();
  EXPECT_EQ(order.number, "SO04801");
  EXPECT_EQ(to_iso8601(order.placed_at).substr(0, 7), "2026-10");
  ASSERT_FALSE(order.lines.empty());
  EXPECT_TRUE(order.lines.front().sku.starts_with("A-"));
  EXPECT_NE(order.amount.find('.'), std::string::npos);
  q.phone = "+86 138 0013 8000";  // whose order it is
  EXPECT_TRUE(r.hub.ask(q, std::chrono::seconds(20)));
  q.phone = "13900139000";  // somebody else's
  found = r.hub.ask(q, std::chrono::seconds(20));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::not_found);
  q = {};
  q.phone = "13800138000";
  q.limit = 3;
  found = r.hub.ask(q, std::chrono::seconds(20));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->orders.size(), 3U);
  EXPECT_EQ(found->orders[0].number, "SO04801");
  EXPECT_EQ(found->orders[1].number, "SO04601");
  EXPECT_FALSE(r.hub.ask(OrderQuery{}, std::chrono::seconds(20)));
}

inline void copes_with_trouble(const Shop& shop) {
  Running r(shop);
  int n = 20;
  for (const char* mode : {"busy", "broken", "garbage"}) {
    r.simulator.control(std::string(R"({"fail":")") + mode + R"(","times":1})");
    const std::string sku = "A-" + std::to_string(++n);
    const auto refused = stock(r, sku);
    ASSERT_FALSE(refused) << mode;
    EXPECT_EQ(refused.error().id, "erp.unavailable") << mode << ": " << refused.error().message;
    const auto again = stock(r, sku);
    EXPECT_TRUE(again) << mode << ": " << again.error().message;
  }
}

inline void shows_old_answers_as_old(const Shop& shop) {
  Running r(shop);
  ASSERT_TRUE(stock(r, "A-1"));
  r.hub.advance(std::chrono::seconds(31));
  r.simulator.control(R"({"fail":"broken","times":3})");
  const auto old = stock(r, "A-1");
  ASSERT_TRUE(old) << old.error().message;
  EXPECT_TRUE(old->stale);
  EXPECT_EQ(r.hub.clock().now() - old->as_of, std::chrono::seconds(31));
}

inline void heals_a_lost_session(const Shop& shop) {
  Running r(shop);
  ASSERT_TRUE(stock(r, "A-1"));
  int n = 1;
  for (const char* loss : {R"({"revoke":true})", R"({"fail":"expired"})"}) {
    r.simulator.control(loss);
    const auto healed = stock(r, "A-" + std::to_string(++n));
    // A key that is revoked is gone for good; a session is made anew.
    const bool expected = shop.heals || loss == std::string(R"({"revoke":true})");
    EXPECT_EQ(healed.ok(), expected) << loss << (healed ? "" : healed.error().message);
  }
}

inline void knows_customers(const Shop& shop) {
  Running r(shop);
  for (const char* spelling : {"13800138000", "+86 138-0013-8000", "8613800138000", "138 0013 8000"}) {
    const auto card = customer(r, by_phone(spelling));
    ASSERT_TRUE(card) << spelling << ": " << card.error().message;
    EXPECT_EQ(card->name, "林晓");
    ASSERT_EQ(card->orders.size(), 10U);
    EXPECT_EQ(card->orders.front().number, "SO04801");
    EXPECT_TRUE(card->last_purchase.starts_with("2026-10-")) << card->last_purchase;
    EXPECT_FALSE(card->crm_id.empty());
    EXPECT_FALSE(card->owner.empty());
    const auto same =
        customer(r, {.crm_id = shop.plugin + ":" + card->crm_id, .phone = {}, .email = {}, .channel = {}, .user = {}});
    ASSERT_TRUE(same) << same.error().message;
    EXPECT_EQ(same->crm_id, card->crm_id);
  }
  if (shop.emails) {
    const auto by_mail = customer(r, {.crm_id = {}, .phone = {}, .email = "C1@Example.com", .channel = {}, .user = {}});
    ASSERT_TRUE(by_mail) << by_mail.error().message;
    EXPECT_EQ(by_mail->name, "林晓");
  }
  const auto couple = customer(r, by_phone("139 0013 9000"));
  ASSERT_FALSE(couple);
  EXPECT_EQ(couple.error().id, "crm.ambiguous");
  EXPECT_EQ(couple.error().code, Errc::conflict);
  EXPECT_EQ(customer(r, by_phone("13500000000")).error().code, Errc::not_found);
  EXPECT_EQ(customer(r, by_phone("123")).error().code, Errc::not_found);
  EXPECT_EQ(customer(r, {}).error().code, Errc::not_found);
}

inline RecordActivity call_note(const std::string& phone) {
  return {.external_id = "conv-7001",
          .customer = by_phone(phone),
          .kind = "conversation",
          .subject = "退货 <咨询>",
          .text = "客户问退货流程\n已解决",
          .url = "",
          .at = from_micros(1'767'603'600'000'000)};
}

inline void writes_once_and_only_when_allowed(const Shop& shop) {
  {
    Running r(shop);
    const auto refused = r.hub.ask(call_note("13800138000"), std::chrono::seconds(20));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, "crm.read_only");
  }
  Running r(shop, "write: true\n");
  const auto written = [&] {
    const std::string state = r.simulator.state();
    std::size_t count = 0;
    for (std::size_t at = state.find("conv-7001"); at != std::string::npos; at = state.find("conv-7001", at + 1))
      ++count;
    return count;
  };
  const auto done = r.hub.ask(call_note("13800138000"), std::chrono::seconds(20));
  EXPECT_EQ(done.ok(), shop.writes) << (done ? "" : done.error().message);
  if (!shop.writes) return;
  EXPECT_EQ(written(), 1U);
  EXPECT_TRUE(r.hub.ask(call_note("+8613800138000"), std::chrono::seconds(20)));
  EXPECT_EQ(written(), 1U) << "the same activity again";
  EXPECT_EQ(r.hub.ask(call_note("13900139000"), std::chrono::seconds(20)).error().id, "crm.ambiguous");

  const auto tags = [&] { return customer(r, by_phone("13800138000"))->tags; };
  const auto before = tags();
  EXPECT_TRUE(r.hub.ask(TagCustomer{by_phone("13800138000"), {"爱买口红"}, {"VIP"}}, std::chrono::seconds(20)));
  if (!before.empty()) {
    EXPECT_EQ(tags(), std::vector<std::string>{"爱买口红"});
  }
}

}  // namespace qiao::platform::shop

#define QIAO_SHOP_STOCK(Suite, given)                                                               \
  TEST(Suite, AnswersStockByWarehouse) { qiao::platform::shop::answers_stock(given); }              \
  TEST(Suite, AddsUpTenThousandRows) { qiao::platform::shop::adds_up_ten_thousand_rows(given); }    \
  TEST(Suite, AnswersManyProductsAtOnce) { qiao::platform::shop::answers_batches(given); }          \
  TEST(Suite, SearchesProductsByCodeAndName) { qiao::platform::shop::searches_products(given); }    \
  TEST(Suite, FindsOrdersAndNeverTellsThoseOfOthers) { qiao::platform::shop::finds_orders(given); } \
  TEST(Suite, ReportsTroubleOnceAndGoesOn) { qiao::platform::shop::copes_with_trouble(given); }     \
  TEST(Suite, DoesWhatItCanWhenItsSessionIsGone) { qiao::platform::shop::heals_a_lost_session(given); }
#define QIAO_SHOP_AGE(Suite, given) \
  TEST(Suite, ShowsOldAnswersAsOldWhenItsSystemIsInTrouble) { qiao::platform::shop::shows_old_answers_as_old(given); }
#define QIAO_SHOP_CUSTOMERS(Suite, given)                                                                \
  TEST(Suite, KnowsCustomersByAnySpellingOfTheirPhone) { qiao::platform::shop::knows_customers(given); } \
  TEST(Suite, WritesOnceAndOnlyWhenAllowed) { qiao::platform::shop::writes_once_and_only_when_allowed(given); }
