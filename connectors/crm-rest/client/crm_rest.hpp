#pragma once

#include <memory>

#include "connectors/common/customers.hpp"
#include "connectors/crm-rest/config.hpp"
#include "connectors/platform/backend.hpp"

namespace qiao::crm_rest {

/// Any JSON REST interface of a CRM, as the configuration describes it.
class Client final : public platform::Backend {
 public:
  static constexpr bool kErp = false;
  static constexpr bool kCrm = true;
  static std::size_t batch(const Config&) { return 1; }
  /// Checks all mappings and templates; opens nothing.
  static Result<std::shared_ptr<Client>> make(const Config& config, const Clock& clock);

  Result<std::vector<contract::CustomerCard>> customers(const contract::LookupCustomer& q) override;
  Result<void> complete(contract::CustomerCard& card) override;
  Result<void> record(const std::string& crm_id, const contract::RecordActivity& q) override;
  Result<void> tag(const std::string& crm_id, const contract::TagCustomer& q) override;
  Result<std::string> test() override;
  void close() noexcept { outbound_->close(); }

 private:
  Client(Config config, const Clock& clock);
  Result<void> compile();
  Result<void> tag_each(const std::optional<common::RestCall>& call, const std::string& crm_id,
                        const std::vector<std::string>& tags);

  const Config config_;
  std::shared_ptr<OutboundClient> outbound_;
  common::RestClient rest_;
  common::ChosenCalls customer_calls_;
  std::optional<common::CustomerReader> customer_reader_;
  std::optional<common::RestCall> order_call_;
  std::optional<common::OrderReader> order_reader_;
  std::optional<common::RestCall> activity_call_;
  std::optional<common::RestCall> known_call_;
  std::optional<common::RestCall> add_tag_;
  std::optional<common::RestCall> remove_tag_;
  std::optional<common::RestCall> test_call_;
};

}  // namespace qiao::crm_rest
