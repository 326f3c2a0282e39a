#pragma once

#include "connectors/common/rest_parts.hpp"

namespace qiao::crm_rest {

using common::CallSettings;
using common::Fields;

struct CustomerConfig {
  std::optional<CallSettings> by_id;
  std::optional<CallSettings> by_phone;
  std::optional<CallSettings> by_email;
  std::string one;
  std::string rows;
  Fields fields;
};
inline void describe(Schema<CustomerConfig>& s) {
  s.optional("by_id", &CustomerConfig::by_id).doc("With {crm_id}");
  s.optional("by_phone", &CustomerConfig::by_phone).doc("With {phone}, {phone_full}, {phone_tail}");
  s.optional("by_email", &CustomerConfig::by_email).doc("With {email}");
  s.optional("one", &CustomerConfig::one).doc("JSON pointer to the person that by_id finds; empty: the answer itself");
  s.optional("rows", &CustomerConfig::rows).doc("JSON pointer to the people that the others find");
  s.required("fields", &CustomerConfig::fields)
      .doc(
          "crm_id, name, phone, email, company, tier, owner, last_purchase, url, tags, attributes.NAME: where each "
          "comes from");
}

struct OrderConfig : common::OrderMap {
  CallSettings call;
};
inline void describe(Schema<OrderConfig>& s) {
  s.section("call", &OrderConfig::call).doc("With {crm_id}");
  s.optional("rows", &OrderConfig::rows).doc("JSON pointer to the rows");
  s.required("fields", &OrderConfig::fields)
      .doc("number, placed_at, status, amount, currency …: where each comes from");
  s.optional("lines", &OrderConfig::lines).doc("Lines inside of an order");
  s.optional("shipments", &OrderConfig::shipments).doc("Shipments inside of an order");
}

struct ActivityConfig {
  CallSettings call;
  std::optional<CallSettings> known;
  std::string rows;
};
inline void describe(Schema<ActivityConfig>& s) {
  s.section("call", &ActivityConfig::call)
      .doc("With {crm_id}, {external_id}, {kind}, {subject}, {text}, {url}, {at}; status 409 means: noted already");
  s.optional("known", &ActivityConfig::known)
      .doc("A call with {external_id} that finds the activity when it is there already");
  s.optional("rows", &ActivityConfig::rows).doc("JSON pointer to what `known` found");
}

struct Config : common::RestConfig {
  CustomerConfig customers;
  std::optional<OrderConfig> orders;
  std::optional<ActivityConfig> activity;
  std::optional<CallSettings> add_tag;
  std::optional<CallSettings> remove_tag;
};
inline void describe(Schema<Config>& s) {
  common::describe_rest(s);
  s.section("customers", &Config::customers).doc("How people are found");
  s.optional("orders", &Config::orders).doc("Their orders, when the CRM has them");
  s.optional("activity", &Config::activity).doc("Notes about calls, conversations and tickets; needs write: true");
  s.optional("add_tag", &Config::add_tag).doc("With {crm_id} and {tag}, once for each; needs write: true");
  s.optional("remove_tag", &Config::remove_tag).doc("With {crm_id} and {tag}, once for each; needs write: true");
}

}  // namespace qiao::crm_rest
