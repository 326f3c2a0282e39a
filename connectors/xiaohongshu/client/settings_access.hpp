#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/channel/wechat_crypt.hpp"
#include "connectors/platform/json_answer.hpp"
#include "connectors/xiaohongshu/client/messages.hpp"

namespace qiao::xiaohongshu {

/// The example of an adapter, and one that works where the invited interface is like its cousins: JSON pushes, signed
/// and perhaps encrypted; JSON calls with a token in a header. Addresses, names and paths are settings.
class SettingsAccess final : public MessageAccess {
 public:
  static Result<std::unique_ptr<MessageAccess>> make(const AccessConfig& config, std::shared_ptr<OutboundClient> http);
  SettingsAccess(const AccessConfig& config, std::shared_ptr<OutboundClient> http,
                 std::optional<channel::WechatCrypt> crypt, platform::Json fixed);

  [[nodiscard]] contract::ChannelCapabilities capabilities() const override;
  Result<std::string> check(const HttpRequest& request) override;
  Result<std::vector<Incoming>> read(const HttpRequest& push) override;
  Result<std::string> send(const channel::Part& part, const std::string& place) override;
  Result<std::string> test() override;

  /// The JSON of an answer.
  [[nodiscard]] std::string body_of(const channel::Part& part, const std::string& place) const;

 private:
  Result<void> verify(const HttpRequest& push, const std::string& sealed) const;
  [[nodiscard]] Incoming incoming(const platform::Json& message) const;
  Result<platform::Json> call(const std::string& method, const std::string& url, const std::string& body);

  const AccessConfig config_;
  std::shared_ptr<OutboundClient> http_;
  const std::optional<channel::WechatCrypt> crypt_;
  const platform::Json fixed_;
};

}  // namespace qiao::xiaohongshu
