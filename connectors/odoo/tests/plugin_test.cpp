#include "connectors/platform/tests/shop.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

qiao::platform::shop::Shop shop() {
  return {.plugin = "odoo",
          .system = "odoo",
          .config = "url: {url}\ndatabase: shop\nuser: qiao\nkey: odoo-key-1\n",
          .warehouse = "SH",
          .heals = true,
          .writes = true};
}

}  // namespace

QIAO_SHOP_STOCK(OdooPlugin, shop())
QIAO_SHOP_AGE(OdooPlugin, shop())
QIAO_SHOP_CUSTOMERS(OdooPlugin, shop())
QIAO_CONFORMANCE("odoo", "url: http://127.0.0.1:1\ndatabase: shop\nuser: qiao\nkey: k\n")
