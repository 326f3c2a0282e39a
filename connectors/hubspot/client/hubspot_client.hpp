#pragma once

#include <map>
#include <mutex>
#include <string>

#include "connectors/hubspot/config.hpp"
#include "connectors/platform/answers.hpp"
#include "connectors/platform/request.hpp"

namespace qiao::hubspot {

/// HubSpot's CRM API with the token of a private app. It has no stock. Any thread.
class Client final : public platform::Backend {
 public:
  static constexpr bool kErp = false;
  static constexpr bool kCrm = true;
  static constexpr std::size_t kStockBatch = 1;

  Client(const HubspotConfig& config, platform::Transport transport, const Clock& clock);

  Result<std::vector<contract::CustomerCard>> customers(const contract::LookupCustomer& q) override;
  Result<void> complete(contract::CustomerCard& card) override;
  Result<void> record(const std::string& crm_id, const contract::RecordActivity& activity) override;
  Result<void> tag(const std::string& crm_id, const contract::TagCustomer& q) override;
  Result<std::string> test() override;

 private:
  using Json = platform::Json;
  Result<Json> call(const std::string& method, const std::string& path, const Json& body = nullptr);
  /// Ids of the objects of a kind that belong to a contact, all pages.
  Result<std::vector<std::string>> associated(const std::string& contact, const std::string& kind);
  Result<Json::array_t> read(const std::string& kind, std::span<const std::string> ids, const Json& properties);
  [[nodiscard]] Json contact_properties() const;
  [[nodiscard]] contract::CustomerCard card_of(const Json& contact) const;

  const HubspotConfig config_;
  const platform::Transport transport_;
  std::mutex mutex_;
  std::map<std::string, std::string> owners_;  ///< id → name
};

}  // namespace qiao::hubspot
