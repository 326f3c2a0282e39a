#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "connectors/channel/settings.hpp"

namespace qiao::telegram {

enum class Receive : std::uint8_t { webhook, polling };
QIAO_ENUM(Receive, webhook, polling)

struct TelegramConfig : channel::ChannelSettings {
  std::string url = "https://api.telegram.org";
  Secret token;
  Receive receive = Receive::webhook;
  Secret secret_token;
  std::string webhook_url;
  std::chrono::seconds poll_wait{50};
  bool groups = false;
  std::string welcome;

  [[nodiscard]] std::vector<std::string> addresses() const { return {url}; }
};

inline void describe(Schema<TelegramConfig>& s) {
  s.required("token", &TelegramConfig::token).doc("Token of the bot, from @BotFather");
  s.optional("receive", &TelegramConfig::receive)
      .doc(
          "webhook: Telegram calls /hooks/<instance>; polling: the hub asks Telegram, for hubs without a public "
          "address");
  s.optional("secret_token", &TelegramConfig::secret_token)
      .doc("For webhooks: 1 to 256 of A-Z a-z 0-9 _ -; every call of Telegram carries it");
  s.optional("webhook_url", &TelegramConfig::webhook_url)
      .pattern("(https?://.+)?", "an address")
      .doc("Public address of /hooks/<instance>; the hub tells it to Telegram when it starts. Empty: you do");
  s.optional("poll_wait", &TelegramConfig::poll_wait)
      .range(std::chrono::seconds(1), std::chrono::seconds(50))
      .doc("For polling: how long Telegram holds a question open");
  s.optional("groups", &TelegramConfig::groups)
      .doc("Groups with the bot in them are conversations too; off: only private chats");
  s.optional("welcome", &TelegramConfig::welcome).max_length(4000).doc("Text for whoever starts the bot; empty: none");
  s.optional("url", &TelegramConfig::url).url().doc("Address of the Bot API");
  s.rule("secret_token", [](const TelegramConfig& c) -> std::string {
    if (c.receive == Receive::polling) return {};
    const std::string& text = c.secret_token.reveal();
    const bool fits = !text.empty() && text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char x) {
      return (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || (x >= '0' && x <= '9') || x == '_' || x == '-';
    });
    return fits ? std::string{} : "a webhook needs 1 to 256 characters of A-Z a-z 0-9 _ -; or set receive: polling";
  });
  channel::describe_common(s, 25);
}

}  // namespace qiao::telegram
