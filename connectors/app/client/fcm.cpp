#include "connectors/app/client/fcm.hpp"

#include "connectors/channel/signing.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::app {
namespace {

using platform::at;
using platform::Json;
using platform::text;

constexpr const char* kScope = "https://www.googleapis.com/auth/firebase.messaging";

}  // namespace

Result<ServiceAccount> ServiceAccount::read(std::string_view json) {
  auto file = platform::read_json(json, "fcm");
  if (!file) return Error{Errc::bad_value, "push.account", "service_account: expected the JSON file of Firebase"};
  ServiceAccount account{.project = text(at(*file, "project_id")),
                         .email = text(at(*file, "client_email")),
                         .key = text(at(*file, "private_key")),
                         .key_id = text(at(*file, "private_key_id")),
                         .token_url = text(at(*file, "token_uri"))};
  if (account.token_url.empty()) account.token_url = "https://oauth2.googleapis.com/token";
  for (const auto& [name, value] :
       {std::pair{"project_id", &account.project}, {"client_email", &account.email}, {"private_key", &account.key}}) {
    if (value->empty()) {
      return Error{Errc::bad_value, "push.account", std::string("service_account: the file has no ") + name};
    }
  }
  return account;
}

Result<std::string> fcm_assertion(const ServiceAccount& account, Time now) {
  const std::int64_t seconds = to_micros(now) / 1'000'000;
  Json header{{"alg", "RS256"}, {"typ", "JWT"}};
  if (!account.key_id.empty()) header["kid"] = account.key_id;
  return channel::sign_jwt("RS256", header.dump(),
                           Json{{"iss", account.email},
                                {"scope", kScope},
                                {"aud", account.token_url},
                                {"iat", seconds},
                                {"exp", seconds + 3600}}
                               .dump(),
                           account.key);
}

OutboundRequest fcm_request(const std::string& url, const ServiceAccount& account, const std::string& token,
                            const Device& device, const Notice& notice, bool validate_only) {
  Json aps{{"badge", notice.badge}, {"thread-id", notice.conversation}};
  if (!notice.silent) aps["sound"] = "default";
  Json message{
      {"token", device.token},
      {"notification", {{"title", notice.title}, {"body", notice.body}}},
      {"data", {{"c", notice.conversation}, {"badge", std::to_string(notice.badge)}}},
      {"android",
       {{"priority", notice.silent ? "NORMAL" : "HIGH"},
        {"ttl", std::to_string(notice.life.count()) + "s"},
        {"collapse_key", notice.conversation},
        {"notification", {{"tag", notice.conversation}, {"notification_count", notice.badge}}}}},
      {"apns", {{"headers", {{"apns-collapse-id", notice.conversation}}}, {"payload", {{"aps", std::move(aps)}}}}}};
  Json body{{"message", std::move(message)}};
  if (validate_only) body["validate_only"] = true;
  OutboundRequest request;
  request.method = "POST";
  request.url = platform::join_url(url, "v1/projects/" + url_encode(account.project) + "/messages:send");
  request.headers = {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}};
  request.body = body.dump();
  return request;
}

Result<void> fcm_result(const OutboundResponse& response) {
  if (response.status == 200) return {};
  std::string status, code, field;
  if (auto body = platform::read_json(response.body, "fcm")) {
    const Json& error = at(*body, "error");
    status = text(at(error, "status"));
    for (const Json& detail : platform::items(at(error, "details"))) {
      if (code.empty()) code = text(at(detail, "errorCode"));
      for (const Json& violation : platform::items(at(detail, "fieldViolations"))) field = text(at(violation, "field"));
    }
  }
  const std::string says =
      "FCM answers " + std::to_string(response.status) + " " + platform::excerpt(code.empty() ? status : code);
  // Where FCM names a field, it is the notice that is wrong unless the field is the token.
  const bool token_is_wrong = field.empty() || field == "message.token";
  if (code == "UNREGISTERED" || (code == "INVALID_ARGUMENT" && token_is_wrong)) return failure::gone();
  // With status 401, though new access tokens do not help.
  if (code == "THIRD_PARTY_AUTH_ERROR") {
    return failure::credentials(says + ": give the Firebase project the app's key for APNs");
  }
  if (response.status == 401) return Error{Errc::unavailable, failure::kTokenOver, says};
  if (response.status == 403) {
    return failure::credentials(says + ": may the service account send messages for this project?");
  }
  if (response.status == 429) return busy("FCM", response, std::chrono::minutes(1));
  if (response.status >= 500) {
    Error error{Errc::unavailable, "push.unavailable", says};
    error.retry_after = busy("FCM", response, std::chrono::seconds(10)).retry_after;
    return error;
  }
  return Error{Errc::bad_value, "push.refused", says};
}

Fcm::Fcm(std::string url, ServiceAccount account, platform::Transport transport, channel::Memory& memory,
         const Clock& clock)
    : url_(std::move(url)),
      account_(std::move(account)),
      transport_(std::move(transport)),
      clock_(clock),
      tokens_(memory, clock, token_name("fcm", {account_.email, account_.key, account_.token_url}),
              [this](const std::string&) { return log_in(); }) {}

Result<channel::FreshToken> Fcm::log_in() {
  auto assertion = fcm_assertion(account_, clock_.now());
  if (!assertion) return failure::credentials("the key of FCM cannot be used: " + assertion.error().message);
  OutboundRequest request;
  request.method = "POST";
  request.url = account_.token_url;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = platform::form(
      {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, {"assertion", std::move(*assertion)}});
  auto response = transport_(request);
  if (!response) return response.error();
  auto body = platform::read_json(response->body, "fcm");
  if (response->status == 400 || response->status == 401) {
    return failure::credentials("Google refuses the service account: " +
                                platform::excerpt(body ? text(at(*body, "error_description")) : std::string()));
  }
  if (response->status != 200) return platform::status_error("fcm", *response);
  if (!body) return body.error();
  const std::string token = text(at(*body, "access_token"));
  if (token.empty()) return Error{Errc::unavailable, "fcm.bad_answer", "Google answered without an access token"};
  const std::int64_t life = platform::integer(at(*body, "expires_in"));
  return channel::FreshToken{token, std::chrono::seconds(life > 0 && life <= 86400 ? life : 3600), {}};
}

Result<void> Fcm::send(const Device& device, const Notice& notice, bool validate_only) {
  return with_token(tokens_, [&](const std::string& token) -> Result<void> {
    auto response = transport_(fcm_request(url_, account_, token, device, notice, validate_only));
    if (!response) return response.error();
    return fcm_result(*response);
  });
}

Result<void> Fcm::push(const Device& device, const Notice& notice) { return send(device, notice, false); }

Result<std::string> Fcm::test() {
  auto pushed =
      send({.provider = "fcm", .token = "test"}, {.conversation = "test", .title = "test", .body = "test"}, true);
  if (pushed || pushed.error().id == failure::kGone) return "FCM takes the service account for " + account_.project;
  return pushed.error();
}

}  // namespace qiao::app
