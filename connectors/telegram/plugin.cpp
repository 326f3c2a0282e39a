#include "connectors/channel/plugin.hpp"
#include "connectors/telegram/client/telegram_client.hpp"
#include "connectors/telegram/config.hpp"

namespace qiao::telegram {

class TelegramPlugin final : public channel::ChannelPlugin<TelegramConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("Telegram: a bot's private chats, by webhook or by long polling");
    declare(m);
  }
};

}  // namespace qiao::telegram

using qiao::telegram::TelegramPlugin;
QIAO_PLUGIN(TelegramPlugin, "telegram", "channel", "0.1.0")
