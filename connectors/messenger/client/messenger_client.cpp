#include "connectors/messenger/client/messenger_client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/channel/parts.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::messenger {
namespace {

using namespace platform;
using channel::Incoming;
using channel::Media;
using channel::Part;
using channel::Receiver;

constexpr std::size_t kMostText = 2000;
constexpr std::int64_t kMostFile = 25 << 20;
constexpr std::size_t kMostReplies = 13;
constexpr std::size_t kReplyTitle = 20;  // characters
constexpr std::size_t kReplyPayload = 1000;
constexpr std::size_t kMostLinks = 3;  // buttons of a template
constexpr std::size_t kTemplateText = 640;
constexpr std::size_t kMostParts = 10;  // of a message as the inbox takes it
constexpr const char* kOurs = "qiao:";  // begins what our own messages carry with them
constexpr std::string_view kElsewhere = "[主页在别处答复 · the page answered elsewhere] ";

Time milliseconds(const Json& value) { return channel::time_of(integer(value), std::chrono::milliseconds(1)); }

void read_attachment(const Json& one, Incoming& item) {
  contract::Content& content = item.message.content;
  const std::string type = text(at(one, "type"));
  const Json& payload = at(one, "payload");
  const std::string url = text(at(payload, "url"));
  const auto line = [&](const std::string& said) { content.text += (content.text.empty() ? "" : "\n") + said; };
  if (type == "location") {
    channel::add_location(content, text(at(payload, {"coordinates", "lat"})),
                          text(at(payload, {"coordinates", "long"})), text(at(one, "title")), {});
  } else if (url.empty()) {
    line(fmt::format("[Messenger 附件，无法显示 · an attachment that cannot be shown] {}", channel::clip(type, 40)));
  } else if (type == "image") {
    item.media.push_back({url, "image.jpg", "image"});
  } else if (type == "audio") {
    item.media.push_back({url, "audio.m4a", "voice"});
  } else if (type == "video") {
    item.media.push_back({url, "video.mp4", "video"});
  } else if (type == "file") {
    const std::string path = url.substr(0, url.find_first_of("?#"));
    item.media.push_back({url, path.substr(path.rfind('/') + 1), "file"});
  } else {
    line(fmt::format("[{}] {}", channel::clip(type, 40), channel::clip(url, 1500)));
  }
}

/// What somebody else wrote in the page's name: another app, or a person in Meta Business Suite.
void read_echo(const Json& event, const Json& message, Incoming item, std::vector<Incoming>& all) {
  if (text(at(message, "metadata")).starts_with(kOurs)) return;
  item.kind = Incoming::Kind::event;
  item.message.user = text(at(event, {"recipient", "id"}));
  if (item.message.user.empty()) return;
  std::string said = text(at(message, "text"));
  if (said.empty()) said = text(at(at(at(message, "attachments"), 0), "type"));
  item.message.content.text = std::string(kElsewhere) + said;
  all.push_back(std::move(item));
}

void read_message(const Json& event, const Json& message, Incoming item, bool standby, std::vector<Incoming>& all) {
  item.message.external_id = text(at(message, "mid"));
  if (item.message.external_id.empty()) return;
  if (at(message, "is_echo") == true) return read_echo(event, message, std::move(item), all);
  contract::Content& content = item.message.content;
  content.text = text(at(message, {"quick_reply", "payload"}));
  if (content.text.empty()) content.text = text(at(message, "text"));
  // What one message of the inbox cannot hold comes in further ones.
  std::vector<Incoming> more;
  Incoming next = item;
  next.message.content = {};
  for (const Json& one : items(at(message, "attachments"))) {
    const Incoming& last = more.empty() ? item : more.back();
    if (last.media.size() + last.message.content.cards.size() == kMostParts) {
      next.message.external_id = fmt::format("{}/{}", item.message.external_id, more.size() + 2);
      more.push_back(next);
    }
    read_attachment(one, more.empty() ? item : more.back());
  }
  if (at(message, "is_deleted") == true) {
    item.kind = Incoming::Kind::event;
    item.message.external_id = "deleted:" + item.message.external_id;
    content.text = "[撤回了消息 · unsent a message]";
  }
  if (content.text.empty() && item.media.empty() && content.cards.empty()) {
    content.text = "[Messenger 消息，无法显示 · a kind of message that cannot be shown]";
  }
  if (standby && item.kind == Incoming::Kind::message) {
    // Another app answers this one: it is shown, and the bot stays quiet.
    item.kind = Incoming::Kind::event;
    item.media.clear();
    content.text = "[由另一应用处理 · handled by another app] " + content.text;
    more.clear();
  }
  all.push_back(std::move(item));
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

/// As Meta calls a file.
std::string attachment_kind(const Part& part) {
  std::string kind = channel::file_kind(part.file.media_type);
  return kind == "voice" ? "audio" : kind;
}

void read_event(const Json& event, bool standby, std::vector<Incoming>& all) {
  Incoming item;
  item.message.user = text(at(event, {"sender", "id"}));
  item.message.at = milliseconds(at(event, "timestamp"));
  if (item.message.user.empty()) return;
  const std::string stamp = text(at(event, "timestamp"));
  if (const Json& message = at(event, "message"); message.is_object()) {
    return read_message(event, message, std::move(item), standby, all);
  }
  if (standby) return;
  if (const Json& delivery = at(event, "delivery"); delivery.is_object()) {
    for (const Json& mid : items(at(delivery, "mids"))) {
      Incoming receipt;
      receipt.kind = Incoming::Kind::receipt;
      receipt.message.external_id = text(mid);
      receipt.state = contract::Delivery::delivered;
      if (!receipt.message.external_id.empty()) all.push_back(std::move(receipt));
    }
  } else if (at(event, "read").is_object()) {
    item.kind = Incoming::Kind::read;
    all.push_back(std::move(item));
  } else if (const Json& edit = at(event, "message_edit"); edit.is_object()) {
    item.kind = Incoming::Kind::event;
    item.message.external_id = fmt::format("edit:{}:{}", text(at(edit, "num_edit")), text(at(edit, "mid")));
    item.message.content.text = "[修改了消息 · edited a message] " + text(at(edit, "text"));
    all.push_back(std::move(item));
  } else if (const Json& press = at(event, "postback"); press.is_object()) {
    const std::string payload = text(at(press, "payload"));
    const std::string mid = text(at(press, "mid"));
    item.message.external_id = mid.empty() ? fmt::format("postback:{}:{}", item.message.user, stamp) : mid;
    item.message.content.text = payload.empty() ? text(at(press, "title")) : payload;
    if (payload == "GET_STARTED") {
      item.kind = Incoming::Kind::event;
      item.welcome = true;
      item.message.content.text = "[开始对话 · pressed Get started]";
    }
    if (!item.message.content.text.empty()) all.push_back(std::move(item));
  } else if (const Json& reaction = at(event, "reaction"); reaction.is_object()) {
    item.kind = Incoming::Kind::event;
    item.message.external_id = fmt::format("reaction:{}:{}", stamp, text(at(reaction, "mid")));
    item.message.content.text =
        fmt::format("[表情回应 · reaction] {} {}", text(at(reaction, "action")), text(at(reaction, "emoji")));
    all.push_back(std::move(item));
  } else if (const Json& referral = at(event, "referral"); referral.is_object()) {
    item.kind = Incoming::Kind::event;
    item.message.external_id = fmt::format("referral:{}:{}", item.message.user, stamp);
    item.message.content.text = fmt::format("[来自链接或广告 · came by a link or an ad] {} {}",
                                            text(at(referral, "source")), text(at(referral, "ref")));
    all.push_back(std::move(item));
  }
}

}  // namespace

Result<std::vector<Incoming>> read_call(std::string_view json, const std::string& page_id) {
  auto body = read_json(json, "messenger");
  const std::string object = body ? text(at(*body, "object")) : std::string{};
  if (object != "page" && object != "instagram") {
    return Error{Errc::bad_value, "messenger.bad_call", "this is no call of Messenger's webhook"};
  }
  std::vector<Incoming> all;
  for (const Json& entry : items(at(*body, "entry"))) {
    if (text(at(entry, "id")) != page_id) continue;
    for (const Json& event : items(at(entry, "messaging"))) read_event(event, false, all);
    for (const Json& event : items(at(entry, "standby"))) read_event(event, true, all);
  }
  return all;
}

Result<Json> message_of(const Part& part) {
  Json message = {{"metadata", kOurs + part.key}};
  if (part.kind == Part::Kind::card) return channel::failure::unsupported("Messenger has no card of this kind");
  if (part.kind != Part::Kind::choice) {
    message["text"] = part.text;
    return message;
  }
  const std::string above = part.text.empty() ? "👇" : part.text;
  const bool links =
      std::any_of(part.buttons.begin(), part.buttons.end(), [](const auto& b) { return !b.url.empty(); });
  if (part.buttons.size() > (links ? kMostLinks : kMostReplies)) {
    return channel::failure::unsupported("Messenger shows 13 choices, or three when one of them is a link");
  }
  Json choices = Json::array();
  for (const contract::Button& button : part.buttons) {
    const std::string title = channel::first_characters(button.label, kReplyTitle);
    const std::string payload = button.value.empty() ? button.label : button.value;
    if (payload.size() > kReplyPayload) return channel::failure::unsupported("Messenger keeps no value of this length");
    if (!button.url.empty()) {
      choices.push_back({{"type", "web_url"}, {"title", title}, {"url", button.url}});
    } else if (links) {
      choices.push_back({{"type", "postback"}, {"title", title}, {"payload", payload}});
    } else {
      choices.push_back({{"content_type", "text"}, {"title", title}, {"payload", payload}});
    }
  }
  if (!links) {
    message["text"] = above;
    message["quick_replies"] = choices;
    return message;
  }
  if (channel::split_text(above, kTemplateText).size() > 1) {
    return channel::failure::unsupported("Messenger shows at most 640 characters above a link button");
  }
  message["attachment"] = {{"type", "template"},
                           {"payload", {{"template_type", "button"}, {"text", above}, {"buttons", choices}}}};
  return message;
}

void OwnMessages::begin(const std::string& user, const std::string& text) {
  const std::lock_guard lock(mutex_);
  under_way_.insert(user + " " + text);
}

void OwnMessages::end(const std::string& user, const std::string& text, const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = under_way_.find(user + " " + text); found != under_way_.end()) under_way_.erase(found);
  if (id.empty() || !ids_.insert(id).second) return;
  order_.push_back(id);
  if (order_.size() <= kMost) return;
  ids_.erase(order_.front());
  order_.pop_front();
}

bool OwnMessages::holds(const std::string& user, const std::string& text, const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return ids_.contains(id) || under_way_.contains(user + " " + text);
}

Client::Client(const MessengerConfig& config, std::shared_ptr<channel::Services> services)
    : config_(config),
      services_(std::move(services)),
      graph_(kName, config, services_),
      receiver_(std::make_shared<Receiver>(
          services_, Receiver::Options{.fetch = [this](const Media& m) { return graph_.download(m.ref, false); },
                                       .name = [this](const std::string& user) { return name_of(user); },
                                       .welcome = config.welcome})) {}

Result<void> Client::start(Context&) {
  receiver_->start();
  graph_.hook(*receiver_, [self = shared_from_this()](const HttpRequest& request) { return self->read_hook(request); });
  return {};
}

Result<Receiver::Told> Client::read_hook(const HttpRequest& request) {
  auto items = read_call(request.body, config_.page_id);
  if (!items) return items.error();
  std::erase_if(*items, [this](const Incoming& item) {
    const std::string& text = item.message.content.text;
    return item.kind == Incoming::Kind::event && text.starts_with(kElsewhere) &&
           own_.holds(item.message.user, text.substr(kElsewhere.size()), item.message.external_id);
  });
  return Receiver::Told{.items = std::move(*items), .answer = "EVENT_RECEIVED", .content_type = "text/plain"};
}

contract::ChannelCapabilities Client::capabilities() const {
  contract::ChannelCapabilities can;
  can.platform = kName;
  can.title = config_.title;
  can.kinds = {"image", "voice", "video", "file", "buttons"};
  can.max_text = kMostText;
  can.max_file = kMostFile;
  can.typing = true;
  can.delivered = true;
  can.read = true;
  can.window = config_.human_agent ? std::chrono::hours(7 * 24) : std::chrono::hours(24);
  return can;
}

Result<Json> Client::deliver(const Part& part, bool human_agent) {
  Json body = {{"recipient", {{"id", part.user}}}, {"messaging_type", "RESPONSE"}};
  if (human_agent) {
    body["messaging_type"] = "MESSAGE_TAG";
    body["tag"] = "HUMAN_AGENT";
  }
  if (part.kind != Part::Kind::file) {
    auto message = message_of(part);
    if (!message) return message.error();
    body["message"] = std::move(*message);
    return graph_.post("me/messages", body);
  }
  auto file = services_->channel->read_file(part.file.id);
  if (!file) return file.error();
  const Json message = {{"attachment", {{"type", attachment_kind(part)}, {"payload", {{"is_reusable", false}}}}},
                        {"metadata", kOurs + part.key}};
  std::vector<std::pair<std::string, std::string>> fields{{"recipient", body["recipient"].dump()},
                                                          {"messaging_type", text(body["messaging_type"])},
                                                          {"message", message.dump()}};
  if (human_agent) fields.emplace_back("tag", "HUMAN_AGENT");
  auto sent = graph_.upload("me/messages", fields, {"filedata", part.file.name, part.file.media_type, file->bytes});
  if (!sent && sent.error().name() == "messenger.100") return channel::failure::unsupported(sent.error().message);
  return sent;
}

Result<std::string> Client::send(const Part& part) {
  const std::string text = part.kind == Part::Kind::file ? attachment_kind(part) : part.text;
  own_.begin(part.user, text);
  auto sent = send_part(part);
  own_.end(part.user, text, sent ? *sent : std::string{});
  return sent;
}

Result<std::string> Client::send_part(const Part& part) {
  auto sent = deliver(part, false);
  if (!sent && config_.human_agent && sent.error().name() == "channel.window_closed") {
    if (part.author != contract::Author::agent) {
      return Error{Errc::forbidden, "messenger.people_only",
                   "after 24 hours only people may answer (HUMAN_AGENT), no bot and no notice"};
    }
    sent = deliver(part, true);
  }
  if (!sent) return sent.error();
  return text(at(*sent, "message_id"));
}

Result<void> Client::act(const std::string& user, const char* action) {
  auto done = graph_.post("me/messages", {{"recipient", {{"id", user}}}, {"sender_action", action}});
  if (!done) return done.error();
  return {};
}

Result<void> Client::typing(const std::string& user, bool on) { return act(user, on ? "typing_on" : "typing_off"); }

Result<void> Client::seen(const std::string& user, const std::string&) { return act(user, "mark_seen"); }

Result<std::string> Client::name_of(const std::string& user) {
  // Instagram refuses the whole question when it does not know one of the fields.
  auto who = graph_.get(url_encode(user) + "?fields=name");
  if (!who) return who.error();
  if (std::string name = text(at(*who, "name")); !name.empty()) return name;
  auto account = graph_.get(url_encode(user) + "?fields=username");
  if (!account) return account.error();
  return text(at(*account, "username"));
}

Result<contract::ConnectorTested> Client::test() {
  auto me = graph_.get("me?fields=id,name");
  if (!me) return me.error();
  bool ours = text(at(*me, "id")) == config_.page_id;
  if (!ours) {  // Instagram's account hangs on the page whose token this is
    auto account = graph_.get("me?fields=instagram_business_account");
    ours = account && text(at(*account, {"instagram_business_account", "id"})) == config_.page_id;
  }
  if (!ours) {
    return Error{Errc::conflict, "messenger.other_page",
                 fmt::format("the token is for page {}, page_id says {}", text(at(*me, "id")), config_.page_id)};
  }
  return contract::ConnectorTested{fmt::format("page {} ({})", text(at(*me, "name")), config_.page_id)};
}

}  // namespace qiao::messenger
