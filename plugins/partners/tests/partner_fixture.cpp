#include "plugins/partners/tests/partner_fixture.hpp"

#include "plugins/partners/tests/stock.hpp"

namespace qiao::partners {

using namespace std::chrono_literals;

namespace {

testkit::HubOptions demo() {
  testkit::HubOptions options;
  options.http = true;
  options.demo = true;
  return options;
}

constexpr const char* kPassword = "qiao-demo-2026";

}  // namespace

PartnerHub::PartnerHub(const std::string& config) : hub(demo()) {
  hub.serve<contract::StockQuery>(
      [this](const contract::StockQuery& q, const qiao::Headers&) -> Result<contract::Stock> {
        ++asked;
        if (!erp_up) return Error{Errc::unavailable, "erp.unavailable", "the ERP is down"};
        if (!stock.contains(q.sku)) return Error{Errc::not_found, "no such SKU"};
        contract::Stock one = stock_of(q.sku, stock[q.sku], hub.clock().now());
        one.on_hand = one.available + 4;
        one.reserved = 4;
        one.name = "Tea";
        one.levels = {{"SH", "Shanghai", one.on_hand, one.reserved, one.available}};
        return one;
      });
  hub.serve<contract::StockBatchQuery>(
      [this](const contract::StockBatchQuery& q, const qiao::Headers&) -> Result<contract::StockList> {
        ++asked;
        if (!erp_up) return Error{Errc::unavailable, "erp.unavailable", "the ERP is down"};
        contract::StockList list;
        for (const std::string& sku : q.skus) {
          if (stock.contains(sku)) {
            list.found.push_back(stock_of(sku, stock[sku], hub.clock().now()));
          } else {
            list.unknown.push_back(sku);
          }
        }
        return list;
      });
  hub.serve<contract::ProductSearch>(
      [this](const contract::ProductSearch& q, const qiao::Headers&) -> Result<contract::ProductList> {
        ++asked;
        if (!erp_up) return Error{Errc::unavailable, "erp.unavailable", "the ERP is down"};
        contract::ProductList list;
        list.as_of = hub.clock().now() - 3s;
        for (const auto& [sku, available] : stock) {
          if (list.products.size() == static_cast<std::size_t>(q.limit)) break;
          list.products.emplace_back();
          list.products.back().sku = sku;
          list.products.back().name = q.text;
          list.products.back().price = "39.00";
        }
        return list;
      });
  hub.start_plugin("accounts");
  hub.start_plugin("partners", config);
  token_ = token_of("admin");
}

std::string PartnerHub::token_of(const std::string& login) {
  const auto answer = hub.http("POST", "/api/v1/login",
                               R"({"login":")" + login + R"(","password":")" + kPassword + R"(","token":true})");
  return json_of(answer).value("token", "");
}

testkit::HttpAnswer PartnerHub::admin(const std::string& method, const std::string& path, const std::string& body) {
  return hub.http(method, "/api/v1/partner-keys" + path, body, {{"authorization", "Bearer " + token_}});
}

PartnerHub::Key PartnerHub::make(const std::string& body) {
  const auto answer = admin("POST", "", body);
  EXPECT_EQ(answer.status, 200) << answer.body;
  const auto made = json_of(answer);
  return {made["key"]["id"], made["secret"]};
}

PartnerHub::Key PartnerHub::server_key(const std::string& more) {
  return make(R"({"name":"Partner","kind":"server","scopes":["stock.read","product.read"])" + more + "}");
}

PartnerHub::Key PartnerHub::browser_key(const std::string& more) {
  return make(R"({"name":"Shop","kind":"browser","origins":[")" + std::string(kShop) + R"("],"skus":["A-*"])" + more +
              "}");
}

testkit::HttpAnswer PartnerHub::with(const std::string& secret, const std::string& path, const std::string& origin) {
  Headers headers{{"authorization", "Bearer " + secret}};
  if (!origin.empty()) headers.emplace_back("origin", origin);
  return hub.http("GET", "/api/partner/v1" + path, {}, headers);
}

testkit::HttpAnswer PartnerHub::post(const std::string& secret, const std::string& body, const std::string& origin) {
  Headers headers{{"authorization", "Bearer " + secret}, {"content-type", "application/json"}};
  if (!origin.empty()) headers.emplace_back("origin", origin);
  return hub.http("POST", "/api/partner/v1/stock", body, headers);
}

nlohmann::json json_of(const testkit::HttpAnswer& answer) {
  auto parsed = nlohmann::json::parse(answer.body, nullptr, false);
  return parsed.is_discarded() ? nlohmann::json() : parsed;
}

std::string problem_of(const testkit::HttpAnswer& answer) {
  constexpr std::string_view kUrn = "urn:qiao:error:";
  const std::string type = json_of(answer).value("type", "");
  return type.starts_with(kUrn) ? type.substr(kUrn.size()) : type;
}

}  // namespace qiao::partners
