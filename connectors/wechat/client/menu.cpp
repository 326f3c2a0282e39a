#include "connectors/wechat/client/menu.hpp"

namespace qiao::wechat {
namespace {

using platform::Json;

Json entry(const MenuItem& item) {
  Json out = {{"name", item.name}, {"type", item.type}};
  if (item.type == "view") {
    out["url"] = item.url;
  } else if (item.type == "miniprogram") {
    out["appid"] = item.app_id;
    out["pagepath"] = item.page;
    out["url"] = item.url;
  } else {
    out["key"] = item.key.empty() ? item.name : item.key;
  }
  return out;
}

bool is_tap(const MenuItem& item, const std::string& key) {
  return item.type != "view" && item.type != "miniprogram" && (item.key.empty() ? item.name : item.key) == key;
}

}  // namespace

Json menu_body(const WechatConfig& config) {
  Json buttons = Json::array();
  for (const MenuButton& button : config.menu) {
    if (button.items.empty()) {
      buttons.push_back(entry(button));
      continue;
    }
    Json below = Json::array();
    for (const MenuItem& item : button.items) below.push_back(entry(item));
    buttons.push_back({{"name", button.name}, {"sub_button", std::move(below)}});
  }
  return {{"button", std::move(buttons)}};
}

std::string menu_words(const WechatConfig& config, const std::string& key) {
  for (const MenuButton& button : config.menu) {
    if (button.items.empty() && is_tap(button, key)) return button.says;
    for (const MenuItem& item : button.items) {
      if (is_tap(item, key)) return item.says;
    }
  }
  return {};
}

}  // namespace qiao::wechat
