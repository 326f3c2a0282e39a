#pragma once

#include <map>
#include <string>
#include <vector>

#include "qiao/fields.hpp"

/// \file
/// What partners read and write as JSON.

namespace qiao::partners {

struct PartnerStockLevel {
  std::string warehouse;
  std::string name;
  double available = 0;
};
QIAO_FIELDS(PartnerStockLevel, warehouse, name, available)

struct PartnerStock {
  std::string sku;
  std::string warehouse;  ///< as asked for; empty: all
  std::string name;
  std::string unit;
  double available = 0;
  std::vector<PartnerStockLevel> warehouses;
  Time as_of;          ///< when the ERP said so
  bool stale = false;  ///< older than it should be: the ERP does not answer
};
QIAO_FIELDS(PartnerStock, sku, warehouse, name, unit, available, warehouses, as_of, stale)

struct PartnerStockList {
  std::vector<PartnerStock> items;
  std::vector<std::string> unknown;      ///< SKUs that do not exist
  std::vector<std::string> unavailable;  ///< nothing is known of them at the moment
  std::vector<std::string> forbidden;    ///< SKUs that the key does not open
};
QIAO_FIELDS(PartnerStockList, items, unknown, unavailable, forbidden)

struct PartnerStockParams {
  std::vector<std::string> sku;
  std::string warehouse;
};
QIAO_FIELDS(PartnerStockParams, sku, warehouse)

struct PartnerStockBatch {
  std::vector<std::string> skus;
  std::string warehouse;
};
QIAO_FIELDS(PartnerStockBatch, skus, warehouse)

struct PartnerProductParams {
  std::string search;
  std::int32_t limit = 10;
};
QIAO_FIELDS(PartnerProductParams, search, limit)

struct PartnerProduct {
  std::string sku;
  std::string name;
  std::string barcode;
  std::string unit;
  std::string price;  ///< decimal text; empty: not known
  std::string currency;
  std::string url;
  std::map<std::string, std::string> attributes;
};
QIAO_FIELDS(PartnerProduct, sku, name, barcode, unit, price, currency, url, attributes)

struct PartnerProductList {
  std::vector<PartnerProduct> products;
  Time as_of;
  bool stale = false;
};
QIAO_FIELDS(PartnerProductList, products, as_of, stale)

struct LiveItem {
  std::string sku;
  std::string warehouse;
  auto operator<=>(const LiveItem&) const = default;
};
QIAO_FIELDS(LiveItem, sku, warehouse)

/// What a live client says: `hello` with its key first, `watch` to ask for other items.
struct LiveFrame {
  std::string t;
  std::string key;
  std::vector<LiveItem> items;
};
QIAO_FIELDS(LiveFrame, t, key, items)

}  // namespace qiao::partners
