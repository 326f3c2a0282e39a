#include "qiao/contract/connector.hpp"
#include "qiao/contract/erp.hpp"
#include "qiao/testkit/conformance.hpp"
#include "qiao/testkit/fake_peer.hpp"

namespace {

using namespace std::chrono_literals;
using namespace qiao::contract;
using qiao::testkit::FakePeer;
using qiao::testkit::TestHub;

std::string config(const std::string& url) {
  return "url: " + url + R"(
auth: {kind: bearer, secret: s3cret-token}
timeout: 300ms
stock:
  call: {path: "/items/{sku}"}
  fields: {name: /title, unit: /uom}
  levels: {rows: /stores, fields: {warehouse: /id, on_hand: /qty, reserved: /held | default 0}}
products:
  call: {path: /search, query: {q: "{text}", n: "{limit}"}}
  rows: /hits
  fields: {sku: /code, name: /title, price: /price, currency: =CNY}
orders:
  by_number: {path: "/orders/{number}"}
  by_phone: {path: /orders, query: {phone: "{phone_full}"}}
  rows: /orders
  fields: {number: /no, placed_at: /at, status: /state | map 1=已发货, phone: /tel}
test: {path: /me}
)";
}

qiao::RequestOptions to(std::string_view instance) {
  qiao::RequestOptions options;
  options.to = instance;
  return options;
}

class ErpRest : public testing::Test {
 protected:
  ErpRest() : erp_(FakePeer::http()) {
    erp_.on("GET", "/items/A-7", 200, R"({"title":"羽绒服","uom":"件","stores":[{"id":"SH","qty":12,"held":2}]})");
    erp_.on("GET", "/search", 200, R"({"hits":[{"code":"A-7","title":"羽绒服","price":399}]})");
    erp_.on("GET", "/orders/O1", 200, R"({"no":"O1","at":"2026-11-20","state":1,"tel":"13800138000"})");
    erp_.on("GET", "/orders", 200, R"({"orders":[{"no":"O1","at":"2026-11-20","state":1,"tel":"13800138000"}]})");
    erp_.on("GET", "/me", 200, "{}");
    hub_.start_plugin("erp-rest", config(erp_.url()), "erp");
  }
  FakePeer erp_;
  TestHub hub_;
};

TEST_F(ErpRest, AnswersStockProductsAndOrders) {
  const auto stock = hub_.ask(StockQuery{"A-7", ""});
  ASSERT_TRUE(stock) << stock.error().message;
  EXPECT_EQ(stock->name, "羽绒服");
  EXPECT_EQ(stock->available, 10);
  EXPECT_EQ(stock->source, "erp");
  EXPECT_EQ(hub_.ask(StockQuery{"Z-9", ""}).error().code, qiao::Errc::not_found);
  EXPECT_EQ(hub_.ask(ProductSearch{"羽绒", 5})->products.at(0).price, "399.00");
  EXPECT_EQ(hub_.ask(OrderQuery{"O1", "", "", "", 10})->orders.at(0).status, "已发货");
  EXPECT_EQ(hub_.ask(OrderQuery{"O1", "", "13800138000", "", 10})->orders.size(), 1u);
  EXPECT_EQ(hub_.ask(OrderQuery{"O1", "", "13900139000", "", 10})->orders.size(), 0u);
  EXPECT_EQ(hub_.ask(OrderQuery{"", "", "13800138000", "", 10})->orders.size(), 1u);
  EXPECT_EQ(erp_.requests().front().header("authorization"), "Bearer s3cret-token");
}

TEST_F(ErpRest, FiveHundredAskersOfOneSkuMakeOneCall) {
  int answered = 0;
  for (int i = 0; i < 500; ++i) {
    hub_.bus().request(StockQuery{"A-7", ""}, 1s,
                       [&](const qiao::Result<Stock>& stock) { answered += stock && stock->available == 10 ? 1 : 0; });
  }
  hub_.run_until_idle();
  EXPECT_EQ(answered, 500);
  EXPECT_EQ(erp_.requests().size(), 1u);
}

TEST_F(ErpRest, OldStockStandsInAndSaysSo) {
  ASSERT_TRUE(hub_.ask(StockQuery{"A-7", ""}));
  for (int fault = 0; fault < 4; ++fault) {
    hub_.advance(2min);
    switch (fault) {
      case 0:
        erp_.resets();
        break;
      case 1:
        erp_.garbage();
        break;
      case 2:
        erp_.never_answers();
        break;
      default:
        erp_.answers(500, "oops");
        erp_.on("GET", "/items/A-7", 502, "<html>");
        break;
    }
    const auto stock = hub_.ask(StockQuery{"A-7", ""});
    ASSERT_TRUE(stock) << fault << " " << stock.error().message;
    EXPECT_TRUE(stock->stale) << fault;
    EXPECT_EQ(hub_.ask(StockQuery{"B-1", ""}).error().name(), "erp.unavailable") << fault;
  }
}

TEST_F(ErpRest, TheOperatorCanTryIt) {
  EXPECT_TRUE(hub_.ask(TestConnector{}, to("erp")));
  erp_.on("GET", "/me", 401, "{}");
  const auto refused = hub_.ask(TestConnector{}, to("erp"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("credentials"), std::string::npos) << refused.error().message;
}

TEST_F(ErpRest, SecretsStayOutOfTheLog) {
  erp_.answers(401, "{}");
  erp_.on("GET", "/items/A-7", 401, R"({"token":"s3cret-token"})");
  static_cast<void>(hub_.ask(StockQuery{"A-7", ""}));
  EXPECT_EQ(hub_.log().find("s3cret"), std::string::npos);
}

TEST(ErpRestConfig, MistakesInTheMappingAreFoundByCheck) {
  TestHub hub;
  const auto refused = [&](const std::string& yaml) -> std::string {
    try {
      hub.configure_only("erp-rest", yaml);
      return "";
    } catch (const std::exception& e) {
      return e.what();
    }
  };
  EXPECT_NE(
      refused("url: http://erp\nstock: {call: {path: /x}, fields: {on_hnd: /n}}").find("did you mean \"on_hand\""),
      std::string::npos);
  EXPECT_NE(refused("url: http://erp\nstock: {call: {path: '/{skuu}'}, fields: {on_hand: /n}}").find("{skuu}"),
            std::string::npos);
  EXPECT_NE(refused("url: http://erp\nauth: {kind: bearer}").find("secret"), std::string::npos);
}

TEST(ErpRestConfig, OnlyTheNamedAddressIsCalled) {
  // The ERP's own address is private and named; a redirect elsewhere is an answer and is not followed.
  FakePeer erp = FakePeer::http();
  erp.answers(302, "");
  TestHub hub;
  hub.start_plugin("erp-rest", config(erp.url()), "erp");
  EXPECT_FALSE(hub.ask(StockQuery{"A-7", ""}));
  EXPECT_EQ(erp.requests().size(), 1u);
}

}  // namespace

QIAO_CONFORMANCE("erp-rest", config("http://127.0.0.1:1"))
