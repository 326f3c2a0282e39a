#include "connectors/douyin/client/inbound.hpp"

#include <algorithm>

#include "connectors/channel/signing.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::douyin {

namespace {

using channel::moment;  // seconds in some calls, milliseconds in others
using platform::at;
using platform::integer;
using platform::Json;
using platform::text;

constexpr std::size_t kId = 1024, kName = 200, kText = 8 * 1024;

std::string say(bool english, std::string_view zh, std::string_view en) { return std::string(english ? en : zh); }

std::string id_of(const Json& value) { return clip(text(value), kId); }

std::string first_text(const Json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string found = text(at(object, name)); !found.empty()) return found;
  }
  return {};
}

void read_message(const Json& content, Webhook& hook) {
  Message& m = hook.message;
  m.id = id_of(at(content, "server_message_id"));
  m.conversation = id_of(at(content, "conversation_short_id"));
  m.at = moment(integer(at(content, "create_time")));
  m.type = clip(text(at(content, "message_type")), 64);
  m.text = clip(text(at(content, "text")), kText);
  m.media_url = text(at(content, "resource_url"));
  m.item = id_of(at(content, "item_id"));
  m.status = integer(at(content, "auth_status"));
  for (const Json& line : platform::items(at(content, "card_data"))) {
    m.form.emplace_back(clip(text(at(line, "label")), kName), clip(text(at(line, "value")), kName));
    if (m.form.size() == 50) break;
  }
  if (const std::string path = text(at(content, "path")); !path.empty()) {
    const std::string query = text(at(content, "query"));
    m.source = clip(path + (query.empty() ? "" : "?" + query), 500);
  }
  for (const Json& person : platform::items(at(content, "user_infos"))) {
    if (text(at(person, "open_id")) == hook.from) hook.from_name = clip(text(at(person, "nick_name")), kName);
  }
}

Comment comment_of(const Json& one, const std::string& item) {
  Comment c;
  c.id = id_of(at(one, "comment_id"));
  c.item = item;
  c.user = clip(text(at(one, "comment_user_id")), 128);
  c.name = clip(first_text(one, {"nick_name", "nickname"}), kName);
  c.text = clip(text(at(one, "content")), kText);
  c.at = moment(integer(at(one, "create_time")));
  c.replies = integer(at(one, "reply_comment_total"));
  return c;
}

}  // namespace

std::string short_id(const std::string& id) { return id.size() <= 128 ? id : channel::hex(channel::sha256(id)); }

std::string signature(std::string_view client_secret, std::string_view raw_body) {
  return channel::hex(channel::sha1(std::string(client_secret).append(raw_body)));
}

Result<Webhook> read_webhook(std::string_view body) {
  auto json = platform::read_json(body, "douyin");
  if (!json) return json.error();
  Webhook hook;
  hook.event = text(at(*json, "event"));
  hook.client_key = text(at(*json, "client_key"));
  hook.from = clip(text(at(*json, "from_user_id")), 128);
  hook.to = clip(text(at(*json, "to_user_id")), 128);
  if (hook.event.empty()) return Error{Errc::bad_value, "douyin.bad_answer", "a webhook without an event"};
  // An object in some events, an object written as a text in others.
  Json content = at(*json, "content");
  if (content.is_string()) {
    auto inner = platform::read_json(content.get_ref<const std::string&>(), "douyin");
    if (!inner) return inner.error();
    content = std::move(*inner);
  }
  if (hook.event == "verify_webhook") {
    const Json& challenge = at(content, "challenge");
    if (!challenge.is_number() && !challenge.is_string()) {
      return Error{Errc::bad_value, "douyin.bad_answer", "a check without a challenge"};
    }
    hook.challenge = Json{{"challenge", challenge}}.dump();
  } else if (hook.event == "item_comment_reply") {
    hook.comment = comment_of(content, id_of(at(content, "reply_to_item_id")));
    if (hook.comment.user.empty()) hook.comment.user = hook.from;
  } else if (hook.event.starts_with("im_")) {
    read_message(content, hook);
  }
  return hook;
}

Result<Comments> read_comments(std::string_view body, const std::string& item) {
  auto json = platform::read_json(body, "douyin");
  if (!json) return json.error();
  const Json& data = at(*json, "data");
  Comments comments;
  comments.cursor = text(at(data, "cursor"));
  comments.more =
      at(data, "has_more").is_boolean() ? at(data, "has_more").get<bool>() : integer(at(data, "has_more")) == 1;
  for (const Json& one : platform::items(at(data, "list"))) {
    Comment c = comment_of(one, item);
    if (!c.id.empty() && !c.user.empty()) comments.list.push_back(std::move(c));
  }
  return comments;
}

std::string comment_text(const Comment& comment, bool english) {
  return comment.text.empty() ? say(english, "［没有文字的评论］", "[a comment without text]") : comment.text;
}

std::string message_text(const Message& m, bool english) {
  if (m.type == "retain_consult_card") {
    std::string out = say(english, "留资卡片：", "Contact form:");
    for (const auto& [label, value] : m.form) out += "\n" + label + say(english, "：", ": ") + value;
    return out;
  }
  if (!m.text.empty()) return m.text;
  if (m.type == "emoji" && m.media_url.empty()) return say(english, "［表情］", "[sticker]");
  if (m.type == "text" || !m.media_url.empty() || !m.item.empty()) return {};
  if (m.type == "user_local_image" || m.type == "user_local_video") return {};
  return say(english, "［暂不支持的消息：", "[A message of a kind that cannot be shown: ") + m.type +
         say(english, "，请在抖音中查看］", "; see it in Douyin]");
}

std::string event_text(const Webhook& hook, bool english) {
  if (hook.event == "im_enter_direct_msg") {
    return say(english, "客户打开了私信", "The customer opened the private chat") +
           (hook.message.source.empty() ? "" : say(english, "，来自：", ", from: ") + hook.message.source);
  }
  if (hook.event == "im_recall_msg") return say(english, "客户撤回了一条消息", "The customer took a message back");
  if (hook.event == "im_authorize") {
    return hook.message.status == 1
               ? say(english, "客户同意接收主动私信", "The customer agrees to be written to first")
               : say(english, "客户撤回了主动私信的授权", "The customer does not want to be written to first any more");
  }
  return {};
}

}  // namespace qiao::douyin
