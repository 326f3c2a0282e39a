#pragma once

#include "qiao/contract/erp.hpp"

namespace qiao::partners {

inline contract::Stock stock_of(const std::string& sku, double available, Time as_of) {
  contract::Stock stock;
  stock.sku = sku;
  stock.available = available;
  stock.as_of = as_of;
  return stock;
}

}  // namespace qiao::partners
