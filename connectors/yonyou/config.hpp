#pragma once

#include "connectors/platform/settings.hpp"

namespace qiao::yonyou {

enum class Flavour : std::uint8_t { yonsuite, u8 };
QIAO_ENUM(Flavour, yonsuite, u8)

/// Paths of the business calls and names of what is sent with them; tenants and versions differ.
struct YonsuitePaths {
  std::string stock = "/yonbip/scm/stock/QueryCurrentStocksByCondition";
  std::string stock_sku = "product_code";
  std::string products = "/yonbip/digitalModel/product/list";
  std::string customers = "/yonbip/digitalModel/merchant/list";
  std::string customer_phone = "phone";
  std::string orders = "/yonbip/sd/voucherorder/list";
  std::string order_customer = "agentCode";
};

struct U8Paths {
  std::string stock = "/api/currentstock/batch_get";
  std::string stock_sku = "invcode_begin";
  std::string products = "/api/inventory/batch_get";
  std::string customers = "/api/customer/batch_get";
  std::string customer_phone = "phone";
  std::string order = "/api/saleorder/get";
  std::string orders = "/api/saleorderlist/batch_get";
  std::string order_customer = "cuscode_begin";
};

struct YonyouConfig : platform::CommonSettings {
  Flavour flavour = Flavour::yonsuite;
  std::string app_key;
  Secret app_secret;
  std::string tenant;
  std::string gateway_url;
  std::string token_url;
  std::string from_account;
  std::string to_account;
  YonsuitePaths yonsuite;
  U8Paths u8;

  [[nodiscard]] std::vector<std::string> addresses() const {
    std::vector<std::string> list{base()};
    if (!gateway_url.empty()) list.push_back(gateway_url);
    if (!token_url.empty()) list.push_back(token_url);
    return list;
  }
  [[nodiscard]] std::string base() const {
    if (!url.empty()) return url;
    return flavour == Flavour::u8 ? "https://api.yonyouup.com" : "https://apigateway.yonyoucloud.com";
  }
};

inline void describe(Schema<YonsuitePaths>& s) {
  s.optional("stock", &YonsuitePaths::stock).doc("Path of the stock on hand");
  s.optional("stock_sku", &YonsuitePaths::stock_sku).doc("Name by which the product's code is sent to it");
  s.optional("products", &YonsuitePaths::products).doc("Path of the list of products");
  s.optional("customers", &YonsuitePaths::customers).doc("Path of the list of customers");
  s.optional("customer_phone", &YonsuitePaths::customer_phone).doc("Name by which a telephone number is sent to it");
  s.optional("orders", &YonsuitePaths::orders).doc("Path of the list of sales orders");
  s.optional("order_customer", &YonsuitePaths::order_customer).doc("Name by which a customer's code is sent to it");
}

inline void describe(Schema<U8Paths>& s) {
  s.optional("stock", &U8Paths::stock).doc("Path of the stock on hand");
  s.optional("stock_sku", &U8Paths::stock_sku).doc("Name by which the product's code is sent to it");
  s.optional("products", &U8Paths::products).doc("Path of the list of products");
  s.optional("customers", &U8Paths::customers).doc("Path of the list of customers");
  s.optional("customer_phone", &U8Paths::customer_phone).doc("Name by which a telephone number is sent to it");
  s.optional("order", &U8Paths::order).doc("Path of one sales order");
  s.optional("orders", &U8Paths::orders).doc("Path of the list of sales orders");
  s.optional("order_customer", &U8Paths::order_customer).doc("Name by which a customer's code is sent to it");
}

inline void describe(Schema<YonyouConfig>& s) {
  s.optional("flavour", &YonyouConfig::flavour).doc("yonsuite (YonSuite, YonBIP) or u8 (U8 openapi)");
  s.optional("url", &YonyouConfig::url).url().doc("Address of the open platform; empty: the public one of the flavour");
  s.required("app_key", &YonyouConfig::app_key).doc("Key of the application");
  s.required("app_secret", &YonyouConfig::app_secret).doc("Secret of the application");
  s.optional("tenant", &YonyouConfig::tenant)
      .doc("YonSuite: the tenant's id, by which its data centre is found; not needed with gateway_url and token_url");
  s.optional("gateway_url", &YonyouConfig::gateway_url).url().doc("YonSuite: address of the data centre's gateway");
  s.optional("token_url", &YonyouConfig::token_url).url().doc("YonSuite: address that gives tokens");
  s.optional("from_account", &YonyouConfig::from_account).doc("U8: account of the caller");
  s.optional("to_account", &YonyouConfig::to_account).doc("U8: account of the company that is asked");
  s.section("yonsuite", &YonyouConfig::yonsuite).doc("Paths of YonSuite");
  s.section("u8", &YonyouConfig::u8).doc("Paths of U8");
  platform::describe_common(s);
  s.rule("tenant", [](const YonyouConfig& c) -> std::string {
    const bool named = !c.gateway_url.empty() && !c.token_url.empty();
    return c.flavour == Flavour::yonsuite && c.tenant.empty() && !named
               ? "give the tenant, or gateway_url and token_url"
               : "";
  });
  s.rule("from_account", [](const YonyouConfig& c) -> std::string {
    return c.flavour == Flavour::u8 && (c.from_account.empty() || c.to_account.empty())
               ? "U8 needs from_account and to_account"
               : "";
  });
}

}  // namespace qiao::yonyou
