#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "connectors/platform/answers.hpp"
#include "connectors/platform/request.hpp"
#include "connectors/platform/session.hpp"
#include "connectors/tryton/config.hpp"

namespace qiao::tryton {

/// Values that JSON lacks are objects: {"__class__":"Decimal","decimal":"12.0"}, dates and times likewise.
std::string decimal_text(const platform::Json& value);
double decimal_number(const platform::Json& value);
/// A date is midnight `utc_offset` hours ahead of UTC; a date with a time is UTC.
Time time_value(const platform::Json& value, int utc_offset);

/// Tryton 6 by JSON-RPC, with the modules stock, product, party and sale. Any thread.
class Client final : public platform::Backend {
 public:
  static constexpr bool kErp = true;
  static constexpr bool kCrm = true;
  static constexpr std::size_t kStockBatch = 50;

  Client(const TrytonConfig& config, platform::Transport transport, const Clock& clock);

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
  struct Warehouse {
    std::int64_t id = 0;
    std::string code;
    std::string name;
  };
  /// What changes rarely, read once an hour.
  struct Shop {
    std::int64_t company = 0;
    std::string currency;
    std::vector<Warehouse> warehouses;
  };

  Result<Json> post(const std::string& method, Json params, const std::string& authorization = {});
  /// A method with the session; `context` comes last in its parameters.
  Result<Json> call(const std::string& method, Json params, Json context);
  Result<Json> search(const std::string& model, Json domain, Json fields, int limit, const Json& context,
                      const Json& order = nullptr);
  Result<Shop> shop();
  [[nodiscard]] Json context(const Shop& shop) const;
  Result<std::vector<contract::Order>> read_orders(const Json& domain, int limit);
  Result<Json> category_ids(const std::vector<std::string>& names, bool create);

  const TrytonConfig config_;
  const platform::Transport transport_;
  const Clock& clock_;
  platform::SessionKeeper session_;
  std::mutex mutex_;
  Shop shop_;
  SteadyTime shop_until_{};
};

}  // namespace qiao::tryton
