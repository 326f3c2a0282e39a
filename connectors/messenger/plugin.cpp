#include "connectors/channel/plugin.hpp"
#include "connectors/messenger/client/messenger_client.hpp"
#include "connectors/messenger/config.hpp"

namespace qiao::messenger {

class MessengerPlugin final : public channel::ChannelPlugin<MessengerConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("Facebook Messenger and Instagram: the messages of one page, by Meta's Graph API");
    declare(m);
  }
};

}  // namespace qiao::messenger

using qiao::messenger::MessengerPlugin;
QIAO_PLUGIN(MessengerPlugin, "messenger", "channel", "0.1.0")
