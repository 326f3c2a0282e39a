#include "connectors/platform/plugin.hpp"
#include "connectors/hubspot/client/hubspot_client.hpp"
#include "connectors/hubspot/config.hpp"

namespace qiao::hubspot {

class HubspotPlugin final : public platform::PlatformPlugin<HubspotConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("HubSpot: customers with their orders; notes and tags when allowed");
    declare(m);
  }
};

}  // namespace qiao::hubspot

using qiao::hubspot::HubspotPlugin;
QIAO_PLUGIN(HubspotPlugin, "hubspot", "crm", "0.1.0")
