#include "connectors/xiaohongshu/client/settings_access.hpp"

#include <fmt/format.h>

#include <utility>

#include "connectors/channel/signing.hpp"
#include "connectors/platform/http_answer.hpp"
#include "connectors/xiaohongshu/client/ark.hpp"

namespace qiao::xiaohongshu {

namespace {

using platform::at;
using platform::Json;
using platform::text;

std::string written(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Error forged() { return {Errc::unauthorized, "channel.signature", "the signature does not fit: another secret?"}; }

/// Puts a text at a path like /a/b, making objects on the way.
void put(Json& object, const std::string& path, const std::string& value) {
  Json* here = &object;
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (!here->is_object()) *here = Json::object();
    here = &(*here)[path.substr(begin, end - begin)];
    begin = end + 1;
  }
  *here = value;
}

}  // namespace

Result<std::unique_ptr<MessageAccess>> SettingsAccess::make(const AccessConfig& config,
                                                            std::shared_ptr<OutboundClient> http) {
  auto fixed = platform::read_json(config.outgoing.fixed, "xiaohongshu");
  if (!fixed || !fixed->is_object()) {
    return Error{Errc::bad_value, "xiaohongshu.fixed", "messages.outgoing.fixed must be a JSON object"};
  }
  std::optional<channel::WechatCrypt> crypt;
  if (config.cipher == Cipher::wechat) {
    auto made = channel::WechatCrypt::make(config.secret.reveal(), config.encoding_aes_key.reveal(), config.receiver);
    if (!made) return made.error();
    crypt = std::move(*made);
  }
  return std::unique_ptr<MessageAccess>(
      std::make_unique<SettingsAccess>(config, std::move(http), std::move(crypt), std::move(*fixed)));
}

SettingsAccess::SettingsAccess(const AccessConfig& config, std::shared_ptr<OutboundClient> http,
                               std::optional<channel::WechatCrypt> crypt, Json fixed)
    : config_(config), http_(std::move(http)), crypt_(std::move(crypt)), fixed_(std::move(fixed)) {}

contract::ChannelCapabilities SettingsAccess::capabilities() const {
  contract::ChannelCapabilities can;
  can.max_text = static_cast<std::int32_t>(config_.max_text);
  // One instance for both: an agent must not take a thread that may be public for a private one.
  can.public_thread = config_.public_thread || (config_.others_to.empty() && !config_.comment_url.empty());
  return can;
}

Result<std::string> SettingsAccess::check(const HttpRequest& request) {
  const std::string timestamp(request.query_value("timestamp")), nonce(request.query_value("nonce"));
  if (!channel::same(channel::sorted_sha1({config_.secret.reveal(), timestamp, nonce}),
                     request.query_value("signature"))) {
    return forged();
  }
  return std::string(request.query_value("echostr"));
}

Result<void> SettingsAccess::verify(const HttpRequest& push, const std::string& sealed) const {
  if (config_.signature == Signature::none) return {};
  std::string expected;
  std::string_view given;
  if (config_.signature == Signature::hmac_sha256) {
    expected = channel::hex(channel::hmac_sha256(config_.secret.reveal(), push.body));
    given = push.header(config_.signature_name);
  } else {
    std::vector<std::string> parts = {config_.secret.reveal(), std::string(push.query_value("timestamp")),
                                      std::string(push.query_value("nonce"))};
    if (!sealed.empty()) parts.push_back(sealed);
    expected = channel::sorted_sha1(std::move(parts));
    given = push.query_value(config_.signature_name);
  }
  return channel::same(expected, given) ? Result<void>() : forged();
}

Result<std::vector<Incoming>> SettingsAccess::read(const HttpRequest& push) {
  const Error nonsense{Errc::bad_value, "xiaohongshu.bad_push", "this is no push of the configured shape"};
  std::string sealed;
  if (config_.signature == Signature::hmac_sha256) {
    if (auto ok = verify(push, sealed); !ok) return ok.error();
  }
  auto json = platform::read_json(push.body, "xiaohongshu");
  if (!json) return nonsense;
  if (crypt_) {
    sealed = text(at_path(*json, config_.sealed));
    if (sealed.empty()) return nonsense;
  }
  if (config_.signature == Signature::sorted_sha1) {
    if (auto ok = verify(push, sealed); !ok) return ok.error();
  }
  if (crypt_) {
    auto open = crypt_->decrypt(sealed);
    if (!open) return open.error();
    json = platform::read_json(*open, "xiaohongshu");
    if (!json) return nonsense;
  }
  std::vector<Incoming> list;
  if (json->is_array()) {
    for (const Json& one : *json) list.push_back(incoming(one));
  } else {
    list.push_back(incoming(*json));
  }
  // What names no message is an event that nobody described.
  std::erase_if(list, [](const Incoming& one) { return one.id.empty() || one.user.empty(); });
  return list;
}

Incoming SettingsAccess::incoming(const Json& message) const {
  const IncomingPaths& paths = config_.incoming;
  Incoming in;
  in.id = text_at(message, paths.id, 4096);  // the hub shortens it; cut off here, two could become one
  in.user = text_at(message, paths.user, 128);
  in.name = text_at(message, paths.name, 200);
  in.content.text = text_at(message, paths.text, 8 * 1024);
  in.picture = text_at(message, paths.picture, 2000);
  in.at = moment(platform::integer(at_path(message, paths.time)));
  const std::string comment = text_at(message, paths.comment), note = text_at(message, paths.note);
  if (!note.empty()) {
    contract::Card card;
    card.kind = "post";
    card.title = text_at(message, paths.note_title, 200);
    if (card.title.empty()) card.title = "小红书笔记";
    card.data["id"] = note;
    if (const std::string url = text_at(message, paths.note_url, 2000); url.starts_with("http")) card.url = url;
    in.content.cards.push_back(std::move(card));
  }
  in.place = written({{"comment", comment}, {"note", note}});
  in.comment = !comment.empty();
  return in;
}

std::string SettingsAccess::body_of(const channel::Part& part, const std::string& place) const {
  const OutgoingPaths& paths = config_.outgoing;
  Json body = fixed_;
  put(body, paths.user, part.user);
  put(body, paths.key, part.key);
  put(body, paths.text, part.text);
  if (auto where = platform::read_json(place, "xiaohongshu")) {
    if (const std::string comment = text(at(*where, "comment")); !comment.empty()) put(body, paths.comment, comment);
    if (const std::string note = text(at(*where, "note")); !note.empty()) put(body, paths.note, note);
  }
  return written(body);
}

Result<Json> SettingsAccess::call(const std::string& method, const std::string& url, const std::string& body) {
  OutboundRequest request;
  request.method = method;
  request.url = url;
  request.headers = {{config_.token_header, config_.access_token.reveal()}};
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = body;
  auto response = http_->send(request);
  if (!response) return response.error();
  if (response->status == 401 || response->status == 403) {
    return channel::failure::token("Xiaohongshu refuses messages.access_token");
  }
  if (response->status != 200) return platform::status_error("xiaohongshu", *response);
  auto json = platform::read_json(response->body, "xiaohongshu");
  if (!json) return json.error();
  const std::string code = text(at_path(*json, config_.answer_code));
  if (!code.empty() && code != "0") {
    return Error{Errc::bad_value, "xiaohongshu." + clip(code, 32),
                 fmt::format("Xiaohongshu refused it with code {}", clip(code, 32))};
  }
  return json;
}

Result<std::string> SettingsAccess::send(const channel::Part& part, const std::string& place) {
  auto where = platform::read_json(place, "xiaohongshu");
  const bool comment = where && !text(at(*where, "comment")).empty();
  const std::string& url = comment ? config_.comment_url : config_.send_url;
  if (url.empty()) {
    return Error{Errc::unsupported, "xiaohongshu.no_address",
                 comment ? "messages.comment_url is not set" : "messages.send_url is not set"};
  }
  auto answer = call("POST", url, body_of(part, place));
  if (!answer) return answer.error();
  return text_at(*answer, config_.answer_id, 128);
}

Result<std::string> SettingsAccess::test() {
  if (config_.test_url.empty()) return std::string("messages: no test_url, not tried");
  auto answer = call("GET", config_.test_url, {});
  if (!answer) return answer.error();
  return std::string("messages: the token is good");
}

}  // namespace qiao::xiaohongshu
