#pragma once

#include <map>
#include <string>
#include <vector>

#include "connectors/channel/settings.hpp"

namespace qiao::wecom {

using namespace std::chrono_literals;

/// An entry of a menu under a text: an answer that is sent as the customer's words, or a link.
struct MenuEntry {
  std::string label;
  std::string value;
  std::string url;
};

inline void describe(Schema<MenuEntry>& s) {
  s.required("label", &MenuEntry::label).max_length(128).doc("What stands there");
  s.optional("value", &MenuEntry::value).max_length(100).doc("What the customer says by a tap; empty: the label");
  s.optional("url", &MenuEntry::url).url().doc("Opens this page instead");
}

struct WecomConfig : channel::ChannelSettings {
  std::string url;
  std::string corp_id;
  Secret secret;
  Secret token;
  Secret encoding_aes_key;
  std::vector<std::string> accounts;
  std::map<std::string, std::vector<std::string>> servicers;
  std::chrono::seconds catch_up{300};
  std::string welcome;
  std::vector<MenuEntry> welcome_menu;
  std::string rating_question;
  std::string rating_thanks;
  std::int64_t window_messages = 5;
  std::chrono::hours window{48};
  Bytes max_image{10u << 20};
  Bytes max_voice{2u << 20};
  Bytes max_video{10u << 20};
  Bytes max_file{20u << 20};

  [[nodiscard]] std::vector<std::string> addresses() const { return {url}; }
};

inline void describe(Schema<WecomConfig>& s) {
  s.optional("url", &WecomConfig::url, "https://qyapi.weixin.qq.com").url().doc("Address of the platform");
  s.required("corp_id", &WecomConfig::corp_id).doc("企业 ID, begins with ww");
  s.required("secret", &WecomConfig::secret).doc("Secret of 微信客服, or of an app that may call it");
  s.required("token", &WecomConfig::token).doc("Token of the callback");
  s.required("encoding_aes_key", &WecomConfig::encoding_aes_key).doc("EncodingAESKey of the callback, 43 characters");
  s.optional("accounts", &WecomConfig::accounts)
      .pattern("wk[A-Za-z0-9_-]{1,62}", "the id of a 客服账号, begins with wk")
      .max_items(100)
      .doc("Only these 客服账号 (open_kfid); empty: all that the secret may use");
  s.optional("servicers", &WecomConfig::servicers)
      .doc("客服账号 → userids of employees who are made its 接待人员; nobody is ever removed");
  s.optional("catch_up", &WecomConfig::catch_up, 300s)
      .range(1s, 3600s)
      .doc("Asks for messages whose callback was lost so often");
  s.optional("welcome", &WecomConfig::welcome)
      .max_length(1024)
      .doc("Text for customers who open the chat; empty: none. The console must have no greeting of its own");
  s.optional("welcome_menu", &WecomConfig::welcome_menu).max_items(10).doc("Choices below the welcome");
  s.optional("rating_question", &WecomConfig::rating_question)
      .max_length(512)
      .doc("Asked with a menu of five grades when a conversation is resolved; empty: not asked");
  s.optional("rating_thanks", &WecomConfig::rating_thanks).max_length(512).doc("Answer to a rating; empty: none");
  s.optional("window_messages", &WecomConfig::window_messages, 5)
      .range(1, 100)
      .doc("Messages that may follow one of the customer's");
  s.optional("window", &WecomConfig::window, std::chrono::hours(48))
      .range(std::chrono::hours(1), std::chrono::hours(720))
      .doc("And for how long");
  s.optional("max_image", &WecomConfig::max_image, 10_MB).doc("Larger pictures become links");
  s.optional("max_voice", &WecomConfig::max_voice, 2_MB).doc("Larger voice messages are sent as files");
  s.optional("max_video", &WecomConfig::max_video, 10_MB).doc("Larger videos are sent as files");
  s.optional("max_file", &WecomConfig::max_file, 20_MB).doc("Larger files become links");
  channel::describe_common(s, 20);
}

}  // namespace qiao::wecom
