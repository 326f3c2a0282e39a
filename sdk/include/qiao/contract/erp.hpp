#pragma once

#include "qiao/message.hpp"

/// \file
/// What an ERP knows about goods and orders. A request has one server; `bindings:` chooses when several could.
/// Quantities are in the product's own unit and may have fractions. Errors: `not_found` (the ERP says that there is no
/// such thing), `erp.unavailable` or `timeout` (no answer, and nothing remembered that could stand in for one).

namespace qiao::contract {

/// Stock of one product in one warehouse.
struct StockLevel {
  std::string warehouse;       ///< the ERP's code
  std::string warehouse_name;  ///< as people call it; may be empty
  double on_hand = 0;
  double reserved = 0;
  double available = 0;  ///< what can be promised: on_hand - reserved, unless the ERP says otherwise
};
QIAO_FIELDS(StockLevel, warehouse, warehouse_name, on_hand, reserved, available)

/// Stock of one product. The sums are over `levels`.
struct Stock {
  std::string sku;
  std::string name;
  std::string unit;
  double on_hand = 0;
  double reserved = 0;
  double available = 0;
  std::vector<StockLevel> levels;  ///< by warehouse code
  Time as_of;                      ///< when the ERP said so
  bool stale = false;              ///< older than the connector's `fresh_for`: the ERP did not answer in time
  std::string source;              ///< instance name of the connector
};
QIAO_FIELDS(Stock, sku, name, unit, on_hand, reserved, available, levels, as_of, stale, source)

/// How much of a product is there.
struct StockQuery {
  std::string sku;
  std::string warehouse;  ///< code; empty: all
};
QIAO_FIELDS(StockQuery, sku, warehouse)
QIAO_REQUEST(StockQuery, Stock, "erp.stock.query", 1)

struct StockList {
  std::vector<Stock> found;
  std::vector<std::string> unknown;      ///< SKUs that the ERP does not have
  std::vector<std::string> unavailable;  ///< SKUs about which nothing could be learned in time
};
QIAO_FIELDS(StockList, found, unknown, unavailable)

/// The same for up to 100 SKUs; fails only when the question itself is wrong.
struct StockBatchQuery {
  std::vector<std::string> skus;
  std::string warehouse;
};
QIAO_FIELDS(StockBatchQuery, skus, warehouse)
QIAO_REQUEST(StockBatchQuery, StockList, "erp.stock.batch", 1)

/// Money is an amount in the currency's main unit with its ISO 4217 code, as the ERP gave it.
struct Product {
  std::string sku;
  std::string name;
  std::string barcode;
  std::string unit;
  std::string price;  ///< decimal text, e.g. "129.00"; empty: not known
  std::string currency;
  std::string url;
  std::map<std::string, std::string> attributes;
};
QIAO_FIELDS(Product, sku, name, barcode, unit, price, currency, url, attributes)

struct ProductList {
  std::vector<Product> products;
  Time as_of;
  bool stale = false;
};
QIAO_FIELDS(ProductList, products, as_of, stale)

/// Products whose SKU, barcode or name fits the words, best first.
struct ProductSearch {
  std::string text;
  std::int32_t limit = 10;  ///< at most 50
};
QIAO_FIELDS(ProductSearch, text, limit)
QIAO_REQUEST(ProductSearch, ProductList, "erp.product.search", 1)

struct OrderLine {
  std::string sku;
  std::string name;
  double quantity = 0;
  std::string price;  ///< of one, decimal text
};
QIAO_FIELDS(OrderLine, sku, name, quantity, price)

struct Shipment {
  std::string carrier;
  std::string tracking;
  std::string status;
  Time shipped_at;   ///< 1970 when not
  Time expected_at;  ///< 1970 when not known
};
QIAO_FIELDS(Shipment, carrier, tracking, status, shipped_at, expected_at)

struct Order {
  std::string number;
  Time placed_at;
  std::string status;  ///< as the system names it
  std::string amount;  ///< decimal text
  std::string currency;
  std::vector<OrderLine> lines;
  std::vector<Shipment> shipments;
};
QIAO_FIELDS(Order, number, placed_at, status, amount, currency, lines, shipments)

struct OrderList {
  std::vector<Order> orders;  ///< newest first
  Time as_of;
  bool stale = false;
  std::string source;
};
QIAO_FIELDS(OrderList, orders, as_of, stale, source)

/// One order by its number, or the newest of a customer. `phone` narrows a search by number to that customer: give it
/// whenever the asker is a customer, so that nobody reads another's order.
struct OrderQuery {
  std::string number;
  std::string customer;  ///< id of the customer in the ERP
  std::string phone;
  std::string email;
  std::int32_t limit = 10;  ///< at most 50
};
QIAO_FIELDS(OrderQuery, number, customer, phone, email, limit)
QIAO_REQUEST(OrderQuery, OrderList, "erp.order.query", 1)

}  // namespace qiao::contract
