#include "connectors/line/client/line_client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/channel/parts.hpp"
#include "connectors/channel/signing.hpp"
#include "connectors/platform/http_answer.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::line {
namespace {

using namespace platform;
using namespace std::chrono_literals;
using channel::Incoming;
using channel::Media;
using channel::Part;
using channel::Receiver;

constexpr std::size_t kMostText = 5000;
constexpr std::int64_t kMostImage = 10 << 20;
constexpr std::size_t kMostReplies = 13;
constexpr std::size_t kLabel = 20;  // characters
constexpr std::size_t kReplyText = 300;
constexpr std::size_t kMostTokens = 20000;
constexpr const char* kOutside = "url:";  // begins the ref of media that LINE does not keep

Time milliseconds(const Json& value) { return channel::time_of(integer(value), std::chrono::milliseconds(1)); }

void add_media(const Json& message, const char* kind, std::string name, Incoming& item) {
  const Json& provider = at(message, "contentProvider");
  const std::string outside = text(at(provider, "originalContentUrl"));
  std::string ref = text(at(message, "id"));
  if (text(at(provider, "type")) == "external" && !outside.empty()) ref = kOutside + outside;
  if (!ref.empty()) item.media.push_back({std::move(ref), std::move(name), kind});
}

void read_content(const Json& message, Incoming& item) {
  contract::Content& content = item.message.content;
  const std::string type = text(at(message, "type"));
  if (type == "text") {
    content.text = text(at(message, "text"));
  } else if (type == "image") {
    add_media(message, "image", "image.jpg", item);
  } else if (type == "audio") {
    add_media(message, "voice", "audio.m4a", item);
  } else if (type == "video") {
    add_media(message, "video", "video.mp4", item);
  } else if (type == "file") {
    add_media(message, "file", text(at(message, "fileName")), item);
  } else if (type == "location") {
    channel::add_location(content, text(at(message, "latitude")), text(at(message, "longitude")),
                          text(at(message, "title")), text(at(message, "address")));
  } else if (type == "sticker") {
    content.text = "[贴纸 · sticker]";
    std::size_t words = 0;
    for (const Json& word : items(at(message, "keywords"))) {
      if (words++ < 3) content.text += " " + channel::clip(text(word), 60);
    }
    if (const std::string said = text(at(message, "text")); !said.empty()) content.text += " " + said;
  }
  if (content.text.empty() && item.media.empty() && content.cards.empty()) {
    content.text =
        fmt::format("[LINE 消息，无法显示 · a kind of message that cannot be shown] {}", channel::clip(type, 40));
  }
}

/// The chat that an event belongs to; "" when it is not ours to hear.
std::string chat_of(const Json& source, bool groups) {
  const std::string type = text(at(source, "type"));
  if (type == "user") return text(at(source, "userId"));
  if (!groups) return {};
  return type == "group" ? text(at(source, "groupId")) : type == "room" ? text(at(source, "roomId")) : std::string{};
}

void read_event(const Json& event, bool groups, Call& call) {
  const std::string type = text(at(event, "type"));
  const Json& message = at(event, "message");
  Incoming item;
  item.message.user = chat_of(at(event, "source"), groups);
  item.message.external_id = text(at(event, "webhookEventId"));
  if (item.message.external_id.empty()) item.message.external_id = text(at(message, "id"));
  if (item.message.external_id.empty()) {
    item.message.external_id = fmt::format("{}:{}:{}", type, item.message.user, text(at(event, "timestamp")));
  }
  item.message.at = milliseconds(at(event, "timestamp"));
  item.profile = text(at(event, {"source", "userId"}));
  if (item.message.user.empty()) return;
  std::string& said = item.message.content.text;
  if (type == "message") {
    read_content(message, item);
  } else if (type == "postback") {
    said = text(at(event, {"postback", "data"}));
  } else {
    item.kind = Incoming::Kind::event;
    if (type == "follow") {
      item.welcome = true;
      said = "[添加了好友 · added the account]";
    } else if (type == "unfollow") {
      said = "[拉黑了账号，消息将无法送达 · blocked the account: nothing can be sent]";
    } else if (type == "unsend") {
      said = "[撤回了消息 · unsent a message]";
    } else if (type == "join" || type == "leave") {
      said = type == "join" ? "[账号被拉入群 · the account was added]" : "[账号被移出群 · the account was removed]";
    } else if (type == "accountLink") {
      said = fmt::format("[账号关联 · account link] {}", text(at(event, {"link", "result"})));
    }
  }
  if (said.empty() && item.media.empty() && item.message.content.cards.empty()) return;
  // Another module of the account answers: it is shown, and the bot stays quiet.
  const bool standby = text(at(event, "mode")) == "standby";
  if (standby) item.welcome = false;
  if (standby && item.kind == Incoming::Kind::message) {
    item.kind = Incoming::Kind::event;
    item.media.clear();
    said = "[由另一模块处理 · handled by another module] " + said;
  } else if (const std::string token = text(at(event, "replyToken")); !token.empty()) {
    call.reply_tokens.emplace_back(item.message.user, token);
  }
  call.items.push_back(std::move(item));
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string signature_of(const std::string& channel_secret, std::string_view body) {
  return channel::base64(channel::hmac_sha256(channel_secret, body));
}

Result<Call> read_call(std::string_view json, bool groups) {
  auto body = read_json(json, "line");
  if (!body || !at(*body, "events").is_array()) {
    return Error{Errc::bad_value, "line.bad_call", "this is no call of LINE's webhook"};
  }
  Call call;
  for (const Json& event : items(at(*body, "events"))) read_event(event, groups, call);
  return call;
}

Result<Json> message_of(const Part& part, const std::string& link) {
  if (part.kind == Part::Kind::file) {
    if (!part.file.media_type.starts_with("image/jpeg") && !part.file.media_type.starts_with("image/png")) {
      return channel::failure::unsupported("LINE shows JPEG and PNG pictures");
    }
    if (!link.starts_with("https://")) {
      return channel::failure::unsupported(
          "LINE fetches pictures by https; the hub has no public address of that kind");
    }
    return Json{{"type", "image"}, {"originalContentUrl", link}, {"previewImageUrl", link}};
  }
  if (part.kind == Part::Kind::card) {
    if (part.card.kind != "location") return channel::failure::unsupported("LINE has no card of this kind");
    return Json{{"type", "location"},
                {"title", channel::first_characters(part.card.title.empty() ? "📍" : part.card.title, 100)},
                {"address", channel::first_characters(part.card.text.empty() ? "-" : part.card.text, 100)},
                {"latitude", channel::coordinate(part.card, "latitude")},
                {"longitude", channel::coordinate(part.card, "longitude")}};
  }
  Json message = {{"type", "text"}, {"text", part.text.empty() ? "👇" : part.text}};
  if (part.kind != Part::Kind::choice) return message;
  if (part.buttons.size() > kMostReplies) return channel::failure::unsupported("LINE shows at most 13 choices");
  Json replies = Json::array();
  for (const contract::Button& button : part.buttons) {
    Json action = {{"label", channel::first_characters(button.label, kLabel)}};
    if (button.url.empty()) {
      const std::string& value = button.value.empty() ? button.label : button.value;
      if (channel::split_text(value, kReplyText).size() > 1) {
        return channel::failure::unsupported("LINE sends at most 300 characters for a choice");
      }
      action["type"] = "message";
      action["text"] = value;
    } else {
      action["type"] = "uri";
      action["uri"] = button.url;
    }
    replies.push_back({{"type", "action"}, {"action", action}});
  }
  message["quickReply"] = {{"items", replies}};
  return message;
}

Error fault(const OutboundResponse& response) {
  auto body = read_json(response.body, "line");
  const std::string said = body ? text(at(*body, "message")) : std::string{};
  Error error = status_error("line", response, said);
  if (response.status == 401) {
    return channel::failure::token(
        "LINE does not take the channel access token: issue a new one in the Messaging API tab and set it");
  }
  if (response.status == 429) {
    if (said.find("monthly limit") != std::string::npos) {
      return channel::failure::quota(
          "the month's push messages of the LINE account are used up: raise the plan in LINE Official Account Manager; "
          "answers within a minute stay free",
          1h);
    }
    if (error.retry_after.count() == 0) error.retry_after = 5s;
  }
  return error;
}

std::string retry_key(const std::string& part_key) {
  std::string digest = channel::sha256(part_key).substr(0, 16);
  // Version 4 and its variant: what LINE takes for a UUID.
  digest[6] = static_cast<char>((static_cast<unsigned char>(digest[6]) & 0x0FU) | 0x40U);
  digest[8] = static_cast<char>((static_cast<unsigned char>(digest[8]) & 0x3FU) | 0x80U);
  const std::string hex = channel::hex(digest);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20));
}

Client::Client(const LineConfig& config, std::shared_ptr<channel::Services> services)
    : config_(config),
      services_(std::move(services)),
      receiver_(std::make_shared<Receiver>(
          services_, Receiver::Options{.fetch = [this](const Media& media) { return fetch(media); },
                                       .name = [this](const std::string& user) { return name_of(user); },
                                       .welcome = config.welcome})) {}

Result<void> Client::start(Context&) {
  receiver_->start();
  receiver_->hook([self = shared_from_this()](const HttpRequest& request) { return self->read_hook(request); });
  return {};
}

contract::ChannelCapabilities Client::capabilities() const {
  contract::ChannelCapabilities can;
  can.platform = kName;
  can.title = config_.title;
  can.kinds = {"image", "location", "buttons"};
  can.max_text = kMostText;
  can.max_file = kMostImage;
  can.typing = true;
  return can;
}

Result<Receiver::Told> Client::read_hook(const HttpRequest& request) {
  const std::string expected = signature_of(config_.channel_secret.reveal(), request.body);
  if (!channel::same(request.header("x-line-signature"), expected)) {
    return Error{Errc::unauthorized, "line.signature",
                 "X-Line-Signature does not fit: compare channel_secret with the tab Basic settings"};
  }
  auto call = read_call(request.body, config_.groups);
  if (!call) return call.error();
  {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = services_->host.clock().steady();
    if (tokens_.size() > kMostTokens) std::erase_if(tokens_, [&](const auto& one) { return one.second.until < now; });
    for (auto& [user, token] : call->reply_tokens)
      tokens_[user] = {std::move(token), now + config_.reply_token_life, {}};
  }
  return Receiver::Told{.items = std::move(call->items)};
}

Result<OutboundResponse> Client::call(const std::string& method, const std::string& url, const std::string& body,
                                      const std::string& retry) {
  OutboundRequest request;
  request.method = method;
  request.url = url;
  request.headers = {{"authorization", "Bearer " + config_.token.reveal()}};
  if (!body.empty()) request.headers.emplace_back("content-type", "application/json");
  if (!retry.empty()) request.headers.emplace_back("x-line-retry-key", retry);
  request.body = body;
  return services_->http->send(request);
}

std::optional<Client::ReplyToken> Client::take_token(const std::string& user) {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(user);
  if (found == tokens_.end()) return std::nullopt;
  ReplyToken token = std::move(found->second);
  tokens_.erase(found);
  if (token.until < services_->host.clock().steady()) return std::nullopt;
  return token;
}

std::optional<Result<std::string>> Client::reply(const Part& part, const Json& message) {
  auto token = take_token(part.user);
  if (!token || (!token->tried_for.empty() && token->tried_for != part.key)) return std::nullopt;
  auto response = call("POST", join_url(config_.url, "v2/bot/message/reply"),
                       dump({{"replyToken", token->token}, {"messages", Json::array({message})}}));
  if (!response) {
    // Whether LINE has it is not known. Its token works once: asked again with it, LINE tells.
    const std::lock_guard lock(mutex_);
    const bool maybe_there = response.error().code == Errc::timeout || response.error().id == "outbound.broken";
    token->tried_for = maybe_there ? part.key : std::string{};
    tokens_.try_emplace(part.user, *token);
    return Result<std::string>(response.error());
  }
  if (response->status == 200) {
    auto body = read_json(response->body, "line");
    if (!body) return Result<std::string>(body.error());
    return Result<std::string>(text(at(at(at(*body, "sentMessages"), 0), "id")));
  }
  if (response->status == 400) {
    if (!token->tried_for.empty()) return Result<std::string>(std::string{});  // it had arrived
    return std::nullopt;
  }
  const std::lock_guard lock(mutex_);
  tokens_.try_emplace(part.user, *token);
  return Result<std::string>(fault(*response));
}

Result<std::string> Client::send(const Part& part) {
  const std::string link = part.kind == Part::Kind::file ? services_->channel->file_link(part.file.id) : std::string{};
  auto message = message_of(part, link);
  if (!message) return message.error();
  if (auto replied = reply(part, *message)) return *replied;
  auto response = call("POST", join_url(config_.url, "v2/bot/message/push"),
                       dump({{"to", part.user}, {"messages", Json::array({*message})}}), retry_key(part.key));
  if (!response) return response.error();
  // 409: an earlier try with this key has arrived.
  if (response->status != 200 && response->status != 409) {
    Error error = fault(*response);
    if (error.name() != "channel.quota") return error;
    // Free replies still get through: what they prove must not end this alert.
    services_->channel->alert("line.push_quota", error.message);
    return channel::failure::user_rate(error.message, error.retry_after);
  }
  services_->channel->alert_over("line.push_quota");
  auto body = read_json(response->body, "line");
  if (!body) return body.error();
  return text(at(at(at(*body, "sentMessages"), 0), "id"));
}

Result<void> Client::typing(const std::string& user, bool on) {
  if (!on || !user.starts_with('U')) return {};
  auto response =
      call("POST", join_url(config_.url, "v2/bot/chat/loading/start"), dump({{"chatId", user}, {"loadingSeconds", 5}}));
  if (!response) return response.error();
  if (response->status > 299) return fault(*response);
  return {};
}

Result<Receiver::File> Client::fetch(const Media& media) {
  const bool outside = media.ref.starts_with(kOutside);
  OutboundRequest request;
  request.url = outside ? media.ref.substr(4)
                        : join_url(config_.data_url, fmt::format("v2/bot/message/{}/content", url_encode(media.ref)));
  if (!outside) request.headers = {{"authorization", "Bearer " + config_.token.reveal()}};
  auto response = services_->http->send(request);
  if (!response) return response.error();
  if (response->status == 202) return Error{Errc::unavailable, "line.preparing", "LINE is still preparing a file"};
  if (response->status != 200) return outside ? status_error("line", *response) : fault(*response);
  return Receiver::File{{}, std::move(response->body)};
}

Result<std::string> Client::name_of(const std::string& user) {
  auto response = call("GET", join_url(config_.url, "v2/bot/profile/" + url_encode(user)), {});
  if (!response) return response.error();
  if (response->status != 200) return fault(*response);
  auto body = read_json(response->body, "line");
  if (!body) return body.error();
  return text(at(*body, "displayName"));
}

Result<contract::ConnectorTested> Client::test() {
  auto response = call("GET", join_url(config_.url, "v2/bot/info"), {});
  if (!response) return response.error();
  if (response->status != 200) return fault(*response);
  auto body = read_json(response->body, "line");
  if (!body) return body.error();
  return contract::ConnectorTested{fmt::format("{} ({})", text(at(*body, "displayName")), text(at(*body, "basicId")))};
}

}  // namespace qiao::line
