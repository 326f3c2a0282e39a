#include "connectors/wecom/client/api.hpp"

#include <fmt/format.h>

#include <utility>

#include "connectors/channel/form.hpp"
#include "connectors/platform/http_answer.hpp"
#include "connectors/wecom/client/outbound.hpp"

namespace qiao::wecom {

namespace {

using platform::at;
using platform::Json;

/// A file comes with its name, whatever is in it.
bool may_be_json(const OutboundResponse& response) {
  if (response.header("content-disposition").find("filename") != std::string_view::npos) return false;
  return response.header("content-type").find("json") != std::string_view::npos || response.body.starts_with('{');
}

}  // namespace

Api::Api(const WecomConfig& config, std::shared_ptr<OutboundClient> http, channel::Memory& memory, const Clock& clock)
    : config_(config),
      http_(std::move(http)),
      token_(memory, clock, "token", [this](const std::string&) { return fetch(); }) {}

Result<channel::FreshToken> Api::fetch() {
  OutboundRequest request;
  request.url = platform::join_url(
      config_.url,
      "/cgi-bin/gettoken?" + platform::form({{"corpid", config_.corp_id}, {"corpsecret", config_.secret.reveal()}}));
  auto response = http_->send(request);
  if (!response) return response.error();
  if (response->status != 200) return platform::status_error("wecom", *response);
  auto json = platform::read_json(response->body, "wecom");
  if (!json) return json.error();
  if (const std::int64_t code = platform::integer(at(*json, "errcode")); code != 0) {
    return error_of(code, platform::text(at(*json, "errmsg")));
  }
  channel::FreshToken token;
  token.value = platform::text(at(*json, "access_token"));
  token.life = std::chrono::seconds(platform::integer(at(*json, "expires_in")));
  if (token.value.empty() || token.life.count() <= 0) {
    return Error{Errc::unavailable, "wecom.bad_answer", "WeCom answered without an access token"};
  }
  return token;
}

Result<std::pair<OutboundResponse, Json>> Api::send(OutboundRequest request, const std::string& path,
                                                    const std::string& query) {
  for (int tries = 0;; ++tries) {
    auto token = token_.get();
    if (!token) return token.error();
    request.url = platform::join_url(config_.url, path) + "?access_token=" + url_encode(*token) +
                  (query.empty() ? "" : "&" + query);
    auto response = http_->send(request);
    if (!response) return response.error();
    if (response->status != 200) return platform::status_error("wecom", *response);
    if (!may_be_json(*response)) return std::pair{std::move(*response), Json()};
    auto json = platform::read_json(response->body, "wecom");
    if (!json) return json.error();
    const std::int64_t code = platform::integer(at(*json, "errcode"));
    if (code == 0) return std::pair{std::move(*response), std::move(*json)};
    if (is_token_error(code)) {
      token_.reject(*token);
      if (tries == 0) continue;
    }
    return error_of(code, platform::text(at(*json, "errmsg")));
  }
}

Result<Json> Api::call(const std::string& path, const std::string& body, const std::string& query) {
  OutboundRequest request;
  if (!body.empty()) {
    request.method = "POST";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = body;
  }
  auto answer = send(std::move(request), path, query);
  if (!answer) return answer.error();
  if (!answer->second.is_object()) return Error{Errc::unavailable, "wecom.bad_answer", "WeCom answered without JSON"};
  return std::move(answer->second);
}

Result<std::string> Api::call_text(const std::string& path, const std::string& body) {
  OutboundRequest request;
  request.method = "POST";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = body;
  auto answer = send(std::move(request), path, {});
  if (!answer) return answer.error();
  return std::move(answer->first.body);
}

Result<std::vector<Api::Account>> Api::accounts() {
  constexpr std::size_t kPage = 100, kMost = 5000;
  std::vector<Account> all;
  for (std::size_t offset = 0; offset < kMost; offset += kPage) {
    auto list = call("/cgi-bin/kf/account/list", fmt::format(R"({{"offset":{},"limit":{}}})", offset, kPage));
    if (!list) return list.error();
    const auto& page = platform::items(at(*list, "account_list"));
    for (const Json& one : page) {
      if (std::string id = platform::text(at(one, "open_kfid")); !id.empty()) {
        all.push_back({std::move(id), platform::text(at(one, "name"))});
      }
    }
    if (page.size() < kPage) break;
  }
  return all;
}

Result<Api::Media> Api::media(const std::string& media_id) {
  auto answer = send({}, "/cgi-bin/media/get", "media_id=" + url_encode(media_id));
  if (!answer) return answer.error();
  if (!answer->second.is_null()) return Error{Errc::unavailable, "wecom.bad_answer", "WeCom gave no file"};
  Media media;
  media.type = answer->first.header("content-type");
  const std::string_view disposition = answer->first.header("content-disposition");
  if (const std::size_t at = disposition.find("filename=\""); at != std::string_view::npos) {
    const std::string_view rest = disposition.substr(at + 10);
    media.name = rest.substr(0, rest.find('"'));
  }
  media.bytes = std::move(answer->first.body);
  return media;
}

Result<std::string> Api::upload(const std::string& kind, const std::string& name, const std::string& type,
                                const std::string& bytes) {
  OutboundRequest request;
  auto form = channel::multipart({}, {"media", name, type, bytes});
  request.method = "POST";
  request.headers = {{"Content-Type", std::move(form.first)}};
  request.body = std::move(form.second);
  auto answer = send(std::move(request), "/cgi-bin/media/upload", "type=" + kind);
  if (!answer) return answer.error();
  std::string id = platform::text(at(answer->second, "media_id"));
  if (id.empty()) return Error{Errc::unavailable, "wecom.bad_answer", "WeCom gave no media id"};
  return id;
}

void Api::renew() { token_.reject(); }

}  // namespace qiao::wecom
