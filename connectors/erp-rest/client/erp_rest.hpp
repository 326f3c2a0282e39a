#pragma once

#include <memory>

#include "connectors/common/customers.hpp"
#include "connectors/erp-rest/config.hpp"
#include "connectors/platform/backend.hpp"

namespace qiao::erp_rest {

/// Any JSON REST interface of an ERP, as the configuration describes it.
class Client final : public platform::Backend {
 public:
  static constexpr bool kErp = true;
  static constexpr bool kCrm = false;
  static std::size_t batch(const Config& config) { return config.stock ? config.stock->batch : 1; }
  /// Checks all mappings and templates; opens nothing.
  static Result<std::shared_ptr<Client>> make(const Config& config, const Clock& clock);

  Result<Stocks> stock(std::span<const std::string> skus) override;
  Result<std::vector<contract::Product>> products(const contract::ProductSearch& q) override;
  Result<std::vector<contract::Order>> orders(const contract::OrderQuery& q) override;
  Result<std::string> test() override;
  void close() noexcept { outbound_->close(); }

 private:
  Client(Config config, const Clock& clock);
  Result<void> compile();

  const Config config_;
  std::shared_ptr<OutboundClient> outbound_;
  common::RestClient rest_;
  std::optional<common::RestCall> stock_call_;
  std::optional<common::StockReader> stock_reader_;
  std::optional<common::RestCall> product_call_;
  std::optional<common::ProductReader> product_reader_;
  common::ChosenCalls order_calls_;
  std::optional<common::OrderReader> order_reader_;
  std::optional<common::RestCall> test_call_;
};

}  // namespace qiao::erp_rest
