#pragma once

#include "connectors/common/sql_parts.hpp"

namespace qiao::erp_sql {

using common::Fields;

struct QueryConfig {
  std::string query;
  Fields fields;
};
inline void describe(Schema<QueryConfig>& s) {
  s.required("query", &QueryConfig::query).doc("SELECT with named values; columns are called as the hub's fields");
  s.optional("fields", &QueryConfig::fields).doc("When columns are called otherwise: field: /column | transform");
}

struct StockConfig : QueryConfig {
  std::size_t batch = 50;
};
inline void describe(Schema<StockConfig>& s) {
  s.required("query", &StockConfig::query)
      .doc("SELECT sku, warehouse, on_hand, reserved … WHERE sku IN (:skus); :sku when batch is 1");
  s.optional("fields", &StockConfig::fields).doc("When columns are called otherwise: field: /column | transform");
  s.optional("batch", &StockConfig::batch).range(1, 100).doc("SKUs that one query may carry");
}

struct OrderConfig {
  std::string by_number;
  std::string by_customer;
  std::string by_phone;
  std::string by_email;
  Fields fields;
};
inline void describe(Schema<OrderConfig>& s) {
  s.optional("by_number", &OrderConfig::by_number).doc("With :number. Select phone or email too: whose order it is");
  s.optional("by_customer", &OrderConfig::by_customer).doc("With :customer");
  s.optional("by_phone", &OrderConfig::by_phone).doc("With :phone, :phone_full, :phone_tail, :phone_like, :phones");
  s.optional("by_email", &OrderConfig::by_email).doc("With :email");
  s.optional("fields", &OrderConfig::fields).doc("When columns are called otherwise: field: /column | transform");
}

struct Config : platform::CommonSettings {
  common::SqlSettings connection;
  std::optional<StockConfig> stock;
  std::optional<QueryConfig> products;
  std::optional<OrderConfig> orders;
};
inline void describe(Schema<Config>& s) {
  s.section("connection", &Config::connection).doc("The database");
  s.optional("stock", &Config::stock).doc("How much of a product is there");
  s.optional("products", &Config::products).doc("Products by words: :text, :text_like, :limit");
  s.optional("orders", &Config::orders).doc("Orders, a row a line");
  common::describe_sql_common(s);
}

}  // namespace qiao::erp_sql
