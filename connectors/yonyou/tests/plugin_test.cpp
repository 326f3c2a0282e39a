#include "connectors/platform/tests/shop.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

qiao::platform::shop::Shop yonsuite() {
  return {.plugin = "yonyou",
          .system = "yonsuite",
          .config = "url: {url}\ntenant: qiao01\napp_key: yon-app-key\napp_secret: yon-app-secret\n",
          .warehouse = "SH",
          .heals = true,
          .emails = false,
          .clock = true};
}

qiao::platform::shop::Shop u8() {
  return {.plugin = "yonyou",
          .system = "u8",
          .config =
              "flavour: u8\nurl: {url}\napp_key: u8-app-key\napp_secret: u8-app-secret\nfrom_account: qiao\n"
              "to_account: shop\n",
          .warehouse = "SH",
          .heals = true,
          .emails = false};
}

}  // namespace

QIAO_SHOP_STOCK(Yonsuite, yonsuite())
QIAO_SHOP_CUSTOMERS(Yonsuite, yonsuite())
QIAO_SHOP_STOCK(U8, u8())
QIAO_SHOP_AGE(U8, u8())
QIAO_SHOP_CUSTOMERS(U8, u8())
QIAO_CONFORMANCE("yonyou", "url: http://127.0.0.1:1\ntenant: t\napp_key: k\napp_secret: s\n")
