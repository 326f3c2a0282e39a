#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "connectors/channel/plugin.hpp"
#include "connectors/channel/token_keeper.hpp"
#include "connectors/wechat/client/api.hpp"
#include "connectors/wechat/client/callback.hpp"
#include "connectors/wechat/client/exchanges.hpp"
#include "connectors/wechat/config.hpp"

namespace qiao::wechat {

class Reception;

/// One official account or mini program: what is sent, and the start of what receives.
class Client final : public channel::Platform {
 public:
  static constexpr const char* kName = "wechat";
  static constexpr bool kWindow = true;

  Client(const WechatConfig& config, std::shared_ptr<channel::Services> services);
  ~Client() override;

  Result<void> start(Context& host);

  [[nodiscard]] contract::ChannelCapabilities capabilities() const override;
  Result<std::string> send(const channel::Part& part) override;
  Result<void> typing(const std::string& user, bool on) override;
  Result<contract::ConnectorTested> test() override;
  void close() noexcept override;

 private:
  Result<std::string> post(const channel::Part& part, const platform::Json& body);
  Result<std::string> answered(const channel::Part& part, const Result<Answer>& answer);
  Result<std::string> send_file(const channel::Part& part);
  Result<std::string> send_card(const channel::Part& part);
  Result<std::string> send_choice(const channel::Part& part);
  Result<std::string> send_notice(const channel::Part& part);
  /// The media id of a file, uploaded when the platform has it not (any more).
  Result<std::string> media_id(const contract::Attachment& file, const std::string& type, bool again);
  /// The media id of the picture that stands for cards and videos; empty when the operator has set none.
  std::string default_thumb(const std::string& type, bool again);
  std::string thumb_of(const channel::Part& part, bool again);
  void apply_menu();

  const WechatConfig config_;
  const std::shared_ptr<channel::Services> services_;
  Api api_;
  std::unique_ptr<channel::TokenKeeper> keeper_;
  std::shared_ptr<Exchanges> exchanges_;
  std::optional<Callback> callback_;
  std::shared_ptr<Reception> reception_;

  std::mutex mutex_;
  std::string refused_;                                                  ///< the last that the platform refused
  std::set<std::string> lost_;                                           ///< parts whose answer was lost once
  std::unordered_map<std::string, std::pair<bool, SteadyTime>> typing_;  ///< what was said last, by customer
};

}  // namespace qiao::wechat
