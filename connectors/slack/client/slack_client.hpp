#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/channel/incoming.hpp"
#include "connectors/slack/config.hpp"

namespace qiao::slack {

/// "v0=" and hex hmac_sha256(signing secret, "v0:" timestamp ":" body), as X-Slack-Signature carries it.
std::string signature_of(const std::string& signing_secret, std::string_view timestamp, std::string_view body);
/// The call is Slack's own and at most five minutes old. Errors: `slack.signature`, `slack.old`.
Result<void> verify(const std::string& signing_secret, const HttpRequest& request, Time now);
/// Reads a call: an event as JSON, or a pressed button as a form. Errors: `slack.bad_call`.
Result<channel::Receiver::Told> read_call(std::string_view content_type, std::string_view body);
/// What to do about an answer that is no success.
Error fault(const OutboundResponse& response);
/// Slack's mark-up as plain text, and plain text so that Slack takes nothing in it for mark-up.
std::string plain(std::string_view marked);
std::string escaped(std::string_view text);
/// A customer of this channel is a place: a direct chat ("D1"), or a thread ("C1:1732255000.000200").
std::pair<std::string, std::string> place_of(const std::string& user);

class Client final : public channel::Platform, public std::enable_shared_from_this<Client> {
 public:
  static constexpr const char* kName = "slack";
  static constexpr bool kWindow = false;

  Client(const SlackConfig& config, std::shared_ptr<channel::Services> services);
  Result<void> start(Context& host);

  [[nodiscard]] contract::ChannelCapabilities capabilities() const override;
  Result<std::string> send(const channel::Part& part) override;
  Result<contract::ConnectorTested> test() override;
  Result<std::int64_t> forget(const std::string& user) override { return receiver_->forget(user); }

 private:
  Result<nlohmann::json> call(const std::string& method, const nlohmann::json& body);
  Result<nlohmann::json> answer_of(const Result<OutboundResponse>& response);
  Result<std::string> send_file(const channel::Part& part);
  Result<channel::Receiver::File> fetch(const channel::Media& media);
  Result<std::string> name_of(const std::string& user);

  const SlackConfig config_;
  const std::shared_ptr<channel::Services> services_;
  const std::shared_ptr<channel::Receiver> receiver_;
};

}  // namespace qiao::slack
