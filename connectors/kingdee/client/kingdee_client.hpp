#pragma once

#include <string>

#include "connectors/kingdee/config.hpp"
#include "connectors/platform/answers.hpp"
#include "connectors/platform/request.hpp"
#include "connectors/platform/session.hpp"

namespace qiao::kingdee {

/// A text as a literal of a FilterString.
std::string filter_literal(std::string_view text);
/// Numbers of products, customers and orders may hold letters, digits and -_./+# and Chinese characters; anything else
/// never reaches a FilterString.
bool is_safe(std::string_view code);
/// The session of a log-in's answer; only LoginResultType 1 is success.
Result<platform::Grant> parse_login(const platform::Json& answer);
/// The rows of ExecuteBillQuery, or the error that came with HTTP 200 in their place.
Result<platform::Json::array_t> parse_rows(const platform::Json& answer);

/// 金蝶云星空 (K3Cloud WebAPI), the session way. Reads only. Any thread.
class Client final : public platform::Backend {
 public:
  static constexpr bool kErp = true;
  static constexpr bool kCrm = true;
  static constexpr std::size_t kStockBatch = 20;

  Client(const KingdeeConfig& config, platform::Transport transport, const Clock& clock);

  Result<Stocks> stock(std::span<const std::string> skus) override;
  Result<std::vector<contract::Product>> products(const contract::ProductSearch& q) override;
  Result<std::vector<contract::Order>> orders(const contract::OrderQuery& q) override;
  Result<std::vector<contract::CustomerCard>> customers(const contract::LookupCustomer& q) override;
  Result<void> complete(contract::CustomerCard& card) override;
  Result<std::string> test() override;

 private:
  using Json = platform::Json;
  struct Query {
    std::string form;
    std::vector<std::string> keys;  ///< an empty key is not asked for; its column reads as null
    std::string filter;
    std::string order{};
    std::size_t most = 0;  ///< 0: all of them
  };
  Result<Json> post(const std::string& service, const Json& body, const std::string& session = {});
  /// Rows with one column a key.
  Result<Json::array_t> query(const Query& q);

  const KingdeeConfig config_;
  const platform::Transport transport_;
  platform::SessionKeeper session_;
};

}  // namespace qiao::kingdee
