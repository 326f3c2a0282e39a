#pragma once

#include <map>
#include <string>
#include <vector>

#include "connectors/channel/settings.hpp"

namespace qiao::wechat {

enum class Product : std::uint8_t { official_account, mini_program };
QIAO_ENUM(Product, official_account, mini_program)

/// How the console says that callbacks are written.
enum class Mode : std::uint8_t { plain, compatible, safe };
QIAO_ENUM(Mode, plain, compatible, safe)

enum class NoticeKind : std::uint8_t { message, subscription };
QIAO_ENUM(NoticeKind, message, subscription)

/// How one kind of notice is sent when free text is not allowed any more.
struct NoticeSettings {
  std::string template_id;
  NoticeKind kind = NoticeKind::message;
  std::string url;
  std::string page;
  std::map<std::string, std::string> fields;
};

struct MenuItem {
  std::string name;
  std::string type = "click";
  std::string key;
  std::string says;
  std::string url;
  std::string app_id;
  std::string page;
};

struct MenuButton : MenuItem {
  std::vector<MenuItem> items;
};

struct WechatConfig : channel::ChannelSettings {
  Product kind = Product::official_account;
  std::string app_id;
  Secret secret;
  Secret token;
  Secret aes_key;
  Mode mode = Mode::safe;
  std::string account;
  std::string url = "https://api.weixin.qq.com";
  std::string welcome;
  std::chrono::milliseconds passive_wait{300};
  std::chrono::milliseconds media_wait{3000};
  std::chrono::milliseconds media_retry{20000};
  std::chrono::minutes signature_age{15};
  std::chrono::hours window{48};
  std::int32_t window_messages = 5;
  std::int32_t max_text = 500;
  Bytes image_limit{10u << 20};
  Bytes voice_limit{2u << 20};
  Bytes video_limit{10u << 20};
  std::string thumb;
  std::string map_url =
      "https://apis.map.qq.com/uri/v1/"
      "marker?marker=coord:{latitude},{longitude};title:{title};addr:{text}&referer=qiao";
  bool menus = true;
  bool user_info = true;
  Secret identify_secret;
  std::map<std::string, NoticeSettings> notices;
  std::vector<MenuButton> menu;

  [[nodiscard]] std::vector<std::string> addresses() const { return {url}; }
  [[nodiscard]] bool official() const { return kind == Product::official_account; }
  [[nodiscard]] bool english() const { return language.starts_with("en"); }
};

inline void describe(Schema<NoticeSettings>& s) {
  s.required("template_id", &NoticeSettings::template_id).doc("Id of the template as the console shows it");
  s.optional("kind", &NoticeSettings::kind)
      .doc(
          "message: a template message of the official account; subscription: a subscription message, for which the "
          "customer has to have agreed. Mini programs know only subscriptions");
  s.optional("url", &NoticeSettings::url).url().doc("Where a tap on it leads");
  s.optional("page", &NoticeSettings::page).doc("Page of the mini program where a tap on it leads");
  s.optional("fields", &NoticeSettings::fields)
      .doc(
          "Fields of the template and what stands in them; {number}, {title}, {status}, {text}, {shop} and {time} are "
          "those of the notice");
}

template <class T>
void describe_item(Schema<T>& s) {
  s.required("name", &T::name).max_length(60).doc("What stands on the button");
  s.optional("type", &T::type)
      .choices({"click", "view", "miniprogram", "scancode_push", "scancode_waitmsg", "pic_sysphoto",
                "pic_photo_or_album", "location_select"})
      .doc("What a tap does");
  s.optional("key", &T::key).max_length(128).doc("Name of a tap in events; for all types but view and miniprogram");
  s.optional("says", &T::says).doc("A tap counts as if the customer had written this, so that the bot answers it");
  s.optional("url", &T::url).doc("Page of type view; for old clients also of type miniprogram");
  s.optional("app_id", &T::app_id).doc("Mini program that type miniprogram opens");
  s.optional("page", &T::page).doc("Its page");
}

inline void describe(Schema<MenuItem>& s) { describe_item(s); }
inline void describe(Schema<MenuButton>& s) {
  describe_item(s);
  s.optional("items", &MenuButton::items).max_items(5).doc("What unfolds above the button, which then does nothing");
}

inline void describe(Schema<WechatConfig>& s) {
  s.optional("kind", &WechatConfig::kind).doc("The product that the account is of");
  s.required("app_id", &WechatConfig::app_id).doc("AppID of the account");
  s.required("secret", &WechatConfig::secret).doc("AppSecret");
  s.required("token", &WechatConfig::token).doc("Token of the message push settings");
  s.optional("aes_key", &WechatConfig::aes_key).doc("EncodingAESKey of the message push settings, 43 characters");
  s.optional("mode", &WechatConfig::mode).doc("As chosen in the message push settings: 明文, 兼容, 安全");
  s.rule("aes_key", [](const WechatConfig& c) -> std::string {
    if (c.mode == Mode::plain || c.aes_key.reveal().size() == 43) return "";
    return "the 43 characters of the EncodingAESKey are needed unless mode is plain";
  });
  s.optional("account", &WechatConfig::account)
      .doc("Original id (gh_…); when it is set, messages for another account are refused");
  s.optional("url", &WechatConfig::url).url().doc("Address of the platform's API");
  s.optional("welcome", &WechatConfig::welcome)
      .max_length(1500)
      .doc("Written to whoever follows the account or opens the mini program's customer service; empty: nothing");
  s.optional("passive_wait", &WechatConfig::passive_wait)
      .range(std::chrono::milliseconds(0), std::chrono::milliseconds(4300))
      .doc("So long a message waits for the bot's answer, which then costs no quota; the platform gives up after 5 s");
  s.optional("media_wait", &WechatConfig::media_wait)
      .range(std::chrono::milliseconds(100), std::chrono::milliseconds(4000))
      .doc("So long a picture's download may hold up its acknowledgement; longer ones go on afterwards");
  s.optional("media_retry", &WechatConfig::media_retry)
      .range(std::chrono::milliseconds(100), std::chrono::milliseconds(600'000))
      .doc("Files that could not be fetched at once are tried again so often, fifteen times");
  s.optional("signature_age", &WechatConfig::signature_age)
      .doc("Callbacks that were signed earlier, or so far in the future, are refused; 0: not looked at");
  s.optional("window", &WechatConfig::window)
      .range(std::chrono::hours(1), std::chrono::hours(720))
      .doc("After a message of the customer free text may be sent for so long");
  s.optional("window_messages", &WechatConfig::window_messages)
      .range(0, 1000)
      .doc("Messages that may be sent after one of the customer; 0: any number. Older accounts have 20");
  s.optional("max_text", &WechatConfig::max_text)
      .range(50, 2000)
      .doc("Characters of one message; the platform takes about 2,048 bytes");
  s.optional("image_limit", &WechatConfig::image_limit).doc("Larger pictures are sent as links");
  s.optional("voice_limit", &WechatConfig::voice_limit).doc("Larger voice messages are sent as links");
  s.optional("video_limit", &WechatConfig::video_limit).doc("Larger videos are sent as links");
  s.optional("thumb", &WechatConfig::thumb)
      .doc("JPEG file of at most 64 KB, shown on mini-program cards that bring no picture, and on videos");
  s.optional("map_url", &WechatConfig::map_url).doc("Where a location that an agent sends leads");
  s.optional("menus", &WechatConfig::menus)
      .doc(
          "Buttons below an answer become a menu to tap, which goes through the customer-service interface; false: "
          "they "
          "become text, which may go out with the answer to the post");
  s.optional("user_info", &WechatConfig::user_info).doc("Ask for the UnionID of who writes (verified accounts only)");
  s.optional("identify_secret", &WechatConfig::identify_secret)
      .doc(
          "The identify_secret of the site that the mini program's chat uses; with it the mini program's customers are "
          "known by OpenID and UnionID");
  s.optional("notices", &WechatConfig::notices)
      .doc("Notices by key (ticket.created, ticket.resolved, reply) that are sent by template outside the window");
  s.optional("menu", &WechatConfig::menu)
      .max_items(3)
      .doc("The account's menu, set at the start when it has changed; left out: the menu is not touched");
  channel::describe_common(s, 100);
}

}  // namespace qiao::wechat
