#include "connectors/telegram/client/telegram_client.hpp"

#include <fmt/format.h>

#include "connectors/platform/json_answer.hpp"

namespace qiao::telegram {
namespace {

using namespace platform;
using channel::Incoming;

constexpr std::int64_t kMostDownload = 20 << 20;

std::string name_of(const Json& who) {
  std::string name = text(at(who, "first_name"));
  const std::string last = text(at(who, "last_name"));
  if (!last.empty()) name += (name.empty() ? "" : " ") + last;
  return name.empty() ? text(at(who, "username")) : name;
}

Time seconds(const Json& value) { return channel::time_of(integer(value), std::chrono::seconds(1)); }

void add_media(Incoming& item, const Json& file, const char* kind, std::string name) {
  const std::string id = text(at(file, "file_id"));
  if (id.empty()) return;
  if (const std::string given = text(at(file, "file_name")); !given.empty()) name = given;
  if (integer(at(file, "file_size")) > kMostDownload) {
    item.message.content.text +=
        fmt::format("{}[文件太大，Telegram 不提供给机器人 · file too large for bots, over 20 MB] {}",
                    item.message.content.text.empty() ? "" : "\n", name);
    return;
  }
  item.media.push_back({id, std::move(name), kind});
}

void read_content(const Json& message, Incoming& item) {
  contract::Content& content = item.message.content;
  content.text = text(at(message, "text"));
  if (content.text.empty()) content.text = text(at(message, "caption"));
  if (const auto& sizes = items(at(message, "photo")); !sizes.empty())
    add_media(item, sizes.back(), "image", "photo.jpg");
  if (at(message, "animation").is_object()) {
    add_media(item, at(message, "animation"), "video", "animation.mp4");
  } else if (at(message, "document").is_object()) {
    add_media(item, at(message, "document"), "file", {});
  }
  if (at(message, "voice").is_object()) add_media(item, at(message, "voice"), "voice", "voice.ogg");
  if (at(message, "audio").is_object()) add_media(item, at(message, "audio"), "voice", "audio.mp3");
  if (at(message, "video").is_object()) add_media(item, at(message, "video"), "video", "video.mp4");
  if (at(message, "video_note").is_object()) add_media(item, at(message, "video_note"), "video", "video.mp4");
  if (const Json& sticker = at(message, "sticker"); sticker.is_object()) {
    const bool moves = at(sticker, "is_animated") == true || at(sticker, "is_video") == true;
    if (!moves) add_media(item, sticker, "image", "sticker.webp");
    if (moves || item.media.empty()) content.text = fmt::format("[贴纸 · sticker] {}", text(at(sticker, "emoji")));
  }
  if (const Json& place = at(message, "location"); place.is_object()) {
    const Json& venue = at(message, "venue");
    channel::add_location(content, text(at(place, "latitude")), text(at(place, "longitude")), text(at(venue, "title")),
                          text(at(venue, "address")));
  }
  if (const Json& card = at(message, "contact"); card.is_object()) {
    std::string phone = text(at(card, "phone_number"));
    channel::add_contact(content, name_of(card), phone);
    // Telegram knows this number as the writer's own.
    if (!phone.empty() && text(at(card, "user_id")) == text(at(message, {"from", "id"}))) {
      if (phone.front() != '+') phone.insert(0, "+");
      item.claims.push_back({contract::identity_kind::kPhone, phone, true});
    }
  }
  if (content.text.empty() && item.media.empty() && content.cards.empty())
    content.text = "[Telegram 消息，无法显示 · a kind of message that cannot be shown]";
  if (const Json& replied = at(message, "reply_to_message"); replied.is_object()) {
    const std::string said = text(at(replied, "text"));
    channel::add_quote(content, said.empty() ? text(at(replied, "caption")) : said);
  }
}

/// The chat's own words about itself, e.g. that somebody joined: nothing that a customer says.
bool is_service(const Json& message) {
  for (const char* key :
       {"new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo",
        "group_chat_created", "supergroup_chat_created", "channel_chat_created", "migrate_to_chat_id",
        "migrate_from_chat_id", "pinned_message", "message_auto_delete_timer_changed"}) {
    if (!at(message, key).is_null()) return true;
  }
  return false;
}

void read_message(const Json& message, bool edited, bool groups, Update& update) {
  const Json& chat = at(message, "chat");
  const Json& from = at(message, "from");
  const std::string id = text(at(chat, "id"));
  const std::string number = text(at(message, "message_id"));
  const std::string type = text(at(chat, "type"));
  const bool group = type == "group" || type == "supergroup";
  if (id.empty() || number.empty() || (type != "private" && !(groups && group))) return;
  if (at(from, "is_bot") == true || is_service(message)) return;
  // A position that is shared live is an edit every few seconds.
  if (edited && at(message, "location").is_object()) return;
  Incoming item;
  item.message.external_id = id + ":" + number;
  item.message.user = id;
  item.message.user_name = group ? text(at(chat, "title")) : name_of(from);
  item.message.at = seconds(at(message, "date"));
  read_content(message, item);
  if (group) item.claims.clear();  // a member's number is not the group's
  std::string& said = item.message.content.text;
  if (!group && !edited && (said == "/start" || said.starts_with("/start "))) {
    item.kind = Incoming::Kind::event;
    item.welcome = true;
    said = "[开始对话 · started the bot]" + said.substr(6);
  }
  if (group && !said.empty()) said = name_of(from) + ": " + said;
  if (edited) {
    item.kind = Incoming::Kind::event;
    item.media.clear();
    item.message.external_id += ":" + text(at(message, "edit_date"));
    item.message.at = seconds(at(message, "edit_date"));
    said = "[修改了消息 · edited a message] " + said;
  }
  update.items.push_back(std::move(item));
}

void read_press(const Json& press, bool groups, Update& update) {
  update.callback = text(at(press, "id"));
  const Json& chat = at(press, {"message", "chat"});
  const std::string id = text(at(chat, "id"));
  const bool is_private = text(at(chat, "type")) == "private";
  const std::string data = text(at(press, "data"));
  if (update.callback.empty() || id.empty() || data.empty() || !(is_private || groups)) return;
  Incoming item;
  item.message.external_id = "press:" + update.callback;
  item.message.user = id;
  item.message.user_name = is_private ? name_of(at(press, "from")) : text(at(chat, "title"));
  item.message.content.text = data;
  update.items.push_back(std::move(item));
}

void read_membership(const Json& change, Update& update) {
  const Json& chat = at(change, "chat");
  const std::string status = text(at(change, {"new_chat_member", "status"}));
  if (text(at(chat, "type")) != "private" || (status != "kicked" && status != "member")) return;
  Incoming item;
  item.kind = Incoming::Kind::event;
  item.message.user = text(at(chat, "id"));
  if (item.message.user.empty()) return;
  item.message.external_id = fmt::format("member:{}:{}:{}", item.message.user, text(at(change, "date")), status);
  item.message.user_name = name_of(at(change, "from"));
  item.message.at = seconds(at(change, "date"));
  item.message.content.text = status == "kicked"
                                  ? "[拉黑了机器人，消息将无法送达 · blocked the bot: nothing can be sent]"
                                  : "[解除了拉黑 · unblocked the bot]";
  update.items.push_back(std::move(item));
}

Result<Update> update_of(const Json& json, bool groups) {
  if (!at(json, "update_id").is_number_integer()) {
    return Error{Errc::bad_value, "telegram.bad_update", "this is no update of Telegram: it has no update_id"};
  }
  Update update;
  update.id = integer(at(json, "update_id"));
  if (const Json& m = at(json, "message"); m.is_object()) read_message(m, false, groups, update);
  if (const Json& m = at(json, "edited_message"); m.is_object()) read_message(m, true, groups, update);
  if (const Json& m = at(json, "callback_query"); m.is_object()) read_press(m, groups, update);
  if (const Json& m = at(json, "my_chat_member"); m.is_object()) read_membership(m, update);
  return update;
}

}  // namespace

Result<Update> read_update(std::string_view json, bool groups) {
  auto value = read_json(json, "telegram");
  if (!value) return Error{Errc::bad_value, "telegram.bad_update", "this is no JSON of Telegram"};
  return update_of(*value, groups);
}

Result<std::vector<Update>> read_updates(std::string_view json, bool groups) {
  auto value = read_json(json, "telegram");
  if (!value) return value.error();
  std::vector<Update> updates;
  for (const Json& one : items(at(*value, "result"))) {
    if (auto update = update_of(one, groups)) updates.push_back(std::move(*update));
  }
  return updates;
}

}  // namespace qiao::telegram
