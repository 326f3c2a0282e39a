#include "connectors/wechat/client/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "connectors/channel/signing.hpp"
#include "connectors/channel/wire.hpp"
#include "connectors/channel/xml.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::wechat {
namespace {

constexpr std::size_t kMostId = 64;

bool is_open_id(std::string_view text) {
  return !text.empty() && text.size() <= kMostId && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
  });
}

bool is_number(std::string_view text) {
  return text.size() <= 20 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_coordinate(const std::string& text) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc() && end == text.data() + text.size() && value >= -180 && value <= 180;
}

/// `field(name)`: the text of a field, "" when it is not there.
template <class Field>
Result<Incoming> read(const Field& field) {
  const auto bad = [](const char* what) { return Error{Errc::bad_value, "wechat.bad_message", what}; };
  Incoming m;
  m.type = field("MsgType");
  m.id = field("MsgId");
  m.from = field("FromUserName");
  m.to = field("ToUserName");
  const std::string created = field("CreateTime");
  if (!is_open_id(m.from)) return bad("FromUserName is no OpenID");
  if (m.to.size() > kMostId) return bad("ToUserName is no account");
  if (m.type.empty() || m.type.size() > kMostId) return bad("MsgType is missing");
  if (!is_number(m.id)) return bad("MsgId is no number");
  if (created.empty() || created.size() > 12 || !is_number(created)) return bad("CreateTime is no time");
  m.created = std::stoll(created);
  m.text = field("Content");
  m.choice = field("bizmsgmenuid");
  m.media = field("MediaId");
  m.picture = field("PicUrl");
  if (m.picture.empty()) m.picture = field("ThumbUrl");
  m.format = field("Format");
  m.recognised = field("Recognition");
  m.latitude = field("Location_X");
  m.longitude = field("Location_Y");
  m.label = field("Label");
  m.title = field("Title");
  m.description = field("Description");
  m.url = field("Url");
  m.app_id = field("AppId");
  m.page = field("PagePath");
  m.event = field("Event");
  m.event_key = field("EventKey");
  m.status = field("Status");
  m.about = field("MsgID");
  m.session_from = field("SessionFrom");
  if (m.is_event() && m.event.empty()) return bad("Event is missing");
  return m;
}

bool is_link(const std::string& text) { return text.starts_with("https://") || text.starts_with("http://"); }

}  // namespace

Result<Incoming> read_message(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && body[first] == '{') {
    const auto json = platform::read_json(body, "wechat");
    if (!json) return Error{Errc::bad_value, "wechat.bad_message", "the callback is no JSON"};
    return read([&](std::string_view name) { return platform::text(platform::at(*json, name)); });
  }
  const auto xml = channel::read_xml(body);
  if (!xml) return Error{Errc::bad_value, "wechat.bad_message", xml.error().message};
  return read([&](std::string_view name) { return (*xml)[name].text; });
}

std::string external_id(const Incoming& m) {
  if (!m.id.empty()) return m.id;
  return "e" + channel::hex(channel::sha1(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", m.from, m.created, m.type, m.event,
                                                      m.event_key, m.is_event() ? m.about : m.text)));
}

contract::Content content_of(const Incoming& m, bool english) {
  contract::Content content;
  if (m.type == "text") {
    content.text = m.text;
  } else if (m.type == "voice") {
    content.text = m.recognised;
  } else if (m.type == "location" && is_coordinate(m.latitude) && is_coordinate(m.longitude)) {
    content.cards.push_back({.kind = "location",
                             .title = channel::clip(m.label, 200),
                             .text = {},
                             .url = {},
                             .picture = {},
                             .data = {{"latitude", m.latitude}, {"longitude", m.longitude}, {"label", m.label}}});
  } else if (m.type == "link" && is_link(m.url)) {
    content.cards.push_back({.kind = "link",
                             .title = channel::clip(m.title, 200),
                             .text = channel::clip(m.description, 1000),
                             .url = m.url,
                             .picture = {},
                             .data = {}});
  } else if (m.type == "miniprogrampage") {
    content.cards.push_back({.kind = "mini_program",
                             .title = channel::clip(m.title, 200),
                             .text = {},
                             .url = {},
                             .picture = is_link(m.picture) ? m.picture : std::string{},
                             .data = {{"app_id", m.app_id}, {"path", m.page}}});
  } else if (!m.has_media()) {
    content.text =
        english ? fmt::format("[A message of the kind \"{}\", which cannot be shown here]", channel::clip(m.type, 40))
                : fmt::format("[类型为“{}”的消息，此处无法显示]", channel::clip(m.type, 40));
  }
  if (content.text.empty() && m.type == "text") {
    content.text = english ? "[An empty message]" : "[空消息]";
  }
  content.text = channel::clip(std::move(content.text), 8 * 1024);
  return content;
}

std::string event_note(const Incoming& m, bool english) {
  const std::string key = channel::clip(m.event_key, 200);
  if (m.event == "subscribe") {
    if (key.empty()) return english ? "Follows the account" : "关注了公众号";
    const std::string scene = key.starts_with("qrscene_") ? key.substr(8) : key;
    return fmt::format(
        fmt::runtime(english ? "Follows the account, by the QR code \"{}\"" : "扫描二维码“{}”关注了公众号"), scene);
  }
  if (m.event == "unsubscribe") return english ? "Follows the account no more" : "取消关注了公众号";
  if (m.event == "SCAN") {
    return fmt::format(fmt::runtime(english ? "Scanned the QR code \"{}\"" : "扫描了二维码“{}”"), key);
  }
  if (m.event == "CLICK" || m.event == "scancode_push" || m.event == "scancode_waitmsg") {
    return fmt::format(fmt::runtime(english ? "Tapped the menu item \"{}\"" : "点击了菜单“{}”"), key);
  }
  if (m.event == "user_enter_tempsession") {
    const std::string from = channel::clip(m.session_from, 500);
    if (from.empty()) return english ? "Opened customer service in the mini program" : "在小程序中进入了客服会话";
    return fmt::format(fmt::runtime(english ? "Opened customer service in the mini program, from: {}"
                                            : "在小程序中进入了客服会话，来源：{}"),
                       from);
  }
  return {};
}

std::string file_name(const Incoming& m) {
  if (m.type == "image") return "image.jpg";
  if (m.type == "voice") return m.format == "speex" ? "voice.speex" : m.format == "mp3" ? "voice.mp3" : "voice.amr";
  return "video.mp4";
}

}  // namespace qiao::wechat
