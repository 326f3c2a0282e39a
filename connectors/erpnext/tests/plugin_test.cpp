#include "connectors/platform/tests/shop.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

qiao::platform::shop::Shop shop() {
  return {.plugin = "erpnext",
          .system = "erpnext",
          .config = "url: {url}\nkey: erp-key\nsecret: erp-secret\n",
          .warehouse = "上海仓 - Q",
          .writes = true};
}

}  // namespace

QIAO_SHOP_STOCK(ErpnextPlugin, shop())
QIAO_SHOP_AGE(ErpnextPlugin, shop())
QIAO_SHOP_CUSTOMERS(ErpnextPlugin, shop())
QIAO_CONFORMANCE("erpnext", "url: http://127.0.0.1:1\nkey: k\nsecret: s\n")
