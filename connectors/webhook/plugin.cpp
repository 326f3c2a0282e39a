#include "connectors/channel/plugin.hpp"

#include "connectors/webhook/client/client.hpp"

namespace qiao::webhook {

class WebhookPlugin final : public channel::ChannelPlugin<WebhookConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("Any customer platform that posts signed JSON and takes JSON: both sides described in YAML");
    declare(m);
    Client::declare(m);
  }

  Result<void> configure(const Section& section) override {
    if (auto bound = ChannelPlugin::configure(section); !bound) return bound;
    return Client::check(config_);
  }
};

}  // namespace qiao::webhook

using qiao::webhook::WebhookPlugin;
QIAO_PLUGIN(WebhookPlugin, "webhook", "channel", "0.1.0")
