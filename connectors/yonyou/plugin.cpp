#include "connectors/platform/plugin.hpp"
#include "connectors/yonyou/client/yonyou_client.hpp"
#include "connectors/yonyou/config.hpp"

namespace qiao::yonyou {

class YonyouPlugin final : public platform::PlatformPlugin<YonyouConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("用友 YonSuite or U8: stock, products, sales orders and customers; reads only");
    declare(m);
  }
};

}  // namespace qiao::yonyou

using qiao::yonyou::YonyouPlugin;
QIAO_PLUGIN(YonyouPlugin, "yonyou", "erp", "0.1.0")
