#pragma once

#include "connectors/platform/settings.hpp"

namespace qiao::hubspot {

struct HubspotConfig : platform::CommonSettings {
  HubspotConfig() { url = "https://api.hubapi.com"; }

  Secret token;
  std::string orders = "orders";
  std::string order_number = "hs_external_order_id";
  std::string order_date = "hs_external_created_date";
  std::string order_status = "hs_external_order_status";
  std::string order_amount = "hs_total_price";
  std::string order_currency = "hs_currency_code";
  std::string order_name = "hs_order_name";
  std::string tier_property = "lifecyclestage";
  std::string tags_property;

  [[nodiscard]] std::vector<std::string> addresses() const { return {url}; }
};

inline void describe(Schema<HubspotConfig>& s) {
  const auto key = [&](const char* name, std::string HubspotConfig::*member, const char* doc) {
    s.optional(name, member).pattern("[a-z0-9_]*", "the internal name of an object or property").doc(doc);
  };
  s.optional("url", &HubspotConfig::url).url().doc("Address of the API");
  s.required("token", &HubspotConfig::token).doc("Access token of the private app");
  key("orders", &HubspotConfig::orders, "Object that holds what was bought: orders or deals; empty: none");
  key("order_number", &HubspotConfig::order_number, "Property with the order's number (deals: dealname)");
  key("order_date", &HubspotConfig::order_date, "Property with the date (deals: closedate)");
  key("order_status", &HubspotConfig::order_status, "Property with the state (deals: dealstage)");
  key("order_amount", &HubspotConfig::order_amount, "Property with the sum (deals: amount)");
  key("order_currency", &HubspotConfig::order_currency, "Property with the currency (deals: deal_currency_code)");
  key("order_name", &HubspotConfig::order_name, "Property that says what was bought (deals: dealname)");
  key("tier_property", &HubspotConfig::tier_property, "Property of a contact that is shown as the tier; empty: none");
  key("tags_property", &HubspotConfig::tags_property,
      "Property of a contact with several checkboxes that holds tags; empty: no tags");
  platform::describe_common(s);
}

}  // namespace qiao::hubspot
