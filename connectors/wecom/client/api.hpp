#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/channel/plugin.hpp"
#include "connectors/channel/token_keeper.hpp"
#include "connectors/platform/json_answer.hpp"
#include "connectors/wecom/config.hpp"

namespace qiao::wecom {

/// Calls of the platform with its token: renewed once when it is refused, never in a log. Blocks; any thread.
class Api {
 public:
  Api(const WecomConfig& config, std::shared_ptr<OutboundClient> http, channel::Memory& memory, const Clock& clock);

  /// A JSON answer whose errcode is 0. `body` empty: GET.
  Result<platform::Json> call(const std::string& path, const std::string& body, const std::string& query = {});
  /// The answer as text, for what is read elsewhere.
  Result<std::string> call_text(const std::string& path, const std::string& body);
  struct Account {
    std::string open_kfid;
    std::string name;
  };
  /// All 客服账号 that the secret may use.
  Result<std::vector<Account>> accounts();
  struct Media {
    std::string bytes;
    std::string name;
    std::string type;
  };
  Result<Media> media(const std::string& media_id);
  Result<std::string> upload(const std::string& kind, const std::string& name, const std::string& type,
                             const std::string& bytes);
  void renew();

 private:
  Result<channel::FreshToken> fetch();
  /// Puts the token into the address; a second try with a fresh one when it is refused.
  Result<std::pair<OutboundResponse, platform::Json>> send(OutboundRequest request, const std::string& path,
                                                           const std::string& query);
  const WecomConfig& config_;
  std::shared_ptr<OutboundClient> http_;
  channel::TokenKeeper token_;
};

}  // namespace qiao::wecom
