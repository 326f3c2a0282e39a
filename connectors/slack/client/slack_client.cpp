#include "connectors/slack/client/slack_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "connectors/channel/parts.hpp"
#include "connectors/channel/signing.hpp"
#include "connectors/platform/http_answer.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::slack {
namespace {

using namespace platform;
using namespace std::chrono_literals;
using channel::Incoming;
using channel::Media;
using channel::Part;
using channel::Receiver;

constexpr std::size_t kMostText = 3000;  // of a block; a plain message would take 40,000
constexpr std::int64_t kMostFile = 100 << 20;
constexpr std::size_t kMostButtons = 25;
constexpr std::size_t kButtonText = 75;  // characters
constexpr std::size_t kButtonValue = 2000;
constexpr auto kOldest = 5min;

/// "1732255000.000200" as a time.
Time moment(const std::string& ts) {
  std::int64_t seconds = 0;
  const auto read = std::from_chars(ts.data(), ts.data() + ts.size(), seconds);
  return read.ec == std::errc{} ? channel::time_of(seconds, 1s) : Time{};
}

/// A direct chat is one conversation; in a channel every thread is one.
std::string user_of(const std::string& channel, const std::string& channel_type, const std::string& thread) {
  const bool direct = channel_type == "im" || channel.starts_with('D');
  return direct || thread.empty() ? channel : channel + ":" + thread;
}

void read_files(const Json& event, Incoming& item) {
  for (const Json& file : items(at(event, "files"))) {
    const std::string url = text(at(file, "url_private_download"));
    const std::string fallback = text(at(file, "url_private"));
    const std::string& from = url.empty() ? fallback : url;
    if (from.empty() || item.media.size() == 10) {  // deleted, hidden by the plan, or shared from elsewhere
      std::string& said = item.message.content.text;
      said += fmt::format("{}[文件未能取回 · file could not be fetched] {}", said.empty() ? "" : "\n",
                          channel::clip(text(at(file, "name")), 200));
      continue;
    }
    item.media.push_back({from, text(at(file, "name")), channel::file_kind(text(at(file, "mimetype")))});
  }
}

void read_changed(const Json& event, Incoming item, std::vector<Incoming>& all) {
  const Json& now = at(event, "message");
  const Json& before = at(event, "previous_message");
  if (!at(now, "bot_id").is_null() || text(at(now, "text")) == text(at(before, "text"))) return;  // an unfurled link
  const std::string thread = text(at(now, "thread_ts"));
  const std::string ts = text(at(now, "ts"));
  item.kind = Incoming::Kind::event;
  item.profile = text(at(now, "user"));
  item.message.user =
      user_of(text(at(event, "channel")), text(at(event, "channel_type")), thread.empty() ? ts : thread);
  item.message.content.text = "[修改了消息 · edited a message] " + plain(text(at(now, "text")));
  all.push_back(std::move(item));
}

void read_event(const Json& envelope, std::vector<Incoming>& all) {
  const Json& event = at(envelope, "event");
  const std::string type = text(at(event, "type"));
  if (type != "message" && type != "app_mention") return;
  const std::string channel = text(at(event, "channel"));
  const std::string ts = text(at(event, "ts"));
  const std::string subtype = text(at(event, "subtype"));
  if (channel.empty() || ts.empty()) return;
  Incoming item;
  item.message.external_id = channel + ":" + ts;
  item.message.at = moment(ts);
  if (subtype == "message_changed") return read_changed(event, std::move(item), all);
  if (subtype == "message_deleted") {
    const Json& before = at(event, "previous_message");
    if (!at(before, "bot_id").is_null()) return;
    const std::string root = text(at(before, "thread_ts"));
    const std::string deleted = text(at(event, "deleted_ts"));
    item.kind = Incoming::Kind::event;
    item.profile = text(at(before, "user"));
    item.message.user = user_of(channel, text(at(event, "channel_type")), root.empty() ? deleted : root);
    item.message.content.text = "[删除了消息 · deleted a message]";
    all.push_back(std::move(item));
    return;
  }
  const bool spoken =
      subtype.empty() || subtype == "file_share" || subtype == "thread_broadcast" || subtype == "me_message";
  if (!spoken || !at(event, "bot_id").is_null() || !at(event, "app_id").is_null()) return;
  item.profile = text(at(event, "user"));
  if (item.profile.empty()) return;
  // Files that the app itself has sent come back as its user's, some of them without a bot_id.
  const Json& us = at(at(envelope, "authorizations"), 0);
  if (at(us, "is_bot") == true && text(at(us, "user_id")) == item.profile) return;
  const std::string thread = text(at(event, "thread_ts"));
  item.message.user = user_of(channel, text(at(event, "channel_type")), thread.empty() ? ts : thread);
  item.message.content.text = plain(text(at(event, "text")));
  read_files(event, item);
  if (item.message.content.text.empty() && item.media.empty()) {
    item.message.content.text = "[Slack 消息，无法显示 · a kind of message that cannot be shown]";
  }
  all.push_back(std::move(item));
}

void read_press(const Json& press, std::vector<Incoming>& all) {
  if (text(at(press, "type")) != "block_actions") return;
  const Json& action = at(at(press, "actions"), 0);
  const std::string channel = text(at(press, {"channel", "id"}));
  const std::string ts = text(at(press, {"message", "ts"}));
  const std::string thread = text(at(press, {"message", "thread_ts"}));
  if (channel.empty() || !at(action, "url").is_null()) return;  // a link opens by itself
  Incoming item;
  item.message.user = user_of(channel, text(at(press, {"channel", "name"})) == "directmessage" ? "im" : "",
                              thread.empty() ? ts : thread);
  item.message.external_id =
      fmt::format("press:{}:{}:{}", channel, text(at(action, "action_ts")), text(at(action, "action_id")));
  item.message.content.text = text(at(action, "value"));
  if (item.message.content.text.empty()) item.message.content.text = text(at(action, {"text", "text"}));
  item.profile = text(at(press, {"user", "id"}));
  item.message.user_name = text(at(press, {"user", "name"}));
  if (!item.message.content.text.empty()) all.push_back(std::move(item));
}

/// One field of a form, decoded; "" when it is not there.
std::string form_field(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const std::string_view field = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(form.size(), field.size() + 1));
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos || field.substr(0, equals) != name) continue;
    std::string value;
    for (std::size_t i = equals + 1; i < field.size(); ++i) {
      unsigned byte = 0;
      if (field[i] == '%' && i + 2 < field.size() &&
          std::from_chars(field.data() + i + 1, field.data() + i + 3, byte, 16).ptr == field.data() + i + 3) {
        value += static_cast<char>(byte);
        i += 2;
      } else {
        value += field[i] == '+' ? ' ' : field[i];
      }
    }
    return value;
  }
  return {};
}

Error bad_call() { return {Errc::bad_value, "slack.bad_call", "this is no call of Slack"}; }

/// What an error word of the Web API asks for.
Error error_of(const std::string& word, Error plain_error) {
  plain_error.id = "slack." + channel::clip(word, 60);
  plain_error.message = "Slack says: " + excerpt(word);
  const auto is = [&](std::initializer_list<const char*> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  if (is({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})) {
    return channel::failure::token(
        fmt::format("Slack does not take the bot's token ({}): reinstall the app and set the new one", word));
  }
  if (is({"ratelimited", "rate_limited"})) {
    plain_error.code = Errc::rate_limited;
    if (plain_error.retry_after.count() == 0) plain_error.retry_after = 1s;
    return plain_error;
  }
  if (is({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})) {
    plain_error.code = Errc::unavailable;
    return plain_error;
  }
  if (is({"not_in_channel", "is_archived", "channel_not_found", "missing_scope", "restricted_action"})) {
    plain_error.code = Errc::forbidden;
    if (word == "not_in_channel") plain_error.message += "; invite the app to the channel with /invite";
    if (word == "missing_scope")
      plain_error.message += "; add the scope under OAuth & Permissions and reinstall the app";
    return plain_error;
  }
  if (is({"file_upload_size_restricted", "storage_limit_reached", "invalid_blocks", "msg_blocks_too_long"})) {
    return channel::failure::unsupported(plain_error.message);
  }
  plain_error.code = Errc::bad_value;
  return plain_error;
}

}  // namespace

std::string signature_of(const std::string& signing_secret, std::string_view timestamp, std::string_view body) {
  return "v0=" + channel::hex(channel::hmac_sha256(signing_secret, fmt::format("v0:{}:{}", timestamp, body)));
}

Result<void> verify(const std::string& signing_secret, const HttpRequest& request, Time now) {
  const std::string_view stamp = request.header("x-slack-request-timestamp");
  if (!channel::same(request.header("x-slack-signature"), signature_of(signing_secret, stamp, request.body))) {
    return Error{Errc::unauthorized, "slack.signature",
                 "X-Slack-Signature does not fit: compare signing_secret with Basic Information > Signing Secret"};
  }
  const Time at = moment(std::string(stamp));
  const auto age = now > at ? now - at : at - now;
  if (age > kOldest) {
    return Error{Errc::unauthorized, "slack.old",
                 "X-Slack-Request-Timestamp is more than five minutes away from this machine's clock; check the clock"};
  }
  return {};
}

std::string plain(std::string_view marked) {
  std::string out;
  for (std::size_t i = 0; i < marked.size(); ++i) {
    const std::string_view rest = marked.substr(i);
    const auto entity = [&](std::string_view name, char is) {
      if (!rest.starts_with(name)) return false;
      out += is;
      i += name.size() - 1;
      return true;
    };
    if (entity("&lt;", '<') || entity("&gt;", '>') || entity("&amp;", '&')) continue;
    const std::size_t end = rest.front() == '<' ? rest.find('>') : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += rest.front();
      continue;
    }
    const std::string_view inside = rest.substr(1, end - 1);
    const std::size_t bar = inside.find('|');
    const std::string_view target = inside.substr(0, bar);
    const std::string_view label = bar == std::string_view::npos ? std::string_view{} : inside.substr(bar + 1);
    if (target.starts_with('@') || target.starts_with('#') || target.starts_with('!')) {
      out += label.empty() ? std::string(target) : fmt::format("{}{}", target.front(), label);
    } else {
      out += label.empty() || target.ends_with(label) ? std::string(target) : fmt::format("{} ({})", label, target);
    }
    i += end;
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::pair<std::string, std::string> place_of(const std::string& user) {
  const std::size_t colon = user.find(':');
  if (colon == std::string::npos) return {user, {}};
  return {user.substr(0, colon), user.substr(colon + 1)};
}

Result<Receiver::Told> read_call(std::string_view content_type, std::string_view body) {
  Receiver::Told told;
  if (content_type.starts_with("application/x-www-form-urlencoded")) {
    auto press = read_json(form_field(body, "payload"), "slack");
    if (!press || !press->is_object()) return bad_call();
    read_press(*press, told.items);
    told.answer.clear();
    return told;
  }
  auto json = read_json(body, "slack");
  if (!json) return bad_call();
  const std::string type = text(at(*json, "type"));
  if (type == "url_verification") {
    told.answer = text(at(*json, "challenge"));
    told.content_type = "text/plain";
    return told;
  }
  if (type != "event_callback" && type != "app_rate_limited") return bad_call();
  if (type == "event_callback") read_event(*json, told.items);
  return told;
}

Error fault(const OutboundResponse& response) {
  auto body = read_json(response.body, "slack");
  const std::string word = body ? text(at(*body, "error")) : std::string{};
  Error error = status_error("slack", response, word);
  if (response.status == 429 && error.retry_after.count() == 0) error.retry_after = 1s;
  return word.empty() ? error : error_of(word, error);
}

Client::Client(const SlackConfig& config, std::shared_ptr<channel::Services> services)
    : config_(config),
      services_(std::move(services)),
      receiver_(std::make_shared<Receiver>(
          services_, Receiver::Options{.fetch = [this](const Media& media) { return fetch(media); },
                                       .name = [this](const std::string& user) { return name_of(user); }})) {}

Result<void> Client::start(Context& host) {
  receiver_->start();
  receiver_->hook(
      [&clock = host.clock(), secret = config_.signing_secret](const HttpRequest& request) -> Result<Receiver::Told> {
        if (auto signed_by_slack = verify(secret.reveal(), request, clock.now()); !signed_by_slack) {
          return signed_by_slack.error();
        }
        return read_call(request.header("content-type"), request.body);
      });
  return {};
}

contract::ChannelCapabilities Client::capabilities() const {
  contract::ChannelCapabilities can;
  can.platform = kName;
  can.title = config_.title;
  can.kinds = {"image", "voice", "video", "file", "buttons"};
  can.max_text = kMostText;
  can.max_file = kMostFile;
  return can;
}

/// Slack says most errors with status 200.
Result<Json> Client::answer_of(const Result<OutboundResponse>& response) {
  if (!response) return response.error();
  if (response->status < 200 || response->status > 299) return fault(*response);
  auto body = read_json(response->body, "slack");
  if (!body) return body.error();
  if (at(*body, "ok") != true) return fault(*response);
  return body;
}

Result<Json> Client::call(const std::string& method, const Json& body) {
  OutboundRequest request;
  request.method = "POST";
  request.url = join_url(config_.url, method);
  request.headers = {{"authorization", "Bearer " + config_.token.reveal()},
                     {"content-type", "application/json; charset=utf-8"}};
  request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return answer_of(services_->http->send(request));
}

Result<std::string> Client::send(const Part& part) {
  if (part.kind == Part::Kind::file) return send_file(part);
  if (part.kind == Part::Kind::card) return channel::failure::unsupported("Slack has no cards");
  const auto [place, thread] = place_of(part.user);
  const std::string said = escaped(part.text.empty() ? "👇" : part.text);
  Json body = {{"channel", place}, {"text", said}};
  if (!thread.empty()) body["thread_ts"] = thread;
  if (part.kind == Part::Kind::choice) {
    if (part.buttons.size() > kMostButtons) return channel::failure::unsupported("Slack shows at most 25 buttons");
    Json buttons = Json::array();
    for (std::size_t i = 0; i < part.buttons.size(); ++i) {
      const contract::Button& button = part.buttons[i];
      const std::string label = channel::first_characters(button.label, kButtonText);
      Json one = {{"type", "button"},
                  {"action_id", fmt::format("choice-{}", i)},
                  {"text", {{"type", "plain_text"}, {"text", label.empty() ? "·" : label}}}};
      if (!button.url.empty()) {
        one["url"] = button.url;
      } else {
        one["value"] = channel::clip(button.value.empty() ? button.label : button.value, kButtonValue);
      }
      buttons.push_back(std::move(one));
    }
    body["blocks"] = Json::array({{{"type", "section"}, {"text", {{"type", "mrkdwn"}, {"text", said}}}},
                                  {{"type", "actions"}, {"elements", buttons}}});
  }
  auto sent = call("chat.postMessage", body);
  // One message a second is the limit of a channel; the others need not wait for it.
  if (!sent && sent.error().code == Errc::rate_limited) {
    return channel::failure::user_rate(sent.error().message, sent.error().retry_after);
  }
  if (!sent) return sent.error();
  return place + ":" + text(at(*sent, "ts"));
}

Result<std::string> Client::send_file(const Part& part) {
  auto file = services_->channel->read_file(part.file.id);
  if (!file) return file.error();
  OutboundRequest ask;
  ask.method = "POST";
  ask.url = join_url(config_.url, "files.getUploadURLExternal");
  ask.headers = {{"authorization", "Bearer " + config_.token.reveal()},
                 {"content-type", "application/x-www-form-urlencoded"}};
  ask.body = form({{"filename", part.file.name}, {"length", std::to_string(file->bytes.size())}});
  auto place_for_it = answer_of(services_->http->send(ask));
  if (!place_for_it) return place_for_it.error();
  OutboundRequest upload;
  upload.method = "POST";
  upload.url = text(at(*place_for_it, "upload_url"));
  upload.headers = {{"content-type", "application/octet-stream"}};
  upload.body = std::move(file->bytes);
  auto uploaded = services_->http->send(upload);
  if (!uploaded) return uploaded.error();
  if (uploaded->status != 200) return status_error("slack", *uploaded);
  const auto [place, thread] = place_of(part.user);
  Json body = {{"files", Json::array({{{"id", text(at(*place_for_it, "file_id"))}, {"title", part.file.name}}})},
               {"channel_id", place}};
  if (!thread.empty()) body["thread_ts"] = thread;
  auto done = call("files.completeUploadExternal", body);
  if (!done) return done.error();
  return std::string{};
}

Result<Receiver::File> Client::fetch(const Media& media) {
  OutboundRequest request;
  request.url = media.ref;
  // Files of other services stand in messages too; the token is for Slack's alone.
  const bool slacks = host_and_port(media.ref) == host_and_port(config_.files_url);
  if (slacks) request.headers = {{"authorization", "Bearer " + config_.token.reveal()}};
  auto response = services_->http->send(request);
  if (!response) return response.error();
  if (response->status != 200) return status_error("slack", *response);
  if (slacks && response->header("content-type").starts_with("text/html")) {
    return Error{Errc::forbidden, "slack.files_read",
                 "Slack showed a login page for a file: the app lacks the scope files:read"};
  }
  return Receiver::File{{}, std::move(response->body)};
}

Result<std::string> Client::name_of(const std::string& user) {
  OutboundRequest request;
  request.url = join_url(config_.url, "users.info?user=" + url_encode(user));
  request.headers = {{"authorization", "Bearer " + config_.token.reveal()}};
  auto who = answer_of(services_->http->send(request));
  if (!who) return who.error();
  const std::string name = text(at(*who, {"user", "profile", "display_name"}));
  return name.empty() ? text(at(*who, {"user", "real_name"})) : name;
}

Result<contract::ConnectorTested> Client::test() {
  auto me = call("auth.test", Json::object());
  if (!me) return me.error();
  return contract::ConnectorTested{fmt::format("{} in {}", text(at(*me, "user")), text(at(*me, "team")))};
}

}  // namespace qiao::slack
