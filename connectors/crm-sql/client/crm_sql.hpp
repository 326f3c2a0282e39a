#pragma once

#include <memory>

#include "connectors/common/customers.hpp"
#include "connectors/crm-sql/config.hpp"
#include "connectors/platform/backend.hpp"

namespace qiao::crm_sql {

/// Any MySQL, MariaDB or SQLite database with customers in it, as the configuration describes it.
class Client final : public platform::Backend {
 public:
  static constexpr bool kErp = false;
  static constexpr bool kCrm = true;
  static std::size_t batch(const Config&) { return 1; }
  /// Checks all queries and mappings; opens nothing.
  static Result<std::shared_ptr<Client>> make(const Config& config, const Clock& clock);

  Result<std::vector<contract::CustomerCard>> customers(const contract::LookupCustomer& q) override;
  Result<void> complete(contract::CustomerCard& card) override;
  Result<void> record(const std::string& crm_id, const contract::RecordActivity& q) override;
  Result<void> tag(const std::string& crm_id, const contract::TagCustomer& q) override;
  Result<std::string> test() override;
  void close() noexcept { source_.close(); }

 private:
  explicit Client(Config config);
  Result<void> compile();
  Result<void> tag_each(const std::optional<common::SqlStatement>& statement, const std::string& crm_id,
                        const std::vector<std::string>& tags);

  const Config config_;
  common::SqlSource source_;
  common::ChosenStatements customer_queries_;
  std::optional<common::CustomerReader> customer_reader_;
  std::optional<common::SqlStatement> order_query_;
  std::optional<common::OrderReader> order_reader_;
  std::optional<common::SqlStatement> activity_;
  std::optional<common::SqlStatement> add_tag_;
  std::optional<common::SqlStatement> remove_tag_;
};

}  // namespace qiao::crm_sql
