#include "connectors/email/client/oauth.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "connectors/channel/signing.hpp"

namespace qiao::email {

Result<channel::FreshToken> read_oauth_token(int status, const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  const auto text = [&](const char* name) {
    const auto found = json.is_object() ? json.find(name) : json.end();
    return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  const std::string error = text("error");
  const bool passing = status >= 500 || status == 429 || error == "temporarily_unavailable" || error == "server_error";
  if (!error.empty() && !passing) {
    return Error{
        Errc::unauthorized, "email.login",
        fmt::format("the provider gave no access token ({}): let the mailbox's owner grant access again and renew "
                    "refresh_token",
                    error.substr(0, 100))};
  }
  channel::FreshToken token;
  token.value = text("access_token");
  token.refresh = text("refresh_token");
  if (status != 200 || token.value.empty()) {
    return Error{Errc::unavailable, "email.oauth", fmt::format("the token server answered {}", status)};
  }
  const auto life = json.find("expires_in");
  if (life != json.end() && life->is_number_integer()) {
    token.life = std::chrono::seconds(std::clamp<std::int64_t>(life->get<std::int64_t>(), 60, 86400));
  }
  return token;
}

std::string oauth_token_name(const OauthConfig& config) {
  const std::string all = config.token_url + "\n" + config.client_id + "\n" + config.refresh_token.reveal();
  return "oauth-" + channel::hex(channel::sha256(all)).substr(0, 12);
}

Result<channel::FreshToken> fetch_oauth_token(OutboundClient& http, const OauthConfig& config,
                                              const std::string& refresh) {
  OutboundRequest request;
  request.method = "POST";
  request.url = config.token_url;
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  request.body = fmt::format("grant_type=refresh_token&client_id={}&refresh_token={}", url_encode(config.client_id),
                             url_encode(refresh.empty() ? config.refresh_token.reveal() : refresh));
  if (!config.client_secret.empty()) request.body += "&client_secret=" + url_encode(config.client_secret.reveal());
  if (!config.scope.empty()) request.body += "&scope=" + url_encode(config.scope);
  auto answer = http.send(request);
  if (!answer) return answer.error();
  return read_oauth_token(answer->status, answer->body);
}

}  // namespace qiao::email
