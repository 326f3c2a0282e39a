#include "connectors/common/plugin.hpp"
#include "connectors/crm-rest/client/crm_rest.hpp"

namespace qiao::crm_rest {

class CrmRestPlugin final : public common::DescribedPlugin<Config, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("Customers of any CRM with a JSON REST interface, mapped in YAML; notes and tags when allowed");
    declare(m);
  }
};

}  // namespace qiao::crm_rest

QIAO_PLUGIN(qiao::crm_rest::CrmRestPlugin, "crm-rest", "crm", "1.0.0")
