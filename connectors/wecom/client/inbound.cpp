#include "connectors/wecom/client/inbound.hpp"

#include <algorithm>

#include "connectors/channel/xml.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::wecom {

namespace {

using platform::at;
using platform::integer;
using platform::Json;
using platform::text;

constexpr std::size_t kTitle = 200, kText = 1000, kMessage = 8 * 1024;

std::string say(bool english, std::string_view zh, std::string_view en) { return std::string(english ? en : zh); }

contract::Card card(std::string kind, const Json& title, const Json& body, const Json& url) {
  contract::Card c;
  c.kind = std::move(kind);
  c.title = clip(text(title), kTitle);
  c.text = clip(text(body), kText);
  c.url = text(url);
  return c;
}

std::string decoded(std::string_view in) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] == '%' && i + 2 < in.size() && digit(in[i + 1]) >= 0 && digit(in[i + 2]) >= 0) {
      out += static_cast<char>(digit(in[i + 1]) * 16 + digit(in[i + 2]));
      i += 2;
    } else {
      out += in[i];
    }
  }
  try {
    static_cast<void>(Json(out).dump());
  } catch (const Json::exception&) {
    return std::string(in);  // not UTF-8
  }
  return out;
}

void read_event(const Json& event, Item& item) {
  item.event = text(at(event, "event_type"));
  item.customer.open_kfid = text(at(event, "open_kfid"));
  item.customer.external_userid = text(at(event, "external_userid"));
  item.scene = clip(text(at(event, "scene")), kTitle);
  item.scene_param = clip(decoded(text(at(event, "scene_param"))), kText);
  item.welcome_code = text(at(event, "welcome_code"));
  item.about = text(at(event, item.event == "msg_send_fail" ? "fail_msgid" : "recall_msgid"));
  for (const char* key : {"fail_type", "change_type", "status"}) {
    if (const Json& value = at(event, key); !value.is_null())
      item.detail = static_cast<int>(std::clamp<std::int64_t>(integer(value), 0, 1000));
  }
  item.servicer = text(at(event, item.event == "session_status_change" ? "new_servicer_userid" : "servicer_userid"));
}

void read_content(const Json& body, Item& item, bool english) {
  contract::Content& content = item.content;
  const std::string& type = item.type;
  if (type == "text") {
    content.text = clip(text(at(body, "content")), kMessage);
    item.menu_id = text(at(body, "menu_id"));
  } else if (type == "image" || type == "voice" || type == "video" || type == "file") {
    item.media_id = text(at(body, "media_id"));
  } else if (type == "location") {
    contract::Card c = card("location", at(body, "name"), at(body, "address"), {});
    const double latitude = platform::number(at(body, "latitude")), longitude = platform::number(at(body, "longitude"));
    c.data = {{"latitude", Json(latitude).dump()}, {"longitude", Json(longitude).dump()}, {"label", c.title}};
    content.cards.push_back(std::move(c));
  } else if (type == "link") {
    contract::Card c = card("link", at(body, "title"), at(body, "desc"), at(body, "url"));
    c.picture = text(at(body, "pic_url"));
    content.cards.push_back(std::move(c));
  } else if (type == "miniprogram") {
    contract::Card c = card("mini_program", at(body, "title"), {}, {});
    c.data = {{"app_id", text(at(body, "appid"))}, {"path", text(at(body, "pagepath"))}};
    content.cards.push_back(std::move(c));
  } else if (type == "business_card") {
    contract::Card c = card("contact", at(body, "userid"), {}, {});
    content.cards.push_back(std::move(c));
  } else if (type == "channels_shop_product") {
    contract::Card c = card("product", at(body, "title"), at(body, "shop_nickname"), {});
    c.picture = text(at(body, "head_image"));
    c.data = {{"sku", text(at(body, "product_id"))}, {"price", text(at(body, "sales_price"))}};
    content.cards.push_back(std::move(c));
  } else if (type == "channels_shop_order") {
    contract::Card c = card("product", at(body, "product_titles"), at(body, "state"), {});
    c.data = {{"order", text(at(body, "order_id"))}, {"price", text(at(body, "price_wording"))}};
    content.cards.push_back(std::move(c));
  } else if (type == "msgmenu") {
    content.text = text(at(body, "head_content"));
    for (const Json& entry : platform::items(at(body, "list"))) {
      content.text += "\n· " + text(at(entry, {text(at(entry, "type")), "content"}));
    }
    if (const std::string tail = text(at(body, "tail_content")); !tail.empty()) content.text += "\n" + tail;
    content.text = clip(content.text, kMessage);
  } else {
    content.text = say(english, "［暂不支持的消息：", "[A message of a kind that cannot be shown: ") + clip(type, 64) +
                   say(english, "，请在企业微信中查看］", "; see it in WeCom]");
    // Most kinds have one, whatever else they are.
    if (const std::string title = text(at(body, "title")); !title.empty()) content.text += clip(title, kTitle);
  }
}

}  // namespace

std::string user_of(const Customer& customer) { return customer.external_userid + "@" + customer.open_kfid; }

Result<Customer> customer_of(std::string_view user) {
  const std::size_t split = user.find('@');
  if (split == 0 || split == std::string_view::npos || split + 1 == user.size()) {
    return Error{Errc::bad_value, "wecom.user", "this is no customer of 微信客服"};
  }
  return Customer{std::string(user.substr(0, split)), std::string(user.substr(split + 1))};
}

Result<std::string> read_envelope(std::string_view xml) {
  auto root = channel::read_xml(xml);
  if (!root) return root.error();
  return (*root)["Encrypt"].text;
}

Result<Callback> read_callback(std::string_view xml) {
  auto root = channel::read_xml(xml);
  if (!root) return root.error();
  return Callback{(*root)["Event"].text, (*root)["Token"].text, (*root)["OpenKfId"].text};
}

Result<Page> read_page(std::string_view body, bool english) {
  auto json = platform::read_json(body, "wecom");
  if (!json) return json.error();
  Page page;
  page.next_cursor = text(at(*json, "next_cursor"));
  page.more = integer(at(*json, "has_more")) == 1;
  for (const Json& message : platform::items(at(*json, "msg_list"))) {
    Item item;
    item.id = text(at(message, "msgid"));
    item.customer = {text(at(message, "external_userid")), text(at(message, "open_kfid"))};
    const std::int64_t origin = integer(at(message, "origin"));
    item.origin = origin >= 3 && origin <= 5 ? static_cast<Origin>(origin) : Origin::other;
    item.at = Time(std::chrono::seconds(std::clamp<std::int64_t>(integer(at(message, "send_time")), 0, 4102444800)));
    item.type = text(at(message, "msgtype"));
    item.servicer = text(at(message, "servicer_userid"));
    if (item.id.empty() || item.id.size() > 128) continue;
    if (item.type == "event") {
      read_event(at(message, "event"), item);
    } else {
      read_content(at(message, item.type), item, english);
    }
    page.items.push_back(std::move(item));
  }
  return page;
}

std::string event_text(const Item& item, bool english) {
  if (item.event == "enter_session") {
    std::string out = say(english, "客户进入了会话", "The customer opened the chat");
    if (!item.scene.empty()) out += say(english, "，场景：", ", scene: ") + item.scene;
    if (!item.scene_param.empty()) out += say(english, "，参数：", ", from: ") + item.scene_param;
    return out;
  }
  if (item.event == "session_status_change") {
    if (item.detail == 3) return say(english, "会话在企业微信一侧已结束", "The session ended at WeCom's side");
    if (item.detail == 4)
      return say(english, "会话在企业微信一侧重新开始", "The session was opened again at WeCom's side");
    return say(english, "会话由企业微信客户端接待：", "The customer is served in the WeCom client by ") +
           item.servicer +
           say(english, "。结束之前，从这里发出的消息不会送达", "; until that ends nothing can be sent from here");
  }
  if (item.event == "user_recall_msg") return say(english, "客户撤回了一条消息", "The customer took a message back");
  if (item.event == "servicer_recall_msg") {
    return say(english, "企业微信客户端的接待人员撤回了一条消息", "A message was taken back in the WeCom client");
  }
  if (item.event == "reject_customer_msg_switch_change") {
    return say(english, "客户更改了是否接收消息的设置", "The customer changed whether messages are received");
  }
  return {};
}

std::string failure_text(int fail_type, bool english) {
  switch (fail_type) {
    case 1:
      return say(english, "客服账号已删除", "the customer-service account was deleted");
    case 2:
      return say(english, "应用已关闭", "the app was closed");
    case 4:
      return say(english, "会话超过 48 小时，客户再次发言后才能发送",
                 "more than 48 h since the customer's last message; wait until they write");
    case 5:
      return say(english, "会话已结束，客户再次发言后才能发送",
                 "the session has ended; wait until the customer writes");
    case 6:
      return say(english, "超过 5 条限制，客户再次发言后才能发送",
                 "more than 5 messages; wait until the customer writes");
    case 7:
      return say(english, "未绑定视频号", "no Channels account is bound");
    case 8:
      return say(english, "主体未认证", "the company is not verified");
    case 9:
      return say(english, "未绑定视频号且主体未认证", "no Channels account is bound and the company is not verified");
    case 10:
      return say(english, "客户拒收消息", "the customer refuses messages");
    default:
      return say(english, "平台未说明原因", "the platform gave no reason");
  }
}

}  // namespace qiao::wecom
