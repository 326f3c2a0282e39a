#pragma once

#include <memory>
#include <string>

#include "connectors/channel/plugin.hpp"
#include "connectors/channel/token_keeper.hpp"
#include "connectors/xiaohongshu/client/ark.hpp"
#include "connectors/xiaohongshu/config.hpp"

namespace qiao::xiaohongshu {

/// The shop platform with its token. Blocks; any thread.
class Shop {
 public:
  Shop(const ArkConfig& config, std::shared_ptr<OutboundClient> http, channel::Memory& memory, const Clock& clock);
  /// The `data` of a method's answer; the token is renewed once when it is refused.
  Result<platform::Json> call(const std::string& method, const platform::Json& parameters);
  Result<platform::Json> order(const std::string& number);
  /// A push is signed by the platform.
  [[nodiscard]] bool signed_by_platform(const HttpRequest& request) const;
  Result<std::string> token() { return token_.get(); }
  void renew();

 private:
  Result<channel::FreshToken> fetch(const std::string& refresh);
  Result<platform::Json> once(const std::string& method, const std::string& token, const platform::Json& parameters);
  const ArkConfig config_;
  std::shared_ptr<OutboundClient> http_;
  const Clock& clock_;
  channel::TokenKeeper token_;
};

}  // namespace qiao::xiaohongshu
