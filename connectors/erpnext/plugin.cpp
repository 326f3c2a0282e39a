#include "connectors/platform/plugin.hpp"
#include "connectors/erpnext/client/erpnext_client.hpp"
#include "connectors/erpnext/config.hpp"

namespace qiao::erpnext {

class ErpnextPlugin final : public platform::PlatformPlugin<ErpnextConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("ERPNext: stock, products, orders and customers by REST; comments and tags when allowed");
    declare(m);
  }
};

}  // namespace qiao::erpnext

using qiao::erpnext::ErpnextPlugin;
QIAO_PLUGIN(ErpnextPlugin, "erpnext", "erp", "0.1.0")
