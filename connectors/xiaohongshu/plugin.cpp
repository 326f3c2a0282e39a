#include "connectors/channel/plugin.hpp"
#include "connectors/xiaohongshu/client/client.hpp"
#include "connectors/xiaohongshu/config.hpp"

namespace qiao::xiaohongshu {

class XiaohongshuPlugin final : public channel::ChannelPlugin<XiaohongshuConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("Xiaohongshu (小红书): orders of the shop beside the conversation; messages through an adapter");
    m.serves<contract::AskProfileCards>().serves<TakeMessage>().asks<TakeMessage>(true);
    declare(m);
  }
};

}  // namespace qiao::xiaohongshu

using qiao::xiaohongshu::XiaohongshuPlugin;
QIAO_PLUGIN(XiaohongshuPlugin, "xiaohongshu", "channel", "0.1.0")
