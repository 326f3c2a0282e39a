#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <vector>

#include "qiao/contract/access.hpp"
#include "qiao/contract/erp.hpp"
#include "qiao/json.hpp"
#include "qiao/testkit/conformance.hpp"
#include "qiao/testkit/test_hub.hpp"

using namespace qiao;
using namespace qiao::contract;

namespace {

/// The catalog behind logins that are tokens: "agent" may see conversations, "guest" is logged in and may not.
class Catalog : public testing::Test {
 protected:
  void start() { hub.start_plugin("catalog"); }
  testkit::HttpAnswer get(const std::string& path, const std::string& token) {
    return hub.http("GET", path, {}, {{"authorization", "Bearer " + token}});
  }
  std::string login() {
    const auto answer =
        hub.http("POST", "/api/v1/login", R"({"login":"admin","password":"qiao-demo-2026","token":true})",
                 {{"content-type", "application/json"}});
    const auto at = answer.body.find("\"token\":\"");
    return at == std::string::npos ? answer.body : answer.body.substr(at + 9, answer.body.find('"', at + 9) - at - 9);
  }
  explicit Catalog(bool threads = false) : hub({.threads = threads, .http = true, .demo = true}) {}
  testkit::TestHub hub;
};

/// By the machine's clock, so that a deadline passes while a request waits.
class BusyCatalog : public Catalog {
 protected:
  BusyCatalog() : Catalog(true) {}
};

}  // namespace

TEST_F(Catalog, AnswersWhatTheErpSays) {
  hub.serve<StockQuery>([](const StockQuery& q, const Headers&) -> Result<Stock> {
    Stock s;
    s.sku = q.sku;
    s.available = 15;
    s.stale = true;
    return s;
  });
  hub.serve<ProductSearch>([](const ProductSearch& q, const Headers&) -> Result<ProductList> {
    ProductList list;
    list.products.push_back({.sku = "A-7",
                             .name = q.text,
                             .barcode = {},
                             .unit = {},
                             .price = {},
                             .currency = {},
                             .url = {},
                             .attributes = {}});
    return list;
  });
  hub.serve<OrderQuery>([](const OrderQuery& q, const Headers&) -> Result<OrderList> {
    if (q.number != "SO1") return Error{Errc::not_found, "there is no such order"};
    return OrderList{};
  });
  hub.start_plugin("accounts");
  start();
  const std::string token = login();
  const auto stock = get("/api/v1/stock?sku=A-7", token);
  EXPECT_EQ(stock.status, 200) << stock.body;
  EXPECT_EQ(from_json<Stock>(stock.body)->available, 15);
  EXPECT_TRUE(from_json<Stock>(stock.body)->stale);
  const auto products = get("/api/v1/products?search=%E7%BE%BD&limit=5", token);
  ASSERT_EQ(products.status, 200) << products.body;
  EXPECT_EQ(from_json<ProductList>(products.body)->products.front().name, "羽");
  EXPECT_EQ(get("/api/v1/orders?number=SO1", token).status, 200);
  EXPECT_EQ(get("/api/v1/orders?number=SO2", token).status, 404);
  EXPECT_EQ(get("/api/v1/stock?sku=A-7", "nobody").status, 401);
}

TEST_F(Catalog, SaysSoWhenNoErpIsConnectedOrNoneAnswers) {
  hub.start_plugin("accounts");
  start();
  const std::string token = login();
  const auto none = get("/api/v1/stock?sku=A-7", token);
  EXPECT_EQ(none.status, 501);
  EXPECT_EQ(none.header("content-type"), "application/problem+json");
  EXPECT_NE(none.body.find("catalog.no_erp"), std::string::npos) << none.body;
}

TEST_F(BusyCatalog, DoesNotWaitForAnErpThatIsSilent) {
  struct Kept {
    std::mutex mutex;
    std::vector<Responder<Stock>> responders;
  };
  hub.serve<StockQuery>(
      [kept = std::make_shared<Kept>()](const StockQuery&, const Headers&, const Responder<Stock>& respond) {
        const std::lock_guard lock(kept->mutex);
        kept->responders.push_back(respond);
      });
  hub.start_plugin("accounts");
  start();
  const auto late = get("/api/v1/stock?sku=A-7", login());
  EXPECT_EQ(late.status, 503) << late.body;
  EXPECT_NE(late.body.find("erp.unavailable"), std::string::npos) << late.body;
}

QIAO_CONFORMANCE("catalog", "")
