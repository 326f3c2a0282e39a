#include "connectors/channel/plugin.hpp"
#include "connectors/douyin/client/client.hpp"
#include "connectors/douyin/config.hpp"

namespace qiao::douyin {

class DouyinPlugin final : public channel::ChannelPlugin<DouyinConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("Douyin (抖音): comments under videos, or private messages");
    m.serves<TakeEvent>().serves<AskToken>().asks<TakeEvent>(true).asks<AskToken>(true);
    declare(m);
  }
};

}  // namespace qiao::douyin

using qiao::douyin::DouyinPlugin;
QIAO_PLUGIN(DouyinPlugin, "douyin", "channel", "0.1.0")
