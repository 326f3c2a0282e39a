#include "connectors/app/client/jpush.hpp"

#include "connectors/channel/signing.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::app {
namespace {

using platform::at;
using platform::Json;

}  // namespace

std::string jpush_authorization(const JpushSettings& settings) {
  return "Basic " + channel::base64(settings.app_key + ":" + settings.master_secret.reveal());
}

OutboundRequest jpush_request(const JpushSettings& settings, const Device& device, const Notice& notice) {
  const Json extras{{"c", notice.conversation}};
  Json android{{"alert", notice.body}, {"title", notice.title}, {"extras", extras}};
  if (notice.silent) android["alert_type"] = 0;
  Json ios{{"alert", {{"title", notice.title}, {"body", notice.body}}},
           {"badge", notice.badge},
           {"thread-id", notice.conversation},
           {"extras", extras}};
  if (!notice.silent) ios["sound"] = "default";
  OutboundRequest request;
  request.method = "POST";
  request.url = platform::join_url(settings.url, "v3/push");
  request.headers = {{"Authorization", jpush_authorization(settings)}, {"Content-Type", "application/json"}};
  // A repeated cid is not sent twice; it begins with the AppKey.
  request.body = Json{{"cid", settings.app_key + "-" + notice.key},
                      {"platform", Json::array({"android", "ios"})},
                      {"audience", {{"registration_id", Json::array({device.token})}}},
                      {"notification", {{"android", std::move(android)}, {"ios", std::move(ios)}}},
                      {"options",
                       {{"time_to_live", notice.life.count()},
                        {"apns_production", settings.production},
                        {"apns_collapse_id", notice.conversation}}}}
                     .dump();
  return request;
}

Result<void> jpush_result(const OutboundResponse& response) {
  if (response.status == 200) return {};
  std::int64_t code = 0;
  if (auto body = platform::read_json(response.body, "jpush")) {
    code = platform::integer(at(*body, {"error", "code"}));
  }
  const std::string says = "JPush answers " + std::to_string(response.status) + " (code " + std::to_string(code) + ")";
  if (code == 1011) return failure::gone();
  if (code == 1004 || response.status == 401) return failure::credentials(says + ": check app_key and master_secret");
  if (code == 2002 || response.status == 429) {
    Error error = busy("JPush", response, std::chrono::seconds(60));
    const std::string reset(response.header("x-rate-limit-reset"));
    const std::int64_t seconds = platform::integer(Json(reset));
    if (seconds > 0 && seconds <= 3600) error.retry_after = std::chrono::seconds(seconds);
    return error;
  }
  if (response.status >= 500) return Error{Errc::unavailable, "push.unavailable", says};
  return Error{Errc::bad_value, "push.refused", says};
}

Result<void> Jpush::push(const Device& device, const Notice& notice) {
  auto response = transport_(jpush_request(settings_, device, notice));
  if (!response) return response.error();
  return jpush_result(*response);
}

Result<std::string> Jpush::test() {
  // A registration id that no device has: JPush checks who asks before it looks for the device.
  auto pushed = push({.provider = "jpush", .token = "qiao-connector-test"},
                     {.key = channel::random_token(24), .conversation = "test", .title = "test", .body = "test"});
  if (pushed || pushed.error().id == failure::kGone) return std::string("JPush takes the keys");
  return pushed.error();
}

}  // namespace qiao::app
