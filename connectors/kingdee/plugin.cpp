#include "connectors/platform/plugin.hpp"
#include "connectors/kingdee/client/kingdee_client.hpp"
#include "connectors/kingdee/config.hpp"

namespace qiao::kingdee {

class KingdeePlugin final : public platform::PlatformPlugin<KingdeeConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("金蝶云星空 (K3Cloud): stock, materials, sales orders and customers; reads only");
    declare(m);
  }
};

}  // namespace qiao::kingdee

using qiao::kingdee::KingdeePlugin;
QIAO_PLUGIN(KingdeePlugin, "kingdee", "erp", "0.1.0")
