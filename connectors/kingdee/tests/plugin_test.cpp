#include "connectors/platform/tests/shop.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

qiao::platform::shop::Shop shop() {
  return {.plugin = "kingdee",
          .system = "kingdee",
          .config = "url: {url}/K3Cloud/\naccount: 5f0000\nuser: qiao\napp_id: kd-app\napp_secret: kd-secret\n",
          .warehouse = "SH",
          .heals = true};
}

}  // namespace

QIAO_SHOP_STOCK(KingdeePlugin, shop())
QIAO_SHOP_AGE(KingdeePlugin, shop())
QIAO_SHOP_CUSTOMERS(KingdeePlugin, shop())
QIAO_CONFORMANCE("kingdee", "url: http://127.0.0.1:1\naccount: a\nuser: u\npassword: p\n")
