#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connectors/erp-csv/csv.hpp"
#include "qiao/contract/erp.hpp"

namespace qiao::erp_csv {

/// Our name of a column → what stands in the heading of the file. What is not named here is found by its usual names,
/// English or Chinese.
using Columns = std::map<std::string, std::string>;

/// An order with whom it belongs to.
struct OwnedOrder {
  contract::Order order;
  std::string customer;
  std::string phone;
  std::string email;
};

/// Goods, stock and orders out of the files; never changed once it is shared.
class Catalogue {
 public:
  /// Each takes a table in; what is wrong with a row is added to `problems` ("line 7: …") and the row left out. Fails
  /// when a column is missing that nothing can be done without.
  Result<void> add_products(const CsvTable& table, const Columns& columns, std::vector<std::string>& problems);
  Result<void> add_stock(const CsvTable& table, const Columns& columns, std::vector<std::string>& problems);
  Result<void> add_orders(const CsvTable& table, const Columns& columns, std::vector<std::string>& problems);

  /// Null: there is no such product. SKUs are compared without regard to case and spaces: people type them.
  [[nodiscard]] const contract::Stock* stock(std::string_view sku) const;
  [[nodiscard]] std::vector<contract::Product> search(std::string_view text, std::size_t limit) const;
  /// Newest first. A phone number or an e-mail address narrows to orders of whom these belong to; an order without
  /// them then belongs to nobody.
  [[nodiscard]] std::vector<contract::Order> orders(const contract::OrderQuery& q, std::string_view country) const;

  [[nodiscard]] std::size_t products() const noexcept { return products_.size(); }
  [[nodiscard]] std::size_t stocked() const noexcept { return stock_.size(); }
  [[nodiscard]] std::size_t order_count() const noexcept { return orders_.size(); }

 private:
  contract::Stock& stock_of(const std::string& sku);

  std::vector<contract::Product> products_;
  std::unordered_map<std::string, std::size_t> product_by_sku_;
  std::unordered_map<std::string, contract::Stock> stock_;
  std::vector<OwnedOrder> orders_;  // newest first
};

/// "a-7 " and "A-7" are one SKU.
std::string sku_key(std::string_view sku);

}  // namespace qiao::erp_csv
