#include "connectors/app/client/apns.hpp"

#include "connectors/channel/signing.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::app {
namespace {

using platform::Json;

/// Apple takes a token for an hour and wants the same one for at least twenty minutes.
constexpr auto kTokenLife = std::chrono::minutes(55);
constexpr auto kAhead = std::chrono::minutes(10);

}  // namespace

Result<std::string> apns_token(const ApnsSettings& settings, Time now) {
  return channel::sign_jwt("ES256", Json{{"alg", "ES256"}, {"kid", settings.key_id}}.dump(),
                           Json{{"iss", settings.team}, {"iat", to_micros(now) / 1'000'000}}.dump(),
                           settings.key.reveal());
}

OutboundRequest apns_request(const ApnsSettings& settings, const std::string& token, const Device& device,
                             const Notice& notice, Time now) {
  Json aps{{"alert", {{"title", notice.title}, {"body", notice.body}}},
           {"badge", notice.badge},
           {"thread-id", notice.conversation},
           {"mutable-content", 1}};
  if (notice.silent) {
    aps["interruption-level"] = "passive";
  } else {
    aps["sound"] = "default";
  }
  OutboundRequest request;
  request.method = "POST";
  request.url = platform::join_url(device.sandbox ? settings.sandbox_url : settings.url, "3/device/" + device.token);
  request.headers = {{"authorization", "bearer " + token},
                     {"content-type", "application/json"},
                     {"apns-topic", settings.topic},
                     {"apns-push-type", "alert"},
                     {"apns-priority", notice.silent ? "5" : "10"},
                     {"apns-expiration", std::to_string(to_micros(now + notice.life) / 1'000'000)},
                     {"apns-collapse-id", notice.conversation}};
  request.body = Json{{"aps", std::move(aps)}, {"hub", {{"c", notice.conversation}}}}.dump();
  return request;
}

Result<void> apns_result(const OutboundResponse& response) {
  if (response.status == 200) return {};
  std::string reason;
  if (auto body = platform::read_json(response.body, "apns")) reason = platform::text(platform::at(*body, "reason"));
  const std::string says = "APNs answers " + std::to_string(response.status) + " " + platform::excerpt(reason);
  if (response.status == 410 || reason == "BadDeviceToken") return failure::gone();
  if (reason == "ExpiredProviderToken") return Error{Errc::unavailable, failure::kTokenOver, says};
  if (response.status == 403) return failure::credentials(says + ": check key, key_id and team");
  if (reason == "TooManyProviderTokenUpdates") return busy("APNs", response, std::chrono::minutes(20));
  if (response.status == 429) return busy("APNs", response, std::chrono::seconds(10));
  if (response.status >= 500) return Error{Errc::unavailable, "push.unavailable", says};
  return Error{Errc::bad_value, "push.refused", says};
}

Apns::Apns(const ApnsSettings& settings, platform::Transport transport, channel::Memory& memory, const Clock& clock)
    : settings_(settings),
      transport_(std::move(transport)),
      clock_(clock),
      tokens_(
          memory, clock, token_name("apns", {settings_.key.reveal(), settings_.key_id, settings_.team}),
          [this](const std::string&) -> Result<channel::FreshToken> {
            auto token = apns_token(settings_, clock_.now());
            if (!token) return failure::credentials("the key of APNs cannot be used: " + token.error().message);
            return channel::FreshToken{std::move(*token), kTokenLife, {}};
          },
          kAhead) {}

Result<void> Apns::push(const Device& device, const Notice& notice) {
  return with_token(tokens_, [&](const std::string& token) -> Result<void> {
    auto response = transport_(apns_request(settings_, token, device, notice, clock_.now()));
    if (!response) return response.error();
    return apns_result(*response);
  });
}

Result<std::string> Apns::test() {
  // A token that no device has: Apple checks who asks before it looks for the device.
  auto pushed = push({.provider = "apns", .token = std::string(64, '0')}, {.conversation = "test", .body = "test"});
  if (pushed || pushed.error().id == failure::kGone) return "APNs takes the key for " + settings_.topic;
  return pushed.error();
}

}  // namespace qiao::app
