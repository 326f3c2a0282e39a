#pragma once

#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connectors/channel/incoming.hpp"
#include "connectors/line/config.hpp"

namespace qiao::line {

/// base64 hmac_sha256(channel secret, body), as X-Line-Signature carries it.
std::string signature_of(const std::string& channel_secret, std::string_view body);

/// What a call of the webhook held.
struct Call {
  std::vector<channel::Incoming> items;
  std::vector<std::pair<std::string, std::string>> reply_tokens;  ///< user → token
};
/// Errors: `line.bad_call`.
Result<Call> read_call(std::string_view json, bool groups);
/// The message object of a part; `link` is the public address of its file, "" when there is none. Errors: what LINE
/// cannot show.
Result<nlohmann::json> message_of(const channel::Part& part, const std::string& link);
/// What to do about an answer that is no success.
Error fault(const OutboundResponse& response);
/// The UUID that stays the same for one part in every try.
std::string retry_key(const std::string& part_key);

class Client final : public channel::Platform, public std::enable_shared_from_this<Client> {
 public:
  static constexpr const char* kName = "line";
  static constexpr bool kWindow = false;

  Client(const LineConfig& config, std::shared_ptr<channel::Services> services);
  Result<void> start(Context& host);

  [[nodiscard]] contract::ChannelCapabilities capabilities() const override;
  Result<std::string> send(const channel::Part& part) override;
  Result<void> typing(const std::string& user, bool on) override;
  Result<contract::ConnectorTested> test() override;
  Result<std::int64_t> forget(const std::string& user) override { return receiver_->forget(user); }

 private:
  struct ReplyToken {
    std::string token;
    SteadyTime until;
    std::string tried_for;  ///< the part that was sent with it and whose answer never came
  };
  Result<channel::Receiver::Told> read_hook(const HttpRequest& request);
  Result<OutboundResponse> call(const std::string& method, const std::string& url, const std::string& body,
                                const std::string& retry = {});
  /// Sends by the free reply while its token lasts; nothing: push it.
  std::optional<Result<std::string>> reply(const channel::Part& part, const nlohmann::json& message);
  std::optional<ReplyToken> take_token(const std::string& user);
  Result<channel::Receiver::File> fetch(const channel::Media& media);
  Result<std::string> name_of(const std::string& user);

  const LineConfig config_;
  const std::shared_ptr<channel::Services> services_;
  const std::shared_ptr<channel::Receiver> receiver_;
  std::mutex mutex_;
  std::unordered_map<std::string, ReplyToken> tokens_;
};

}  // namespace qiao::line
