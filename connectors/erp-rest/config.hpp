#pragma once

#include "connectors/common/rest_parts.hpp"

namespace qiao::erp_rest {

using common::CallSettings;
using common::Fields;
using common::ListMap;
using common::PagingSettings;

struct StockConfig {
  CallSettings call;
  std::string rows;
  Fields fields;
  std::optional<ListMap> levels;
  PagingSettings paging;
  std::size_t batch = 1;
};
inline void describe(Schema<StockConfig>& s) {
  s.section("call", &StockConfig::call).doc("With {sku}, or {skus} with commas when batch is more than 1");
  s.optional("rows", &StockConfig::rows).doc("JSON pointer to the rows: one a product and warehouse, or one a product");
  s.required("fields", &StockConfig::fields)
      .doc("sku, name, unit, warehouse, warehouse_name, on_hand, reserved, available: where each comes from");
  s.optional("levels", &StockConfig::levels).doc("Warehouses as a list inside of a product's row");
  s.section("paging", &StockConfig::paging);
  s.optional("batch", &StockConfig::batch).range(1, 100).doc("SKUs that one call may carry");
}

struct ProductConfig {
  CallSettings call;
  std::string rows;
  Fields fields;
};
inline void describe(Schema<ProductConfig>& s) {
  s.section("call", &ProductConfig::call).doc("With {text} and {limit}");
  s.optional("rows", &ProductConfig::rows).doc("JSON pointer to the rows");
  s.required("fields", &ProductConfig::fields)
      .doc("sku, name, barcode, unit, price, currency, url, attributes.NAME: where each comes from");
}

struct OrderConfig : common::OrderMap {
  std::optional<CallSettings> by_number;
  std::optional<CallSettings> by_customer;
  std::optional<CallSettings> by_phone;
  std::optional<CallSettings> by_email;
  std::string one;
  PagingSettings paging;
};
inline void describe(Schema<OrderConfig>& s) {
  s.optional("by_number", &OrderConfig::by_number).doc("With {number}");
  s.optional("by_customer", &OrderConfig::by_customer).doc("With {customer} and {limit}");
  s.optional("by_phone", &OrderConfig::by_phone).doc("With {phone}, {phone_full}, {phone_tail} and {limit}");
  s.optional("by_email", &OrderConfig::by_email).doc("With {email} and {limit}");
  s.optional("one", &OrderConfig::one).doc("JSON pointer to the order that by_number finds; empty: the answer itself");
  s.optional("rows", &OrderConfig::rows).doc("JSON pointer to the orders that the others find");
  s.required("fields", &OrderConfig::fields)
      .doc(
          "number, placed_at, status, amount, currency, customer, phone, email …: map phone or email, or customers "
          "see no order");
  s.optional("lines", &OrderConfig::lines).doc("Lines inside of an order: sku, name, quantity, price");
  s.optional("shipments", &OrderConfig::shipments)
      .doc("Shipments inside of an order: carrier, tracking, status, shipped_at, expected_at");
  s.section("paging", &OrderConfig::paging);
}

struct Config : common::RestConfig {
  std::optional<StockConfig> stock;
  std::optional<ProductConfig> products;
  std::optional<OrderConfig> orders;
};
inline void describe(Schema<Config>& s) {
  common::describe_rest(s);
  s.optional("stock", &Config::stock).doc("How much of a product is there");
  s.optional("products", &Config::products).doc("Products by words");
  s.optional("orders", &Config::orders).doc("Orders by number or customer");
}

}  // namespace qiao::erp_rest
