#pragma once

#include "connectors/platform/settings.hpp"

namespace qiao::salesforce {

using namespace std::chrono_literals;

/// Where the quantities are: Field Service's ProductItem, or an object of the company's own.
struct StockObject {
  std::string object = "ProductItem";
  std::string sku = "Product2.ProductCode";
  std::string name = "Product2.Name";
  std::string on_hand = "QuantityOnHand";
  std::string reserved;
  std::string warehouse = "Location.Name";
  std::string unit = "QuantityUnitOfMeasure";
};

struct SalesforceConfig : platform::CommonSettings {
  std::string client_id;
  Secret client_secret;
  std::string user;
  Secret private_key;
  std::string audience = "https://login.salesforce.com";
  std::string api_version = "v60.0";
  std::chrono::milliseconds token_life = 30min;
  bool search_phones = true;
  std::string tags_field;
  std::string currency;
  StockObject stock;

  [[nodiscard]] std::vector<std::string> addresses() const { return {url}; }
};

inline void describe(Schema<StockObject>& s) {
  const auto key = [&](const char* name, std::string StockObject::*member, const char* doc) {
    s.optional(name, member).pattern("[A-Za-z0-9_.]*", "the name of an object or field").doc(doc);
  };
  key("object", &StockObject::object, "Object with one record a product and place");
  key("sku", &StockObject::sku, "Field with the product's code");
  key("name", &StockObject::name, "Field with the product's name; empty: not asked for");
  key("on_hand", &StockObject::on_hand, "Field with the quantity on hand");
  key("reserved", &StockObject::reserved, "Field with the reserved quantity; empty: not asked for");
  key("warehouse", &StockObject::warehouse, "Field with the place's name; empty: all in one place");
  key("unit", &StockObject::unit, "Field with the unit; empty: not asked for");
}

inline void describe(Schema<SalesforceConfig>& s) {
  s.required("url", &SalesforceConfig::url).url().doc("My Domain address, e.g. https://shop.my.salesforce.com");
  s.required("client_id", &SalesforceConfig::client_id).doc("Consumer key of the connected app");
  s.optional("client_secret", &SalesforceConfig::client_secret).doc("Consumer secret, for the client credentials flow");
  s.optional("user", &SalesforceConfig::user).doc("User name, for the JWT bearer flow");
  s.optional("private_key", &SalesforceConfig::private_key)
      .doc(
          "RSA key in PEM whose certificate the connected app has, for the JWT bearer flow; e.g. "
          "${file:secrets/sf.pem}");
  s.optional("audience", &SalesforceConfig::audience)
      .doc("Audience of the JWT; https://test.salesforce.com for a sandbox");
  s.optional("api_version", &SalesforceConfig::api_version)
      .pattern("v[0-9]{2,3}\\.0", "a version like v60.0")
      .doc("Version of the REST interface");
  s.optional("token_life", &SalesforceConfig::token_life)
      .range(1min, 24h)
      .doc("How long a token is used; below the session time-out that is set there");
  s.optional("search_phones", &SalesforceConfig::search_phones)
      .doc("When no usual spelling of a telephone number is found, search by SOSL as well (the index lags by minutes)");
  s.optional("tags_field", &SalesforceConfig::tags_field)
      .pattern("[A-Za-z0-9_]*", "the name of a field")
      .doc("Multi-select picklist of Contact that holds tags, e.g. Tags__c; empty: no tags");
  s.optional("currency", &SalesforceConfig::currency)
      .pattern("[A-Z]{0,3}", "three capital letters")
      .doc("Currency of all amounts, as ISO 4217 code");
  s.section("stock", &SalesforceConfig::stock).doc("Names of the object and fields of the stock");
  platform::describe_common(s);
  s.rule("client_secret", [](const SalesforceConfig& c) -> std::string {
    const bool jwt = !c.user.empty() && !c.private_key.empty();
    return jwt == c.client_secret.empty() ? "" : "give either client_secret, or user and private_key";
  });
}

}  // namespace qiao::salesforce
