#pragma once

#include <map>
#include <mutex>
#include <string>

#include "connectors/odoo/config.hpp"
#include "connectors/platform/answers.hpp"
#include "connectors/platform/request.hpp"
#include "connectors/platform/session.hpp"

namespace qiao::odoo {

/// Odoo by JSON-RPC (`/jsonrpc`, services common and object), 13 and later. Any thread.
class Client final : public platform::Backend {
 public:
  static constexpr bool kErp = true;
  static constexpr bool kCrm = true;
  static constexpr std::size_t kStockBatch = 50;

  Client(const OdooConfig& config, platform::Transport transport, const Clock& clock);

  Result<Stocks> stock(std::span<const std::string> skus) override;
  Result<std::vector<contract::Product>> products(const contract::ProductSearch& q) override;
  Result<std::vector<contract::Order>> orders(const contract::OrderQuery& q) override;
  Result<std::vector<contract::CustomerCard>> customers(const contract::LookupCustomer& q) override;
  Result<void> complete(contract::CustomerCard& card) override;
  Result<void> record(const std::string& crm_id, const contract::RecordActivity& activity) override;
  Result<void> tag(const std::string& crm_id, const contract::TagCustomer& q) override;
  Result<std::string> test() override;

 private:
  using Json = platform::Json;
  Result<Json> rpc(const std::string& service, const std::string& method, Json args);
  /// A method of a model, with one try more after a lost race in the database.
  Result<Json> execute(const std::string& model, const std::string& method, Json args, Json options = Json::object());
  Result<Json> search(const std::string& model, Json domain, Json fields, int limit, const std::string& order = {});
  Result<Json::array_t> every(const std::string& model, const Json& domain, const Json& fields);
  Result<std::map<std::string, std::string>> warehouse_names();
  Result<std::vector<contract::Order>> read_orders(const Json& domain, int limit);
  Result<void> add_lines(std::map<std::int64_t, contract::Order>& orders);
  Result<void> add_shipments(std::map<std::int64_t, contract::Order>& orders);
  Result<std::vector<std::int64_t>> category_ids(const std::vector<std::string>& names, bool create);

  const OdooConfig config_;
  const platform::Transport transport_;
  platform::SessionKeeper user_;  ///< the token is the user's number
  std::mutex mutex_;
  std::map<std::string, std::string> warehouses_;  ///< code → name, read once
};

}  // namespace qiao::odoo
