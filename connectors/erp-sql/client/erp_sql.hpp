#pragma once

#include <memory>

#include "connectors/common/customers.hpp"
#include "connectors/erp-sql/config.hpp"
#include "connectors/platform/backend.hpp"

namespace qiao::erp_sql {

/// Any MySQL, MariaDB or SQLite database with goods in it, as the configuration describes it. It only reads.
class Client final : public platform::Backend {
 public:
  static constexpr bool kErp = true;
  static constexpr bool kCrm = false;
  static std::size_t batch(const Config& config) { return config.stock ? config.stock->batch : 1; }
  /// Checks all queries and mappings; opens nothing.
  static Result<std::shared_ptr<Client>> make(const Config& config, const Clock& clock);

  Result<Stocks> stock(std::span<const std::string> skus) override;
  Result<std::vector<contract::Product>> products(const contract::ProductSearch& q) override;
  Result<std::vector<contract::Order>> orders(const contract::OrderQuery& q) override;
  Result<std::string> test() override;
  void close() noexcept { source_.close(); }

 private:
  explicit Client(Config config);
  Result<void> compile();

  const Config config_;
  common::SqlSource source_;
  std::optional<common::SqlStatement> stock_query_;
  std::optional<common::StockReader> stock_reader_;
  std::optional<common::SqlStatement> product_query_;
  std::optional<common::ProductReader> product_reader_;
  common::ChosenStatements order_queries_;
  std::optional<common::OrderReader> order_reader_;
};

}  // namespace qiao::erp_sql
