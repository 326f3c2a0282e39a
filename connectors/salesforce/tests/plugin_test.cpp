#include "connectors/platform/tests/shop.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

qiao::platform::shop::Shop shop() {
  return {.plugin = "salesforce",
          .system = "salesforce",
          .config = "url: {url}\nclient_id: sf-client\nclient_secret: sf-secret\ntags_field: Tags__c\n",
          .warehouse = "上海仓",
          .reserved = false,
          .heals = true,
          .writes = true};
}

}  // namespace

QIAO_SHOP_STOCK(SalesforcePlugin, shop())
QIAO_SHOP_AGE(SalesforcePlugin, shop())
QIAO_SHOP_CUSTOMERS(SalesforcePlugin, shop())
QIAO_CONFORMANCE("salesforce", "url: http://127.0.0.1:1\nclient_id: c\nclient_secret: s\n")

TEST(SalesforcePlugin, LogsInWithASignedAssertionInThePlaceOfASecret) {
  const auto simulator = qiao::simulators::Simulator::of("salesforce");
  // The key is a text in JSON, and so it is one in YAML.
  const std::string state = simulator.state();
  const std::size_t at = state.find("\"private_key\":") + 14;
  const std::string key = state.substr(at, state.find('"', at + 1) - at + 1);
  qiao::testkit::TestHub hub({.threads = true});
  hub.start_plugin("salesforce",
                   "url: " + simulator.url() +
                       "\nclient_id: sf-client\nuser: qiao@example.com\ndeadline: 5s\nprivate_key: " + key + "\n");
  const auto stock = hub.ask(qiao::contract::StockQuery{"A-7", ""}, std::chrono::seconds(20));
  EXPECT_TRUE(stock) << stock.error().message;
  EXPECT_NE(simulator.state().find("\"logins\":1"), std::string::npos);
}
