#pragma once

#include "qiao/message.hpp"

namespace qiao::contract {

struct StockLevel {
  std::string sku;
  std::string warehouse;
  std::int64_t on_hand = 0;
  std::int64_t reserved = 0;
  Time as_of;  ///< when the ERP said so
};
QIAO_FIELDS(StockLevel, sku, warehouse, on_hand, reserved, as_of)

/// How much of a product is there; `not_found` for an unknown SKU.
struct StockQuery {
  std::string sku;
  std::string warehouse;  ///< empty: all together
};
QIAO_FIELDS(StockQuery, sku, warehouse)
QIAO_REQUEST(StockQuery, StockLevel, "erp.stock.query", 1)

}  // namespace qiao::contract
