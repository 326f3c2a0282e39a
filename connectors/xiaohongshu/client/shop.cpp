#include "connectors/xiaohongshu/client/shop.hpp"

#include <algorithm>
#include <utility>

#include "connectors/channel/signing.hpp"
#include "connectors/platform/http_answer.hpp"

namespace qiao::xiaohongshu {

namespace {

using platform::at;
using platform::Json;
using platform::text;

/// A refresh while more than half an hour remains changes nothing at the platform.
constexpr std::chrono::minutes kAhead{25};

}  // namespace

Shop::Shop(const ArkConfig& config, std::shared_ptr<OutboundClient> http, channel::Memory& memory, const Clock& clock)
    : config_(config),
      http_(std::move(http)),
      clock_(clock),
      token_(
          memory, clock, "ark", [this](const std::string& refresh) { return fetch(refresh); }, kAhead) {}

Result<Json> Shop::once(const std::string& method, const std::string& token, const Json& parameters) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count();
  OutboundRequest request;
  request.method = "POST";
  request.url = config_.url;
  request.headers = {{"Content-Type", "application/json"}};
  request.body =
      ark_body(method, config_.app_id, config_.app_secret.reveal(), std::to_string(seconds), token, parameters);
  auto response = http_->send(request);
  if (!response) return response.error();
  if (response->status != 200) return platform::status_error("xiaohongshu", *response);
  return ark_data(response->body);
}

Result<Json> Shop::call(const std::string& method, const Json& parameters) {
  for (int tries = 0;; ++tries) {
    auto token = token_.get();
    if (!token) return token.error();
    auto data = once(method, *token, parameters);
    if (data || data.error().name() != "channel.token") return data;
    token_.reject(*token);
    if (tries > 0) return data;
  }
}

Result<Json> Shop::order(const std::string& number) { return call("order.getOrderDetail", {{"orderId", number}}); }

Result<channel::FreshToken> Shop::fetch(const std::string& refresh) {
  const std::string& given = config_.refresh_token.reveal();
  if (refresh.empty() && given.empty() && config_.code.empty()) {
    return channel::failure::token("the shop has not authorised the app: set ark.code or ark.refresh_token");
  }
  // What the hub keeps, then what the operator has put there since; each only when the one before has ended.
  Result<Json> data = Error{Errc::not_found, "nothing was tried"};
  const auto next = [&] { return !data && channel::is_final(data.error()); };
  if (!refresh.empty()) data = once("oauth.refreshToken", {}, {{"refreshToken", refresh}});
  if (next() && !given.empty() && given != refresh) data = once("oauth.refreshToken", {}, {{"refreshToken", given}});
  if (next() && !config_.code.empty()) data = once("oauth.getAccessToken", {}, {{"code", config_.code.reveal()}});
  if (!data) {
    return channel::is_final(data.error())
               ? channel::failure::token(data.error().message + "; authorise the app for the shop again")
               : data.error();
  }
  channel::FreshToken token;
  token.value = text(at(*data, "accessToken"));
  token.refresh = text(at(*data, "refreshToken"));
  token.life = std::chrono::duration_cast<std::chrono::seconds>(
      moment(platform::integer(at(*data, "accessTokenExpiresAt"))) - clock_.now());
  if (token.value.empty()) {
    return Error{Errc::unavailable, "xiaohongshu.bad_answer", "Xiaohongshu answered without an access token"};
  }
  token.life = std::clamp<std::chrono::seconds>(token.life, std::chrono::minutes(1), std::chrono::hours(24 * 7));
  return token;
}

bool Shop::signed_by_platform(const HttpRequest& request) const {
  if (config_.push_signature == PushSignature::none) return true;
  return channel::same(ark_push_sign(request.query, config_.push_signature_name, config_.app_secret.reveal()),
                       request.query_value(config_.push_signature_name));
}

void Shop::renew() { token_.reject(); }

}  // namespace qiao::xiaohongshu
