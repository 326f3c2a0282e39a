#include "connectors/platform/plugin.hpp"
#include "connectors/salesforce/client/salesforce_client.hpp"
#include "connectors/salesforce/config.hpp"

namespace qiao::salesforce {

class SalesforcePlugin final : public platform::PlatformPlugin<SalesforceConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("Salesforce: customers, orders, products and stock by REST; tasks and tags when allowed");
    declare(m);
  }
};

}  // namespace qiao::salesforce

using qiao::salesforce::SalesforcePlugin;
QIAO_PLUGIN(SalesforcePlugin, "salesforce", "crm", "0.1.0")
