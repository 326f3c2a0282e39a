#pragma once

#include "connectors/common/sql_parts.hpp"

namespace qiao::crm_sql {

using common::Fields;

struct CustomerConfig {
  std::string by_id;
  std::string by_phone;
  std::string by_email;
  Fields fields;
};
inline void describe(Schema<CustomerConfig>& s) {
  s.optional("by_id", &CustomerConfig::by_id).doc("With :crm_id");
  s.optional("by_phone", &CustomerConfig::by_phone)
      .doc("With :phone, :phone_full, :phone_tail, :phone_like, :phones (all spellings, for IN)");
  s.optional("by_email", &CustomerConfig::by_email).doc("With :email");
  s.optional("fields", &CustomerConfig::fields).doc("When columns are called otherwise: field: /column | transform");
}

struct OrderConfig {
  std::string query;
  Fields fields;
};
inline void describe(Schema<OrderConfig>& s) {
  s.required("query", &OrderConfig::query).doc("With :crm_id; a row a line of an order");
  s.optional("fields", &OrderConfig::fields).doc("When columns are called otherwise: field: /column | transform");
}

struct Config : platform::CommonSettings {
  common::SqlSettings connection;
  CustomerConfig customers;
  std::optional<OrderConfig> orders;
  std::string activity;
  std::string add_tag;
  std::string remove_tag;
};
inline void describe(Schema<Config>& s) {
  s.section("connection", &Config::connection).doc("The database");
  s.section("customers", &Config::customers).doc("How people are found; columns that are no field become attributes");
  s.optional("orders", &Config::orders).doc("Their orders");
  s.optional("write", &Config::write).doc("Allow the hub to write, by the three statements below. Otherwise it reads");
  s.optional("activity", &Config::activity)
      .doc("INSERT with :external_id, :crm_id, :kind, :subject, :text, :url, :at_sql; give external_id a unique key");
  s.optional("add_tag", &Config::add_tag).doc("With :crm_id and :tag, once for each");
  s.optional("remove_tag", &Config::remove_tag).doc("With :crm_id and :tag, once for each");
  common::describe_sql_common(s);
}

}  // namespace qiao::crm_sql
