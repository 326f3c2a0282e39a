#pragma once

#include "connectors/app/client/push.hpp"
#include "connectors/app/config.hpp"
#include "connectors/channel/token_keeper.hpp"

namespace qiao::app {

/// The provider token: a JWT with ES256. Errors: `channel.key`.
Result<std::string> apns_token(const ApnsSettings& settings, Time now);
/// The call for one push.
OutboundRequest apns_request(const ApnsSettings& settings, const std::string& token, const Device& device,
                             const Notice& notice, Time now);
/// What an answer means.
Result<void> apns_result(const OutboundResponse& response);

/// Apple's push service. `transport` must speak HTTP/2.
class Apns final : public PushService {
 public:
  Apns(const ApnsSettings& settings, platform::Transport transport, channel::Memory& memory, const Clock& clock);
  Result<void> push(const Device& device, const Notice& notice) override;
  Result<std::string> test() override;

 private:
  const ApnsSettings settings_;
  const platform::Transport transport_;
  const Clock& clock_;
  channel::TokenKeeper tokens_;
};

}  // namespace qiao::app
