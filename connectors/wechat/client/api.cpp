#include "connectors/wechat/client/api.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/channel/platform.hpp"
#include "connectors/channel/signing.hpp"
#include "connectors/wechat/client/errors.hpp"

namespace qiao::wechat {
namespace {

using namespace platform;

constexpr std::int64_t kWrongSecret = 40125;
constexpr std::size_t kMostToken = 1024;
constexpr std::chrono::seconds kBetweenForced{60};

/// `filename="…"` of a Content-Disposition.
std::string file_name_of(std::string_view disposition) {
  const std::size_t at = disposition.find("filename=");
  if (at == std::string_view::npos) return {};
  std::string_view name = disposition.substr(at + 9);
  if (name.starts_with('"')) {
    name.remove_prefix(1);
    name = name.substr(0, name.find('"'));
  } else {
    name = name.substr(0, name.find(';'));
  }
  return std::string(name.substr(0, 100));
}

bool is_json(const OutboundResponse& answer) {
  const std::string_view type = answer.header("content-type");
  return type.starts_with("application/json") || type.starts_with("text/plain");
}

}  // namespace

Api::Api(const WechatConfig& config, Transport transport, const Clock& clock)
    : config_(config), transport_(std::move(transport)), clock_(clock) {}

Error Api::refusal(const Answer& answer) const { return error_of(answer.code, answer.says, clock_.now()); }

Result<Answer> Api::read(const Result<OutboundResponse>& answer) const {
  if (!answer) {
    const bool lost = answer.error().code == Errc::timeout || answer.error().id == "outbound.broken";
    if (!lost) return answer.error();
    return Error{Errc::timeout, kUnknown,
                 "微信没有回应，消息可能已送达 / WeChat did not answer; it may have been done"};
  }
  if (answer->status < 200 || answer->status > 299) return status_error("wechat", *answer);
  auto json = read_json(answer->body, "wechat");
  if (!json) return json.error();
  if (!json->is_object()) {
    return Error{Errc::unavailable, "wechat.bad_answer", "WeChat answered something else than an object"};
  }
  return Answer{integer(at(*json, "errcode")), text(at(*json, "errmsg")), std::move(*json)};
}

Result<channel::FreshToken> Api::fetch_token(const std::string& refused) {
  const auto ask = [&](bool force) {
    OutboundRequest request;
    request.method = "POST";
    request.url = join_url(config_.url, "/cgi-bin/stable_token");
    request.headers = {{"content-type", "application/json"}};
    request.body = Json{
        {"grant_type", "client_credential"},
        {"appid", config_.app_id},
        {"secret", config_.secret.reveal()},
        {"force_refresh",
         force}}.dump();
    return read(transport_(request));
  };
  auto answer = ask(false);
  const bool forced = answer && !refused.empty() && text(at(answer->body, "access_token")) == refused;
  if (forced) answer = ask(true);
  if (!answer) return answer.error();
  // Here a token error speaks of the credentials: there is no token yet that could be refused.
  if (is_token_error(answer->code)) return error_of(kWrongSecret, {}, clock_.now());
  if (answer->code != 0) {
    Error error = refusal(*answer);
    if (forced && error.code == Errc::rate_limited) {
      // Only forcing has a limit so low; the call as such goes on.
      error.id = "wechat.too_often";
      error.retry_after = kBetweenForced;
      return error;
    }
    if (error.code == Errc::unavailable || error.code == Errc::rate_limited) return error;
    // A frozen AppSecret, an address that is to be confirmed, …: no code here speaks of one message.
    return channel::failure::token(std::move(error.message));
  }
  channel::FreshToken token;
  token.value = text(at(answer->body, "access_token"));
  token.life = std::chrono::seconds(integer(at(answer->body, "expires_in")));
  if (token.value.empty() || token.value.size() > kMostToken || token.life.count() <= 0) {
    return Error{Errc::unavailable, "wechat.bad_answer", "WeChat gave no access token"};
  }
  return token;
}

Result<Answer> Api::with_token(const std::function<OutboundRequest(const std::string&)>& make) {
  for (bool again = false;; again = true) {
    const auto token = tokens_.get();
    if (!token) return token.error();
    auto answer = read(transport_(make(*token)));
    if (!answer || !is_token_error(answer->code)) return answer;
    tokens_.reject(*token);
    if (again) return answer;
  }
}

Result<Json> Api::ask(const std::string& method, const std::string& path, const Json& body, const std::string& query) {
  auto answer = call(method, path, body, query);
  if (!answer) return answer.error();
  if (answer->code != 0) return refusal(*answer);
  return std::move(answer->body);
}

Result<Answer> Api::call(const std::string& method, const std::string& path, const Json& body,
                         const std::string& query) {
  // Raw UTF-8: the platform refuses \u escapes.
  const std::string text = body.is_null() ? std::string{} : body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return with_token([&](const std::string& token) {
    OutboundRequest request;
    request.method = method;
    request.url = fmt::format("{}?access_token={}{}{}", join_url(config_.url, path), url_encode(token),
                              query.empty() ? "" : "&", query);
    if (!text.empty()) request.headers = {{"content-type", "application/json; charset=utf-8"}};
    request.body = text;
    return request;
  });
}

Result<std::string> Api::upload(const std::string& type, const std::string& name, const std::string& media_type,
                                const std::string& bytes) {
  const std::string boundary = "qiao" + channel::random_token(24);
  std::string plain_name;
  for (const char c : name) plain_name += c == '"' || c == '\r' || c == '\n' || c == '\\' ? '_' : c;
  const std::string body = fmt::format(
                               "--{}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"{}\"; "
                               "filelength={}\r\nContent-Type: {}\r\n\r\n",
                               boundary, plain_name, bytes.size(), media_type) +
                           bytes + "\r\n--" + boundary + "--\r\n";
  auto answer = with_token([&](const std::string& token) {
    OutboundRequest request;
    request.method = "POST";
    request.url = fmt::format("{}?access_token={}&type={}", join_url(config_.url, "/cgi-bin/media/upload"),
                              url_encode(token), type);
    request.headers = {{"content-type", "multipart/form-data; boundary=" + boundary}};
    request.body = body;
    return request;
  });
  if (!answer) return answer.error();
  if (answer->code != 0) return refusal(*answer);
  std::string id = text(at(answer->body, type == "thumb" ? "thumb_media_id" : "media_id"));
  if (id.empty()) id = text(at(answer->body, "media_id"));
  if (id.empty()) return Error{Errc::unavailable, "wechat.bad_answer", "WeChat took a file and gave no media id"};
  return id;
}

Result<Media> Api::download(const std::string& media_id, std::chrono::milliseconds within) {
  const SteadyTime end = clock_.steady() + within;
  const auto left = [&] {
    return std::max(std::chrono::milliseconds(1),
                    std::chrono::duration_cast<std::chrono::milliseconds>(end - clock_.steady()));
  };
  for (bool again = false;; again = true) {
    const auto token = tokens_.get();
    if (!token) return token.error();
    OutboundRequest request;
    request.url = fmt::format("{}?access_token={}&media_id={}", join_url(config_.url, "/cgi-bin/media/get"),
                              url_encode(*token), url_encode(media_id));
    request.timeout = left();
    auto answer = transport_(request);
    if (!answer) return answer.error();
    if (answer->status == 200 && !is_json(*answer)) {
      return Media{std::move(answer->body), file_name_of(answer->header("content-disposition"))};
    }
    const auto said = read(answer);
    if (!said) return said.error();
    if (said->code == 0) {
      const std::string video = text(at(said->body, "video_url"));
      if (video.empty()) return Error{Errc::unavailable, "wechat.bad_answer", "WeChat gave no file"};
      OutboundRequest fetch;
      fetch.url = video;
      fetch.timeout = left();
      auto file = transport_(fetch);
      if (!file) return file.error();
      if (file->status != 200) return status_error("wechat", *file);
      return Media{std::move(file->body), file_name_of(file->header("content-disposition"))};
    }
    if (!is_token_error(said->code)) return refusal(*said);
    tokens_.reject(*token);
    if (again) return refusal(*said);
  }
}

Result<Json> Api::code_to_session(const std::string& code) {
  OutboundRequest request;
  request.url = fmt::format("{}?appid={}&secret={}&js_code={}&grant_type=authorization_code",
                            join_url(config_.url, "/sns/jscode2session"), url_encode(config_.app_id),
                            url_encode(config_.secret.reveal()), url_encode(code));
  auto answer = read(transport_(request));
  if (!answer) return answer.error();
  if (answer->code != 0) return refusal(*answer);
  return std::move(answer->body);
}

}  // namespace qiao::wechat
