#pragma once

#include "connectors/app/client/push.hpp"
#include "connectors/app/config.hpp"

namespace qiao::app {

std::string jpush_authorization(const JpushSettings& settings);
OutboundRequest jpush_request(const JpushSettings& settings, const Device& device, const Notice& notice);
Result<void> jpush_result(const OutboundResponse& response);

/// JPush 极光.
class Jpush final : public PushService {
 public:
  Jpush(const JpushSettings& settings, platform::Transport transport)
      : settings_(settings), transport_(std::move(transport)) {}
  Result<void> push(const Device& device, const Notice& notice) override;
  Result<std::string> test() override;

 private:
  const JpushSettings settings_;
  const platform::Transport transport_;
};

}  // namespace qiao::app
