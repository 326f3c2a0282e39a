#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/channel/plugin.hpp"
#include "connectors/xiaohongshu/client/messages.hpp"
#include "connectors/xiaohongshu/client/shop.hpp"
#include "connectors/xiaohongshu/config.hpp"

namespace qiao::xiaohongshu {

/// The shop's events beside the conversations, and messages as far as the company was invited to them.
class Client final : public channel::Platform {
 public:
  static constexpr const char* kName = "xiaohongshu";
  static constexpr bool kWindow = true;

  Client(const XiaohongshuConfig& config, std::shared_ptr<channel::Services> services);

  Result<void> start(Context& host);
  [[nodiscard]] contract::ChannelCapabilities capabilities() const override;
  Result<std::string> send(const channel::Part& part) override;
  Result<contract::ConnectorTested> test() override;
  void renew_credentials() override;

 private:
  void pushed(const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply);
  void shop_pushed(const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply);
  Result<void> take(Incoming message);
  Result<void> take_push(const ArkPush& push);
  contract::ProfileCards cards(const contract::AskProfileCards& asked);

  const XiaohongshuConfig config_;
  const std::shared_ptr<channel::Services> services_;
  const bool english_;
  std::unique_ptr<MessageAccess> access_;
  Error no_access_;  ///< why there is none
  std::unique_ptr<Shop> shop_;
};

}  // namespace qiao::xiaohongshu
