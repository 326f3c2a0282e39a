#include "connectors/channel/plugin.hpp"
#include "connectors/slack/client/slack_client.hpp"
#include "connectors/slack/config.hpp"

namespace qiao::slack {

class SlackPlugin final : public channel::ChannelPlugin<SlackConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("Slack: direct messages to an app, and threads of the channels that it is in");
    declare(m);
  }
};

}  // namespace qiao::slack

using qiao::slack::SlackPlugin;
QIAO_PLUGIN(SlackPlugin, "slack", "channel", "0.1.0")
