#include "connectors/channel/plugin.hpp"
#include "connectors/whatsapp/client/whatsapp_client.hpp"
#include "connectors/whatsapp/config.hpp"

namespace qiao::whatsapp {

class WhatsappPlugin final : public channel::ChannelPlugin<WhatsappConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("WhatsApp: one business number, by Meta's Cloud API");
    declare(m);
  }
};

}  // namespace qiao::whatsapp

using qiao::whatsapp::WhatsappPlugin;
QIAO_PLUGIN(WhatsappPlugin, "whatsapp", "channel", "0.1.0")
