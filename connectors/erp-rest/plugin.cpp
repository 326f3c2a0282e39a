#include "connectors/common/plugin.hpp"
#include "connectors/erp-rest/client/erp_rest.hpp"

namespace qiao::erp_rest {

class ErpRestPlugin final : public common::DescribedPlugin<Config, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("Stock, products and orders of any ERP with a JSON REST interface, mapped in YAML");
    declare(m);
  }
};

}  // namespace qiao::erp_rest

QIAO_PLUGIN(qiao::erp_rest::ErpRestPlugin, "erp-rest", "erp", "1.0.0")
