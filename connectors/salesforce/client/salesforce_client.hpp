#pragma once

#include <string>

#include "connectors/platform/answers.hpp"
#include "connectors/platform/request.hpp"
#include "connectors/platform/session.hpp"
#include "connectors/salesforce/config.hpp"

namespace qiao::salesforce {

/// A text as a literal of SOQL: in quotes, with \ before \ and '.
std::string soql_literal(std::string_view text);
/// The same for LIKE, where % and _ would stand for anything.
std::string soql_like(std::string_view text);
/// A JWT with header and claims, signed by RS256; an error when the key is no RSA key in PEM.
Result<std::string> jwt_bearer(const std::string& private_key, const std::string& claims);

/// Salesforce by REST: OAuth (client credentials or JWT bearer), SOQL and SOSL. Any thread.
class Client final : public platform::Backend {
 public:
  static constexpr bool kErp = true;
  static constexpr bool kCrm = true;
  static constexpr std::size_t kStockBatch = 50;

  Client(const SalesforceConfig& config, platform::Transport transport, const Clock& clock);

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
  Result<platform::Grant> log_in();
  /// `path` below /services/data/<version>/, or as it is when it starts with a slash.
  Result<Json> call(const std::string& method, const std::string& path, const Json& body = nullptr);
  /// The records of a SOQL query, following nextRecordsUrl.
  Result<Json::array_t> query(const std::string& soql);
  Result<std::vector<contract::CustomerCard>> contacts(const std::string& where);
  Result<std::vector<contract::Order>> read_orders(const std::string& where, int limit);

  const SalesforceConfig config_;
  const platform::Transport transport_;
  const Clock& clock_;
  platform::SessionKeeper session_;
};

}  // namespace qiao::salesforce
