#include "connectors/platform/plugin.hpp"
#include "connectors/tryton/client/tryton_client.hpp"
#include "connectors/tryton/config.hpp"

namespace qiao::tryton {

class TrytonPlugin final : public platform::PlatformPlugin<TrytonConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("Tryton: stock, products, sales and parties by JSON-RPC; notes and categories when allowed");
    declare(m);
  }
};

}  // namespace qiao::tryton

using qiao::tryton::TrytonPlugin;
QIAO_PLUGIN(TrytonPlugin, "tryton", "erp", "0.1.0")
