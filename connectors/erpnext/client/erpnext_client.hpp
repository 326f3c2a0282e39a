#pragma once

#include <string>

#include "connectors/erpnext/config.hpp"
#include "connectors/platform/answers.hpp"
#include "connectors/platform/request.hpp"

namespace qiao::erpnext {

/// ERPNext (Frappe 13 and later) by its REST interface, with the key of a user. Any thread; keeps nothing.
class Client final : public platform::Backend {
 public:
  static constexpr bool kErp = true;
  static constexpr bool kCrm = true;
  static constexpr std::size_t kStockBatch = 50;

  Client(const ErpnextConfig& config, platform::Transport transport, const Clock& clock);

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
  struct Question {
    Json filters = Json::array();
    Json any = Json::array();  ///< or_filters
    Json fields = Json::array();
    int limit = 20;
    int start = 0;
    std::string order{};
  };
  Result<Json> call(const std::string& method, const std::string& path, const std::string& query = {},
                    const Json& body = nullptr);
  Result<Json> list(const std::string& doctype, const Question& q);
  Result<Json> document(const std::string& doctype, const std::string& name);
  Result<Json::array_t> every(const std::string& doctype, Question q);
  Result<contract::Order> order(const std::string& number, std::string* customer = nullptr);

  const ErpnextConfig config_;
  const platform::Transport transport_;
};

}  // namespace qiao::erpnext
