#pragma once

#include "connectors/app/client/push.hpp"
#include "connectors/app/config.hpp"
#include "connectors/channel/token_keeper.hpp"

namespace qiao::app {

/// hex(sha256(app key + milliseconds + master secret)).
std::string getui_sign(const GetuiSettings& settings, const std::string& timestamp_ms);
OutboundRequest getui_request(const GetuiSettings& settings, const std::string& token, const Device& device,
                              const Notice& notice);
Result<void> getui_result(const OutboundResponse& response);

/// Getui 个推, REST v2.
class Getui final : public PushService {
 public:
  Getui(const GetuiSettings& settings, platform::Transport transport, channel::Memory& memory, const Clock& clock);
  Result<void> push(const Device& device, const Notice& notice) override;
  Result<std::string> test() override;

 private:
  Result<channel::FreshToken> log_in();

  const GetuiSettings settings_;
  const platform::Transport transport_;
  const Clock& clock_;
  channel::TokenKeeper tokens_;
};

}  // namespace qiao::app
