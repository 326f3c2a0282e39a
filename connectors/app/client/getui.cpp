#include "connectors/app/client/getui.hpp"

#include "connectors/channel/signing.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::app {
namespace {

using platform::at;
using platform::Json;
using platform::text;

OutboundRequest post(const GetuiSettings& settings, const char* path, const Json& body) {
  OutboundRequest request;
  request.method = "POST";
  request.url = platform::join_url(settings.url, url_encode(settings.app_id) + "/" + path);
  request.headers = {{"Content-Type", "application/json;charset=utf-8"}};
  request.body = body.dump();
  return request;
}

}  // namespace

std::string getui_sign(const GetuiSettings& settings, const std::string& timestamp_ms) {
  return channel::hex(channel::sha256(settings.app_key + timestamp_ms + settings.master_secret.reveal()));
}

OutboundRequest getui_request(const GetuiSettings& settings, const std::string& token, const Device& device,
                              const Notice& notice) {
  Json shown{{"title", notice.title}, {"body", notice.body}, {"click_type", "startapp"}};
  if (!settings.intent.empty()) {
    shown["click_type"] = "intent";
    shown["intent"] = settings.intent;
  }
  Json aps{{"alert", {{"title", notice.title}, {"body", notice.body}}}};
  if (!notice.silent) aps["sound"] = "default";
  Json ios{{"type", "notify"},
           {"payload", Json{{"c", notice.conversation}}.dump()},
           {"aps", std::move(aps)},
           {"auto_badge", std::to_string(notice.badge)},
           {"apns-collapse-id", notice.conversation}};
  Json body{{"request_id", notice.key},
            {"settings", {{"ttl", std::chrono::milliseconds(notice.life).count()}}},
            {"audience", {{"cid", Json::array({device.token})}}},
            {"push_message", {{"notification", shown}}},
            {"push_channel", {{"android", {{"ups", {{"notification", shown}}}}}, {"ios", std::move(ios)}}}};
  OutboundRequest request = post(settings, "push/single/cid", body);
  request.headers.emplace_back("token", token);
  return request;
}

Result<void> getui_result(const OutboundResponse& response) {
  std::int64_t code = -1;
  std::string message;
  if (auto body = platform::read_json(response.body, "getui")) {
    if (!text(at(*body, "code")).empty()) code = platform::integer(at(*body, "code"));
    message = text(at(*body, "msg"));
  }
  if (response.status == 200 && code == 0) return {};
  const std::string says = "Getui answers " + std::to_string(response.status) + " (code " + std::to_string(code) +
                           ") " + platform::excerpt(message);
  if (code == 10001) return Error{Errc::unavailable, failure::kTokenOver, says};
  // One code stands for every wrong argument; only its text tells that it was the client id.
  if (code == 20001 && (message.find("target") != std::string::npos || message.find("cid") != std::string::npos)) {
    return failure::gone();
  }
  if (response.status == 429) return busy("Getui", response, std::chrono::seconds(60));
  if (response.status >= 500 || code < 0) return Error{Errc::unavailable, "push.unavailable", says};
  if (response.status == 401 || response.status == 403) {
    return failure::credentials(says + ": check app_id, app_key and master_secret");
  }
  return Error{Errc::bad_value, "push.refused", says};
}

Getui::Getui(const GetuiSettings& settings, platform::Transport transport, channel::Memory& memory, const Clock& clock)
    : settings_(settings),
      transport_(std::move(transport)),
      clock_(clock),
      tokens_(memory, clock,
              token_name("getui", {settings_.app_id, settings_.app_key, settings_.master_secret.reveal()}),
              [this](const std::string&) { return log_in(); }) {}

Result<channel::FreshToken> Getui::log_in() {
  const std::string timestamp = std::to_string(to_micros(clock_.now()) / 1000);
  auto response = transport_(
      post(settings_, "auth",
           {{"sign", getui_sign(settings_, timestamp)}, {"timestamp", timestamp}, {"appkey", settings_.app_key}}));
  if (!response) return response.error();
  if (response->status >= 500 || response->status == 429) return platform::status_error("getui", *response);
  auto body = platform::read_json(response->body, "getui");
  if (!body) return body.error();
  const std::string token = text(at(*body, {"data", "token"}));
  if (token.empty()) {
    return failure::credentials("Getui gives no token: check app_id, app_key and master_secret (" +
                                platform::excerpt(text(at(*body, "msg"))) + ")");
  }
  // It lasts a day; a shorter one would show as 10001.
  return channel::FreshToken{token, std::chrono::hours(23), {}};
}

Result<void> Getui::push(const Device& device, const Notice& notice) {
  return with_token(tokens_, [&](const std::string& token) -> Result<void> {
    auto response = transport_(getui_request(settings_, token, device, notice));
    if (!response) return response.error();
    return getui_result(*response);
  });
}

Result<std::string> Getui::test() {
  auto fresh = log_in();
  if (!fresh) return fresh.error();
  return std::string("Getui takes the keys");
}

}  // namespace qiao::app
