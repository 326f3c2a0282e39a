#pragma once

#include <string>
#include <vector>

#include "connectors/channel/settings.hpp"

namespace qiao::slack {

struct SlackConfig : channel::ChannelSettings {
  std::string url = "https://slack.com/api";
  std::string files_url = "https://files.slack.com";
  Secret token;
  Secret signing_secret;

  [[nodiscard]] std::vector<std::string> addresses() const { return {url, files_url}; }
};

inline void describe(Schema<SlackConfig>& s) {
  s.required("token", &SlackConfig::token).doc("Bot User OAuth Token (xoxb-…), from OAuth & Permissions");
  s.required("signing_secret", &SlackConfig::signing_secret)
      .doc("Basic Information > Signing Secret; signs what Slack sends");
  s.optional("url", &SlackConfig::url).url().doc("Address of the Web API");
  s.optional("files_url", &SlackConfig::files_url).url().doc("Address of files; the token is shown to no other");
  channel::describe_common(s, 10);
}

}  // namespace qiao::slack
