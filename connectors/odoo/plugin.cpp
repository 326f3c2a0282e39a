#include "connectors/platform/plugin.hpp"
#include "connectors/odoo/client/odoo_client.hpp"
#include "connectors/odoo/config.hpp"

namespace qiao::odoo {

class OdooPlugin final : public platform::PlatformPlugin<OdooConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("Odoo: stock, products, orders and customers by JSON-RPC; notes and tags when allowed");
    declare(m);
  }
};

}  // namespace qiao::odoo

using qiao::odoo::OdooPlugin;
QIAO_PLUGIN(OdooPlugin, "odoo", "erp", "0.1.0")
