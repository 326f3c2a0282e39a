#include "connectors/telegram/client/telegram_client.hpp"

#include <fmt/format.h>

#include "connectors/channel/form.hpp"
#include "connectors/channel/signing.hpp"
#include "connectors/platform/http_answer.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::telegram {
namespace {

using namespace platform;
using channel::Media;
using channel::Part;
using channel::Receiver;

constexpr std::size_t kMostText = 4096;
constexpr std::int64_t kMostFile = 50 << 20;
constexpr std::int64_t kMostPhoto = 10 << 20;
constexpr std::size_t kMostCallback = 64;

const Lane kPollLane{
    .kind = Lane::blocking, .capacity = 16, .concurrency = 1, .name = "poll", .budget = std::chrono::seconds(90)};
const Lane kCallLane{.kind = Lane::blocking, .capacity = 1024, .concurrency = 2, .name = "calls"};

Json read(std::string_view body) {
  auto value = read_json(body, "telegram");
  return value ? std::move(*value) : Json{};
}

const Json& allowed_updates() {
  static const Json list = {"message", "edited_message", "callback_query", "my_chat_member"};
  return list;
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// Ids of chats are numbers of up to 52 bits; anything else would be taken for a channel's name.
Json chat_id(const std::string& user) {
  Json value = Json::parse(user, nullptr, false);
  return value.is_number_integer() ? value : Json(user);
}

std::string sent_id(const std::string& user, const std::string& body) {
  const std::string number = text(at(read(body), {"result", "message_id"}));
  return number.empty() ? std::string{} : user + ":" + number;
}

OutboundSettings long_poll_settings(const TelegramConfig& config) {
  OutboundSettings settings;
  settings.named = {host_and_port(config.url)};
  settings.total_timeout = config.poll_wait + std::chrono::seconds(10);
  settings.max_body = 8u << 20;
  settings.ca_file = config.ca_file;
  return settings;
}

}  // namespace

std::string moved_to(const OutboundResponse& response) {
  return text(at(read(response.body), {"parameters", "migrate_to_chat_id"}));
}

Error fault(const OutboundResponse& response, const std::string& user) {
  const Json body = read(response.body);
  const std::string said = text(at(body, "description"));
  Error error = status_error("telegram", response, said);
  if (const std::int64_t wait = integer(at(body, {"parameters", "retry_after"})); wait > 0 && wait < 86400) {
    error.retry_after = std::chrono::seconds(wait);
  }
  switch (response.status) {
    case 401:
    case 404:  // what Telegram answers to a token that is none
      return channel::failure::token(
          "Telegram does not know this bot's token: ask @BotFather for the current one (/mybots > API Token) and set "
          "it");
    case 403:
      error.id = "telegram.blocked";
      error.message = "the customer has blocked the bot, or has left: Telegram takes nothing for them (" + said + ")";
      return error;
    case 413:
      return channel::failure::unsupported("Telegram takes no file of this size");
    case 429:
      if (error.retry_after.count() == 0) error.retry_after = std::chrono::seconds(1);
      // In a group only 20 messages a minute are taken; the other chats are none the slower for it.
      if (user.starts_with('-')) return channel::failure::user_rate(error.message, error.retry_after);
      return error;
    case 409:
      error.message = "another program asks Telegram for this bot's messages, or a webhook is set: " + said;
      error.code = Errc::unavailable;
      return error;
    default:
      return error;
  }
}

Client::Client(const TelegramConfig& config, std::shared_ptr<channel::Services> services)
    : config_(config),
      services_(std::move(services)),
      receiver_(std::make_shared<Receiver>(
          services_,
          Receiver::Options{.fetch = [this](const Media& media) { return fetch(media); }, .welcome = config.welcome})),
      long_poll_(long_poll_settings(config)) {}

Result<void> Client::start(Context& host) {
  receiver_->start();
  if (config_.receive == Receive::polling) {
    host.bus().after(std::chrono::milliseconds(1), kPollLane, [self = shared_from_this()] { self->poll(); });
    return {};
  }
  receiver_->hook([self = shared_from_this()](const HttpRequest& request) { return self->read_hook(request); });
  if (!config_.webhook_url.empty()) {
    host.bus().after(std::chrono::milliseconds(1), kCallLane, [self = shared_from_this()] { self->tell_webhook(0); });
  }
  return {};
}

void Client::close() noexcept {
  closed_ = true;
  long_poll_.close();
}

contract::ChannelCapabilities Client::capabilities() const {
  contract::ChannelCapabilities can;
  can.platform = kName;
  can.title = config_.title;
  can.kinds = {"image", "voice", "video", "file", "location", "buttons"};
  can.max_text = kMostText;
  can.max_file = kMostFile;
  can.typing = true;
  return can;
}

/// The body of a success. Not every 200 is Telegram's.
Result<std::string> Client::accepted(OutboundResponse response, const std::string& user) {
  if (response.status < 200 || response.status > 299) return fault(response, user);
  if (auto body = read_json(response.body, "telegram"); !body) return body.error();
  return std::move(response.body);
}

Result<std::string> Client::call(OutboundClient& http, const std::string& method, OutboundRequest request,
                                 const std::string& user) {
  request.method = "POST";
  request.url = join_url(config_.url, fmt::format("bot{}/{}", config_.token.reveal(), method));
  auto response = http.send(request);
  if (!response) return response.error();
  return accepted(std::move(*response), user);
}

Result<std::string> Client::call(const std::string& method, const std::string& json, const std::string& user) {
  OutboundRequest request;
  request.headers = {{"content-type", "application/json"}};
  request.body = json;
  return call(*services_->http, method, std::move(request), user);
}

Result<std::string> Client::send(const Part& part) {
  if (part.kind == Part::Kind::file) return send_file(part);
  Json body = {{"chat_id", chat_id(part.user)}};
  std::string method = "sendMessage";
  if (part.kind == Part::Kind::card) {
    if (part.card.kind != "location") return channel::failure::unsupported("Telegram has no card of this kind");
    body["latitude"] = channel::coordinate(part.card, "latitude");
    body["longitude"] = channel::coordinate(part.card, "longitude");
    method = "sendLocation";
    if (!part.card.title.empty()) {
      method = "sendVenue";
      body["title"] = part.card.title;
      body["address"] = part.card.text;
    }
  } else {
    body["text"] = part.text.empty() ? "👇" : part.text;
    if (part.kind == Part::Kind::choice) {
      Json rows = Json::array();
      for (const contract::Button& button : part.buttons) {
        if (button.url.empty() && button.value.size() > kMostCallback) {
          return channel::failure::unsupported("a button of Telegram carries at most 64 bytes");
        }
        Json key = {{"text", button.label}};
        if (button.url.empty()) {
          key["callback_data"] = button.value.empty() ? channel::clip(button.label, kMostCallback) : button.value;
        } else {
          key["url"] = button.url;
        }
        rows.push_back(Json::array({key}));
      }
      body["reply_markup"] = {{"inline_keyboard", rows}};
    }
  }
  OutboundRequest request;
  request.headers = {{"content-type", "application/json"}};
  request.body = dump(body);
  request.method = "POST";
  request.url = join_url(config_.url, fmt::format("bot{}/{}", config_.token.reveal(), method));
  auto response = services_->http->send(request);
  if (!response) return response.error();
  if (const std::string chat = response->status == 400 ? moved_to(*response) : std::string{}; !chat.empty()) {
    body["chat_id"] = chat_id(chat);
    auto moved = call(method, dump(body), part.user);
    return moved ? Result<std::string>(sent_id(chat, *moved)) : moved;
  }
  auto sent = accepted(std::move(*response), part.user);
  return sent ? Result<std::string>(sent_id(part.user, *sent)) : sent;
}

Result<std::string> Client::send_file(const Part& part) {
  auto file = services_->channel->read_file(part.file.id);
  if (!file) return file.error();
  const std::string& type = part.file.media_type;
  std::string method = "sendDocument";
  std::string field = "document";
  const auto as = [&](const char* what, const char* name) {
    method = what;
    field = name;
  };
  const auto size = static_cast<std::int64_t>(file->bytes.size());
  if (size > kMostFile) return channel::failure::unsupported("Telegram takes files up to 50 MB");
  if ((type == "image/jpeg" || type == "image/png" || type == "image/webp") && size <= kMostPhoto)
    as("sendPhoto", "photo");
  if (type == "video/mp4") as("sendVideo", "video");
  if (type == "audio/ogg") as("sendVoice", "voice");
  if (type == "audio/mpeg" || type == "audio/mp4") as("sendAudio", "audio");
  for (std::string chat = part.user;;) {
    const std::vector<std::pair<std::string, std::string>> fields{{"chat_id", chat}};
    OutboundRequest request;
    auto [content_type, body] = channel::multipart(fields, {field, part.file.name, type, file->bytes});
    request.headers = {{"content-type", content_type}};
    request.body = std::move(body);
    request.method = "POST";
    request.url = join_url(config_.url, fmt::format("bot{}/{}", config_.token.reveal(), method));
    auto response = services_->http->send(request);
    if (!response) return response.error();
    if (response->status == 400) {
      if (const std::string moved = moved_to(*response); !moved.empty() && chat == part.user) {
        chat = moved;
        continue;
      }
      // A picture that is too long or too wide, a customer who takes no voice: any file goes as a document.
      if (method != "sendDocument") {
        as("sendDocument", "document");
        continue;
      }
    }
    auto sent = accepted(std::move(*response), part.user);
    return sent ? Result<std::string>(sent_id(chat, *sent)) : sent;
  }
}

Result<void> Client::typing(const std::string& user, bool on) {
  if (!on) return {};
  auto done = call("sendChatAction", dump({{"chat_id", chat_id(user)}, {"action", "typing"}}), user);
  if (!done) return done.error();
  return {};
}

Result<Receiver::File> Client::fetch(const Media& media) {
  auto answer = call("getFile", dump({{"file_id", media.ref}}));
  if (!answer) return answer.error();
  const std::string path = text(at(read(*answer), {"result", "file_path"}));
  if (path.empty() || path.find("..") != std::string::npos) {
    return Error{Errc::bad_value, "telegram.no_file", "Telegram gave no path for a file"};
  }
  OutboundRequest request;
  request.url = join_url(config_.url, fmt::format("file/bot{}/{}", config_.token.reveal(), path));
  auto response = services_->http->send(request);
  if (!response) return response.error();
  if (response->status != 200) return status_error("telegram", *response);
  return Receiver::File{path.substr(path.rfind('/') + 1), std::move(response->body)};
}

Result<Receiver::Told> Client::read_hook(const HttpRequest& request) {
  if (!channel::same(request.header("x-telegram-bot-api-secret-token"), config_.secret_token.reveal())) {
    return Error{
        Errc::unauthorized, "telegram.secret_token",
        "X-Telegram-Bot-Api-Secret-Token is not the secret_token of this instance; set the webhook again with it"};
  }
  auto update = read_update(request.body, config_.groups);
  if (!update) return update.error();
  answer_callback(update->callback);
  Receiver::Told told;
  told.items = std::move(update->items);
  return told;
}

/// The customer's phone shows the button as waiting until this is done.
void Client::answer_callback(const std::string& id) {
  if (id.empty()) return;
  services_->host.bus().post(kCallLane, [self = shared_from_this(), id] {
    auto done = self->call("answerCallbackQuery", dump({{"callback_query_id", id}}));
    if (!done) self->services_->host.log().debug("a pressed button could not be confirmed: {}", done.error().message);
  });
}

void Client::alert_token(const Error& error) {
  if (error.code == Errc::unauthorized) services_->channel->alert("channel.token", error.message);
}

void Client::tell_webhook(int tries) {
  auto done = call("setWebhook", dump({{"url", config_.webhook_url},
                                       {"secret_token", config_.secret_token.reveal()},
                                       {"allowed_updates", allowed_updates()}}));
  if (done) {
    services_->channel->alert_over("channel.webhook");
    return services_->host.log().info("Telegram sends this bot's messages to the hub");
  }
  if (closed_) return;
  services_->host.log().warn("Telegram was not told the webhook's address: {}", done.error().message);
  if (tries == 2) {
    services_->channel->alert("channel.webhook",
                              "Telegram was not told where to send messages: " + done.error().message);
  }
  services_->host.bus().after(std::chrono::seconds(tries < 5 ? 10 : 300), kCallLane,
                              [self = shared_from_this(), tries] { self->tell_webhook(tries + 1); });
}

void Client::poll() {
  if (closed_) return;
  auto done = poll_once();
  if (closed_) return;
  if (done) {
    polls_failed_ = 0;
    services_->channel->alert_over("channel.polling");
    services_->host.bus().post(kPollLane, [self = shared_from_this()] { self->poll(); });
    return;
  }
  services_->host.log().warn("Telegram could not be asked for messages: {}", done.error().message);
  alert_token(done.error());
  // A question that breaks once is nobody's business.
  if (++polls_failed_ == 2 && done.error().code != Errc::unauthorized) {
    services_->channel->alert("channel.polling", "Telegram gives the hub no messages: " + done.error().message);
  }
  const auto pause = std::max<std::chrono::milliseconds>(done.error().retry_after, std::chrono::seconds(5));
  services_->host.bus().after(pause, kPollLane, [self = shared_from_this()] { self->poll(); });
}

Result<void> Client::poll_once() {
  channel::Memory& memory = services_->channel->memory();
  if (!polls_ready_) {
    auto kept = memory.get("poll.next");
    if (!kept) return kept.error();
    if (*kept) next_ = integer(Json(**kept));
    auto free = call("deleteWebhook", "{}");
    if (!free) return free.error();
    polls_ready_ = true;
  }
  OutboundRequest request;
  request.headers = {{"content-type", "application/json"}};
  request.body =
      dump({{"offset", next_}, {"timeout", config_.poll_wait.count()}, {"allowed_updates", allowed_updates()}});
  auto answer = call(long_poll_, "getUpdates", std::move(request), {});
  if (!answer) return answer.error();
  services_->channel->alert_over("channel.token");
  auto updates = read_updates(*answer, config_.groups);
  if (!updates) return updates.error();
  for (Update& update : *updates) {
    answer_callback(update.callback);
    if (auto kept = receiver_->take_and_wait(std::move(update.items)); !kept) return kept;
    next_ = std::max(next_, update.id + 1);
  }
  if (updates->empty()) return {};
  return memory.put("poll.next", std::to_string(next_));
}

Result<contract::ConnectorTested> Client::test() {
  auto me = call("getMe", "{}");
  if (!me) return me.error();
  const std::string bot = text(at(read(*me), {"result", "username"}));
  if (config_.receive == Receive::polling) return contract::ConnectorTested{fmt::format("bot @{}, by polling", bot)};
  auto info = call("getWebhookInfo", "{}");
  if (!info) return info.error();
  const Json body = read(*info);
  const std::string url = text(at(body, {"result", "url"}));
  const std::string trouble = text(at(body, {"result", "last_error_message"}));
  if (url.empty()) {
    return Error{Errc::conflict, "telegram.no_webhook",
                 fmt::format("bot @{} is reachable, but no webhook is set: set webhook_url, or receive: polling", bot)};
  }
  return contract::ConnectorTested{fmt::format("bot @{}, webhook {}{}{}", bot, url,
                                               trouble.empty() ? "" : "; Telegram's last trouble with it: ", trouble)};
}

}  // namespace qiao::telegram
