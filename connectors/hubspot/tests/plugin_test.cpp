#include "connectors/platform/tests/shop.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

qiao::platform::shop::Shop shop() {
  return {.plugin = "hubspot",
          .system = "hubspot",
          .config = "url: {url}\ntoken: pat-hub-1\ntags_property: qiao_tags\n",
          .warehouse = "SH",
          .writes = true};
}

}  // namespace

QIAO_SHOP_CUSTOMERS(HubspotPlugin, shop())
QIAO_CONFORMANCE("hubspot", "url: http://127.0.0.1:1\ntoken: t\n")
