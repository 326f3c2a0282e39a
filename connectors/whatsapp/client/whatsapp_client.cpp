#include "connectors/whatsapp/client/whatsapp_client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/platform/json_answer.hpp"

namespace qiao::whatsapp {
namespace {

using namespace platform;
using channel::Incoming;
using channel::Media;
using channel::Part;
using channel::Receiver;

constexpr std::size_t kMostText = 4096;
constexpr std::size_t kMostInteractive = 1024;  // characters above buttons
constexpr std::size_t kMostButtons = 3;
constexpr std::size_t kMostRows = 10;
constexpr std::size_t kButtonTitle = 20;  // characters
constexpr std::size_t kRowTitle = 24;
constexpr std::size_t kButtonId = 256;  // bytes
constexpr std::int64_t kMostFile = 100 << 20;
constexpr std::size_t kMostLatest = 20000;

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// A title that is too long ends in "…", so that it is seen to be cut.
std::string title_of(const std::string& text, std::size_t most) {
  if (characters(text) <= most) return text;
  return channel::first_characters(text, most - 1) + "…";
}

Time seconds(const Json& value) { return channel::time_of(integer(value), std::chrono::seconds(1)); }

bool is_number(std::string_view text) {
  return text.size() >= 6 && text.size() <= 15 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string extension_of(const std::string& mime) {
  if (mime.starts_with("image/jpeg")) return ".jpg";
  if (mime.starts_with("image/png")) return ".png";
  if (mime.starts_with("image/webp")) return ".webp";
  if (mime.starts_with("audio/ogg")) return ".ogg";
  if (mime.starts_with("audio/mpeg")) return ".mp3";
  if (mime.starts_with("audio/")) return ".m4a";
  if (mime.starts_with("video/")) return ".mp4";
  return {};
}

void add_media(Incoming& item, const Json& file, const char* kind) {
  const std::string id = text(at(file, "id"));
  if (id.empty()) return;
  std::string name = text(at(file, "filename"));
  if (name.empty()) name = kind + extension_of(text(at(file, "mime_type")));
  item.media.push_back({id, std::move(name), kind});
  item.message.content.text = text(at(file, "caption"));
}

void read_contacts(const Json& message, contract::Content& content) {
  for (const Json& card : items(at(message, "contacts"))) {
    if (content.cards.size() == 10) return;
    channel::add_contact(content, text(at(card, {"name", "formatted_name"})),
                         text(at(at(at(card, "phones"), 0), "phone")));
  }
}

void read_order(const Json& order, contract::Content& content) {
  content.text = "[订单 · order]";
  for (const Json& line : items(at(order, "product_items"))) {
    if (content.text.size() > 6000) break;
    content.text += fmt::format("\n{} × {} ({} {})", text(at(line, "product_retailer_id")), text(at(line, "quantity")),
                                text(at(line, "item_price")), text(at(line, "currency")));
  }
  if (const std::string note = text(at(order, "text")); !note.empty()) content.text += "\n" + note;
}

void read_content(const Json& message, Incoming& item) {
  contract::Content& content = item.message.content;
  const std::string type = text(at(message, "type"));
  const Json& body = at(message, type);
  if (type == "text") {
    content.text = text(at(body, "body"));
  } else if (type == "image" || type == "sticker") {
    add_media(item, body, "image");
  } else if (type == "audio" || type == "voice") {
    add_media(item, body, "voice");
  } else if (type == "video") {
    add_media(item, body, "video");
  } else if (type == "document") {
    add_media(item, body, "file");
  } else if (type == "location") {
    channel::add_location(content, text(at(body, "latitude")), text(at(body, "longitude")), text(at(body, "name")),
                          text(at(body, "address")));
  } else if (type == "contacts") {
    read_contacts(message, content);
  } else if (type == "interactive") {
    const Json& reply = at(body, text(at(body, "type")));
    content.text = text(at(reply, "id"));
    if (content.text.empty()) content.text = text(at(reply, "title"));
  } else if (type == "button") {
    content.text = text(at(body, "payload"));
    if (content.text.empty()) content.text = text(at(body, "text"));
  } else if (type == "order") {
    read_order(body, content);
  } else if (type == "reaction") {
    item.kind = Incoming::Kind::event;
    content.text = "[表情回应 · reaction] " + text(at(body, "emoji"));
  } else if (type == "system") {
    item.kind = Incoming::Kind::event;
    content.text = "[WhatsApp] " + text(at(body, "body"));
  }
  if (content.text.empty() && item.media.empty() && content.cards.empty()) {
    content.text =
        fmt::format("[WhatsApp 消息，无法显示 · a kind of message that cannot be shown] {}", channel::clip(type, 40));
  }
}

void read_message(const Json& message, const std::map<std::string, std::string>& names, std::vector<Incoming>& all) {
  Incoming item;
  item.message.external_id = text(at(message, "id"));
  item.message.user = text(at(message, "from"));
  if (item.message.external_id.empty() || item.message.user.empty()) return;
  if (const auto known = names.find(item.message.user); known != names.end()) item.message.user_name = known->second;
  item.message.at = seconds(at(message, "timestamp"));
  // WhatsApp vouches for the number: it is the account.
  if (is_number(item.message.user)) {
    item.claims.push_back({contract::identity_kind::kPhone, "+" + item.message.user, true});
  }
  read_content(message, item);
  all.push_back(std::move(item));
}

void read_status(const Json& status, std::vector<Incoming>& all) {
  const std::string state = text(at(status, "status"));
  Incoming item;
  item.kind = Incoming::Kind::receipt;
  item.message.external_id = text(at(status, "id"));
  if (item.message.external_id.empty()) return;
  if (state == "sent") {
    item.state = contract::Delivery::sent;
  } else if (state == "delivered") {
    item.state = contract::Delivery::delivered;
  } else if (state == "read") {
    item.state = contract::Delivery::read;
  } else if (state == "failed") {
    item.state = contract::Delivery::failed;
    const Json& error = at(at(status, "errors"), 0);
    const std::string details = text(at(error, {"error_data", "details"}));
    item.detail = meta::sentence(integer(at(error, "code")), details.empty() ? text(at(error, "title")) : details);
  } else {
    return;
  }
  all.push_back(std::move(item));
}

Json template_of(const Part& part, const Template& approved) {
  Json parameters = Json::array();
  for (const std::string& name : approved.parameters) {
    const auto found = part.values.find(name);
    std::string value = found == part.values.end() ? std::string{} : found->second;
    // What stands for a placeholder has no line breaks, tabs or runs of spaces, and is never empty.
    std::replace_if(
        value.begin(), value.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    for (std::size_t at = value.find("    "); at != std::string::npos; at = value.find("    ")) value.erase(at, 1);
    if (value.empty()) value = "-";
    parameters.push_back({{"type", "text"}, {"text", title_of(value, 900)}});
  }
  Json body = {{"name", approved.name}, {"language", {{"code", approved.language}}}};
  if (!parameters.empty()) body["components"] = Json::array({{{"type", "body"}, {"parameters", parameters}}});
  return body;
}

Result<Json> interactive_of(const Part& part) {
  const auto too_much = [](const char* why) { return channel::failure::unsupported(why); };
  if (characters(part.text) > kMostInteractive)
    return too_much("WhatsApp shows at most 1,024 characters above buttons");
  const Json head = {{"text", part.text.empty() ? "👇" : part.text}};
  const auto with_url =
      std::count_if(part.buttons.begin(), part.buttons.end(), [](const auto& b) { return !b.url.empty(); });
  if (with_url == 1 && part.buttons.size() == 1) {
    const contract::Button& button = part.buttons.front();
    return Json{{"type", "cta_url"},
                {"body", head},
                {"action",
                 {{"name", "cta_url"},
                  {"parameters", {{"display_text", title_of(button.label, kButtonTitle)}, {"url", button.url}}}}}};
  }
  if (with_url > 0) return too_much("WhatsApp shows one link button, and nothing beside it");
  if (part.buttons.size() > kMostRows) return too_much("WhatsApp shows at most ten choices");
  const bool few = part.buttons.size() <= kMostButtons;
  Json choices = Json::array();
  for (const contract::Button& button : part.buttons) {
    const std::string id = button.value.empty() ? button.label : button.value;
    if (id.size() > (few ? kButtonId : 200)) return too_much("WhatsApp keeps no value of this length for a choice");
    const std::string title = title_of(button.label, few ? kButtonTitle : kRowTitle);
    if (few) {
      choices.push_back({{"type", "reply"}, {"reply", {{"id", id}, {"title", title}}}});
    } else {
      choices.push_back({{"id", id}, {"title", title}});
    }
  }
  if (few) return Json{{"type", "button"}, {"body", head}, {"action", {{"buttons", choices}}}};
  return Json{{"type", "list"},
              {"body", head},
              {"action", {{"button", "选择 · choose"}, {"sections", Json::array({{{"rows", choices}}})}}}};
}

}  // namespace

Result<std::vector<Incoming>> read_call(std::string_view json, const std::string& phone_number_id) {
  auto body = read_json(json, "whatsapp");
  if (!body || text(at(*body, "object")) != "whatsapp_business_account") {
    return Error{Errc::bad_value, "whatsapp.bad_call", "this is no call of WhatsApp's webhook"};
  }
  std::vector<Incoming> all;
  for (const Json& entry : items(at(*body, "entry"))) {
    for (const Json& change : items(at(entry, "changes"))) {
      const Json& value = at(change, "value");
      if (text(at(change, "field")) != "messages") continue;
      if (text(at(value, {"metadata", "phone_number_id"})) != phone_number_id) continue;
      std::map<std::string, std::string> names;
      for (const Json& contact : items(at(value, "contacts"))) {
        names[text(at(contact, "wa_id"))] = text(at(contact, {"profile", "name"}));
      }
      for (const Json& message : items(at(value, "messages"))) read_message(message, names, all);
      for (const Json& status : items(at(value, "statuses"))) read_status(status, all);
    }
  }
  return all;
}

std::string media_kind(std::string_view type, std::int64_t size) {
  constexpr std::int64_t kMB = 1 << 20;
  if ((type == "image/jpeg" || type == "image/png") && size <= 5 * kMB) return "image";
  if ((type == "audio/aac" || type == "audio/mp4" || type == "audio/mpeg" || type == "audio/amr" ||
       type == "audio/ogg") &&
      size <= 16 * kMB) {
    return "audio";
  }
  if ((type == "video/mp4" || type == "video/3gpp") && size <= 16 * kMB) return "video";
  return size <= kMostFile ? "document" : "";
}

Result<Json> body_of(const Part& part, const WhatsappConfig& config) {
  Json body = {{"messaging_product", "whatsapp"}, {"recipient_type", "individual"}, {"to", part.user}};
  switch (part.kind) {
    case Part::Kind::notice: {
      const auto approved = config.notices.find(part.notice);
      if (approved == config.notices.end()) {
        return Error{Errc::bad_value, "whatsapp.no_template", fmt::format("no template is set for {}", part.notice)};
      }
      body["type"] = "template";
      body["template"] = template_of(part, approved->second);
      return body;
    }
    case Part::Kind::choice: {
      auto interactive = interactive_of(part);
      if (!interactive) return interactive.error();
      body["type"] = "interactive";
      body["interactive"] = std::move(*interactive);
      return body;
    }
    case Part::Kind::card: {
      if (part.card.kind != "location") return channel::failure::unsupported("WhatsApp has no card of this kind");
      body["type"] = "location";
      body["location"] = {{"latitude", channel::coordinate(part.card, "latitude")},
                          {"longitude", channel::coordinate(part.card, "longitude")},
                          {"name", part.card.title},
                          {"address", part.card.text}};
      return body;
    }
    default:
      body["type"] = "text";
      body["text"] = {{"body", part.text}, {"preview_url", false}};
      return body;
  }
}

Client::Client(const WhatsappConfig& config, std::shared_ptr<channel::Services> services)
    : config_(config),
      services_(std::move(services)),
      graph_(kName, config, services_),
      receiver_(std::make_shared<Receiver>(
          services_, Receiver::Options{.fetch = [this](const Media& media) { return fetch(media); }})) {}

Result<void> Client::start(Context&) {
  receiver_->start();
  graph_.hook(*receiver_, [self = shared_from_this()](const HttpRequest& request) { return self->read_hook(request); });
  return {};
}

contract::ChannelCapabilities Client::capabilities() const {
  contract::ChannelCapabilities can;
  can.platform = kName;
  can.title = config_.title;
  can.kinds = {"image", "voice", "video", "file", "location", "buttons"};
  can.max_text = kMostText;
  can.max_file = kMostFile;
  can.typing = true;
  can.delivered = true;
  can.read = true;
  can.window = std::chrono::hours(24);
  for (const auto& [key, approved] : config_.notices) can.notices.push_back(key);
  return can;
}

Result<Receiver::Told> Client::read_hook(const HttpRequest& request) {
  auto items = read_call(request.body, config_.phone_number_id);
  if (!items) return items.error();
  {
    const std::lock_guard lock(mutex_);
    if (latest_.size() > kMostLatest) latest_.clear();
    for (const Incoming& item : *items) {
      if (item.kind == Incoming::Kind::message) latest_[item.message.user] = item.message.external_id;
    }
  }
  return Receiver::Told{.items = std::move(*items)};
}

Result<Receiver::File> Client::fetch(const Media& media) {
  auto about = graph_.get(url_encode(media.ref));
  if (!about) return about.error();
  const std::string url = text(at(*about, "url"));
  if (url.empty()) return Error{Errc::bad_value, "whatsapp.no_file", "Meta gave no address for a file"};
  return graph_.download(url, true);
}

Result<Json> Client::upload(const Part& part) {
  auto file = services_->channel->read_file(part.file.id);
  if (!file) return file.error();
  const std::string kind = media_kind(part.file.media_type, static_cast<std::int64_t>(file->bytes.size()));
  if (kind.empty()) return channel::failure::unsupported("WhatsApp takes no file of this size");
  auto kept = graph_.upload(config_.phone_number_id + "/media",
                            {{"messaging_product", "whatsapp"}, {"type", part.file.media_type}},
                            {"file", part.file.name, part.file.media_type, file->bytes});
  // Meta takes only a handful of kinds, by what it finds in the file.
  if (!kept && kept.error().name() == "whatsapp.100") return channel::failure::unsupported(kept.error().message);
  if (!kept) return kept.error();
  Json media = {{"id", text(at(*kept, "id"))}};
  if (kind == "document") media["filename"] = part.file.name;
  return Json{{"messaging_product", "whatsapp"},
              {"recipient_type", "individual"},
              {"to", part.user},
              {"type", kind},
              {kind, media}};
}

Result<std::string> Client::send(const Part& part) {
  auto body = part.kind == Part::Kind::file ? upload(part) : body_of(part, config_);
  if (!body) return body.error();
  auto sent = graph_.post(config_.phone_number_id + "/messages", *body);
  if (!sent) return sent.error();
  return text(at(at(at(*sent, "messages"), 0), "id"));
}

Result<void> Client::typing(const std::string& user, bool on) {
  std::string message;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = latest_.find(user); found != latest_.end()) message = found->second;
  }
  // The sign hangs on a message of the customer, and marks it as read.
  if (!on || message.empty() || !config_.read_marks) return {};
  auto done = graph_.post(config_.phone_number_id + "/messages", {{"messaging_product", "whatsapp"},
                                                                  {"status", "read"},
                                                                  {"message_id", message},
                                                                  {"typing_indicator", {{"type", "text"}}}});
  if (!done) return done.error();
  return {};
}

Result<void> Client::seen(const std::string&, const std::string& external_id) {
  if (!external_id.starts_with("wamid.")) return {};
  // A long message is several in the inbox: "wamid.…#2".
  const std::string whole = external_id.substr(0, external_id.find('#'));
  auto done = graph_.post(config_.phone_number_id + "/messages",
                          {{"messaging_product", "whatsapp"}, {"status", "read"}, {"message_id", whole}});
  if (!done) return done.error();
  return {};
}

Result<contract::ConnectorTested> Client::test() {
  auto number = graph_.get(config_.phone_number_id + "?fields=display_phone_number,verified_name,quality_rating");
  if (!number) return number.error();
  return contract::ConnectorTested{fmt::format("{} ({}), quality {}", text(at(*number, "verified_name")),
                                               config_.phone_number_id, text(at(*number, "quality_rating")))};
}

}  // namespace qiao::whatsapp
