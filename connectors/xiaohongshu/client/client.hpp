#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "connectors/channel/plugin.hpp"
#include "connectors/xiaohongshu/client/messages.hpp"
#include "connectors/xiaohongshu/client/shop.hpp"
#include "connectors/xiaohongshu/config.hpp"

namespace qiao::xiaohongshu {

/// A message that was pushed to another instance of the same app.
struct TakeMessage {
  Incoming message;
};
QIAO_FIELDS(TakeMessage, message)
QIAO_REQUEST_MANY(TakeMessage, contract::Done, "xiaohongshu.message", 1)

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
  /// Takes a message, or hands it to the instance that does.
  Result<void> sort(Incoming message);
  Result<void> take(Incoming message);
  Result<void> take_push(const ArkPush& push);
  /// An alert when the shop has not authorised the hub any more.
  void shop_answered(const Result<void>& answer);
  contract::ProfileCards cards(const contract::AskProfileCards& asked);

  const XiaohongshuConfig config_;
  const std::shared_ptr<channel::Services> services_;
  const bool english_;
  std::unique_ptr<MessageAccess> access_;
  Error no_access_;  ///< why there is none
  std::unique_ptr<Shop> shop_;
  std::atomic<std::int64_t> refused_at_{0}, shop_refused_at_{0};
};

}  // namespace qiao::xiaohongshu
