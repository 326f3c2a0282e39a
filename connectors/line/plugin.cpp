#include "connectors/channel/plugin.hpp"
#include "connectors/line/client/line_client.hpp"
#include "connectors/line/config.hpp"

namespace qiao::line {

class LinePlugin final : public channel::ChannelPlugin<LineConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("LINE: the chats of an official account, by the Messaging API");
    declare(m);
  }
};

}  // namespace qiao::line

using qiao::line::LinePlugin;
QIAO_PLUGIN(LinePlugin, "line", "channel", "0.1.0")
