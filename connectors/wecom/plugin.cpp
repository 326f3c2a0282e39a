#include "connectors/channel/plugin.hpp"
#include "connectors/wecom/client/client.hpp"
#include "connectors/wecom/config.hpp"

namespace qiao::wecom {

class WecomPlugin final : public channel::ChannelPlugin<WecomConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("WeCom customer service (微信客服): messages, events, menus and ratings");
    m.asks<contract::Rate>(true);
    declare(m);
  }
};

}  // namespace qiao::wecom

using qiao::wecom::WecomPlugin;
QIAO_PLUGIN(WecomPlugin, "wecom", "channel", "0.1.0")
