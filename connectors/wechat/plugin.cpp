#include "connectors/channel/plugin.hpp"
#include "connectors/wechat/client/client.hpp"

namespace qiao::wechat {

class WechatPlugin final : public channel::ChannelPlugin<WechatConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("WeChat official accounts and mini programs: messages, events, menus, templates");
    declare(m);
  }
};

}  // namespace qiao::wechat

using qiao::wechat::WechatPlugin;
QIAO_PLUGIN(WechatPlugin, "wechat", "channel", "0.1.0")
