#pragma once

#include <string>
#include <vector>

#include "connectors/channel/settings.hpp"

namespace qiao::line {

struct LineConfig : channel::ChannelSettings {
  std::string url = "https://api.line.me";
  std::string data_url = "https://api-data.line.me";
  Secret token;
  Secret channel_secret;
  std::chrono::seconds reply_token_life{50};
  bool groups = false;
  std::string welcome;

  [[nodiscard]] std::vector<std::string> addresses() const { return {url, data_url}; }
};

inline void describe(Schema<LineConfig>& s) {
  s.required("token", &LineConfig::token).doc("Channel access token (long-lived), from the Messaging API tab");
  s.required("channel_secret", &LineConfig::channel_secret)
      .doc("Channel secret, from the tab Basic settings; signs what LINE sends");
  s.optional("reply_token_life", &LineConfig::reply_token_life)
      .range(std::chrono::seconds(0), std::chrono::seconds(3600))
      .doc("An answer within this time goes as a free reply, later ones as push messages, which count; 0: always push");
  s.optional("groups", &LineConfig::groups).doc("Groups and rooms with the account in them are conversations too");
  s.optional("welcome", &LineConfig::welcome).max_length(5000).doc("Text for whoever adds the account; empty: none");
  s.optional("url", &LineConfig::url).url().doc("Address of the Messaging API");
  s.optional("data_url", &LineConfig::data_url).url().doc("Address from which media are fetched");
  channel::describe_common(s, 100);
}

}  // namespace qiao::line
