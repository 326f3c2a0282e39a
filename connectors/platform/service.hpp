#pragma once

#include <memory>
#include <string>

#include "connectors/platform/backend.hpp"
#include "connectors/platform/settings.hpp"
#include "qiao/lookup.hpp"
#include "qiao/plugin.hpp"

namespace qiao::platform {

/// Everybody who fits; more than one makes `crm.ambiguous`. A value, because it is an answer like any other:
/// remembered, and no sign of a system in trouble.
struct Found {
  std::vector<contract::CustomerCard> cards;
};

/// Serves the contracts from a Backend: through caches with deadlines and breakers where something is read, directly
/// where something is written. Lives from `start` to `stop` of its plugin.
class Service {
 public:
  Service(Context& host, const CommonSettings& settings, std::size_t stock_batch, std::shared_ptr<Backend> backend);

  static void declare_erp(Manifest& m);
  static void declare_crm(Manifest& m);
  static void declare_test(Manifest& m);
  void serve_erp(Bus& bus);
  void serve_crm(Bus& bus);
  void serve_test(Bus& bus);

 private:
  void stock(const contract::StockQuery& q, const Responder<contract::Stock>& respond);
  void batch(const contract::StockBatchQuery& q, const Responder<contract::StockList>& respond);
  void customer(const contract::LookupCustomer& q, const Responder<contract::CustomerCard>& respond);
  [[nodiscard]] Result<std::string> resolve(const contract::LookupCustomer& q);
  [[nodiscard]] Result<Found> look_up(const std::string& key);
  [[nodiscard]] Error write_off() const;

  Context& host_;
  const CommonSettings settings_;
  const std::shared_ptr<Backend> backend_;
  Lookup<contract::Stock> stock_;
  Lookup<contract::ProductList> products_;
  Lookup<contract::OrderList> orders_;
  Lookup<Found> customers_;
};

}  // namespace qiao::platform
