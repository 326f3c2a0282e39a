#pragma once

#include "connectors/app/client/push.hpp"
#include "connectors/app/config.hpp"
#include "connectors/channel/token_keeper.hpp"

namespace qiao::app {

/// What of the service account's file is needed.
struct ServiceAccount {
  std::string project;
  std::string email;
  std::string key;  ///< PEM
  std::string key_id;
  std::string token_url;
  static Result<ServiceAccount> read(std::string_view json);
};

/// What is exchanged for an access token: a JWT with RS256.
Result<std::string> fcm_assertion(const ServiceAccount& account, Time now);
OutboundRequest fcm_request(const std::string& url, const ServiceAccount& account, const std::string& token,
                            const Device& device, const Notice& notice, bool validate_only);
Result<void> fcm_result(const OutboundResponse& response);

/// Firebase Cloud Messaging, HTTP v1.
class Fcm final : public PushService {
 public:
  Fcm(std::string url, ServiceAccount account, platform::Transport transport, channel::Memory& memory,
      const Clock& clock);
  Result<void> push(const Device& device, const Notice& notice) override;
  Result<std::string> test() override;

 private:
  Result<void> send(const Device& device, const Notice& notice, bool validate_only);
  Result<channel::FreshToken> log_in();

  const std::string url_;
  const ServiceAccount account_;
  const platform::Transport transport_;
  const Clock& clock_;
  channel::TokenKeeper tokens_;
};

}  // namespace qiao::app
