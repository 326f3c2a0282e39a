// Every client of a named system reads what its system answers: whatever comes, it ends with a value or an error.
// The first byte of an input chooses the client, the second the call (and whether the log-in is answered by the input
// as well), the third the HTTP status; the rest is the body of every answer.
#include <cmath>
#include <cstdlib>
#include <memory>

#include "connectors/erpnext/client/erpnext_client.hpp"
#include "connectors/hubspot/client/hubspot_client.hpp"
#include "connectors/kingdee/client/kingdee_client.hpp"
#include "connectors/odoo/client/odoo_client.hpp"
#include "connectors/salesforce/client/salesforce_client.hpp"
#include "connectors/tryton/client/tryton_client.hpp"
#include "connectors/yonyou/client/yonyou_client.hpp"
#include "qiao/json.hpp"

using namespace qiao;

namespace {

constexpr int kMostCalls = 24;

bool holds(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

/// What a log-in is answered so that the calls after it are reached; empty for other calls.
std::string log_in(const OutboundRequest& r) {
  if (holds(r.body, "\"authenticate\"")) return R"({"result":2})";
  if (holds(r.body, "common.db.login")) return R"({"result":[1,"key"]})";
  if (holds(r.url, "AuthService")) return R"({"LoginResultType":1,"KDSVCSessionId":"s"})";
  if (holds(r.url, "/services/oauth2/token")) return R"({"access_token":"t"})";
  if (holds(r.url, "getGatewayAddress"))
    return R"({"code":"00000","data":{"gatewayUrl":"http://g","tokenUrl":"http://t"}})";
  if (holds(r.url, "getAccessToken")) return R"({"code":"00000","data":{"access_token":"t","expire":7200}})";
  if (holds(r.url, "/system/token")) return R"({"errcode":"0","token":{"id":"t"}})";
  if (holds(r.body, "get_preferences")) return R"({"result":{"company":1}})";
  return {};
}

template <class Client, class Config>
std::unique_ptr<platform::Backend> make(Config config, const platform::Transport& transport) {
  config.url = "http://erp.example.com";
  return std::make_unique<Client>(config, transport, system_clock());
}

std::unique_ptr<platform::Backend> client_of(unsigned which, const platform::Transport& transport) {
  switch (which % 8) {
    case 0:
      return make<tryton::Client>(tryton::TrytonConfig{}, transport);
    case 1:
      return make<odoo::Client>(odoo::OdooConfig{}, transport);
    case 2:
      return make<erpnext::Client>(erpnext::ErpnextConfig{}, transport);
    case 3:
      return make<kingdee::Client>(kingdee::KingdeeConfig{}, transport);
    case 4:
      return make<salesforce::Client>(salesforce::SalesforceConfig{}, transport);
    case 5:
      return make<hubspot::Client>(hubspot::HubspotConfig{}, transport);
    case 6:
      return make<yonyou::Client>(yonyou::YonyouConfig{}, transport);
    default: {
      yonyou::YonyouConfig u8;
      u8.flavour = yonyou::Flavour::u8;
      return make<yonyou::Client>(u8, transport);
    }
  }
}

/// What a connector hands on must be fit for the bus and for JSON.
template <class T>
void check(const T& value) {
  const std::string json = to_json(value);
  if (json.empty()) std::abort();
}

void call(platform::Backend& client, unsigned which) {
  switch (which % 6) {
    case 0: {
      const std::vector<std::string> skus{"A-7", "A-8"};
      const auto stocks = client.stock(skus);
      if (!stocks) return;
      if (stocks->size() != skus.size()) std::abort();
      for (const auto& stock : *stocks) {
        if (stock == nullptr) continue;
        check(*stock);
        for (const auto& level : stock->levels) {
          if (!std::isfinite(level.on_hand)) std::abort();
        }
      }
      break;
    }
    case 1: {
      const auto products = client.products({"A-7", 10});
      if (products) {
        for (const auto& product : *products) check(product);
      }
      break;
    }
    case 2: {
      contract::OrderQuery q;
      q.number = "SO1";
      const auto orders = client.orders(q);
      if (orders) {
        for (const auto& order : *orders) check(order);
      }
      break;
    }
    case 3: {
      contract::LookupCustomer q;
      q.phone = "13800138000";
      auto cards = client.customers(q);
      if (!cards) return;
      for (auto& card : *cards) {
        static_cast<void>(client.complete(card));
        check(card);
      }
      break;
    }
    case 4: {
      contract::RecordActivity a;
      a.external_id = "x";
      static_cast<void>(client.record("1", a));
      static_cast<void>(client.tag("1", {{}, {"VIP"}, {"old"}}));
      break;
    }
    default:
      static_cast<void>(client.test());
  }
}

}  // namespace

extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size));
extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  const char* bodies[] = {
      R"({"id":1,"result":[{"id":3,"code":"A-7","name":"羽绒服","default_uom.":{"name":"件"},"quantity":12,"number":"SO1","state":"confirmed","party":3,"value":"+8613800138000","shipments":[1],"total_amount":{"__class__":"Decimal","decimal":"399.00"},"sale_date":{"__class__":"date","year":2026,"month":11,"day":20}}]})",
      R"({"jsonrpc":"2.0","id":1,"result":[{"id":7,"default_code":"A-7","name":"SO1","uom_id":[1,"件"],"product_id":[7,"[A-7] 羽绒服"],"location_id":[8,"WH/Stock"],"quantity":12.0,"reserved_quantity":2.0,"phone":"138 0013 8000","mobile":false,"user_id":[3,"小美"],"category_id":[1],"order_id":[7,"SO1"],"origin":"SO1","date_order":"2026-11-20 08:00:00","currency_id":[7,"CNY"]}]})",
      R"({"data":[{"name":"SO1","item_code":"A-7","warehouse":"Shanghai - C","actual_qty":12.0,"reserved_qty":2.0,"customer":"C1","phone_nos":[{"phone":"13800138000"}],"links":[{"link_doctype":"Customer","link_name":"C1"}],"items":[{"item_code":"A-7","qty":1,"rate":399.0}],"transaction_date":"2026-11-20"}]})",
      R"({"data":{"name":"SO1","customer_name":"林晓","_user_tags":",VIP","phone_nos":[{"phone":"13800138000"}],"links":[{"link_doctype":"Customer","link_name":"C1"}],"items":[{"item_code":"A-7","qty":1,"rate":399.0}]}})",
      R"([["A-7","羽绒服","上海仓",12.0,"SO1","2026-11-20T00:00:00","C","C1",1,2,"CNY"]])",
      R"({"totalSize":1,"done":true,"records":[{"Id":"003000000000000001","ProductCode":"A-7","Name":"林晓","Phone":"13800138000","QuantityOnHand":12,"Product2":{"ProductCode":"A-7"},"Location":{"Name":"上海仓"},"OrderNumber":"SO1","EffectiveDate":"2026-11-20","OrderItems":{"records":[{"Quantity":1,"UnitPrice":399.0}]}}]})",
      R"([{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}])",
      R"({"results":[{"id":"1","toObjectId":51,"properties":{"firstname":"晓","lastname":"林","phone":"13800138000","hubspot_owner_id":"9","hs_external_order_id":"SO1","hs_note_body":"[qiao:x]"}}],"paging":{"next":{"after":"1"}}})",
      R"({"code":"200","data":{"pageIndex":1,"pageCount":1,"recordList":[{"code":"SO1","name":"林晓","contactTel":"13800138000","vouchdate":"2026-11-20 08:00:00","payMoney":399.0,"orderDetails":[{"productCode":"A-7","qty":1}]}]}})",
      R"({"code":"200","data":[{"product_code":"A-7","product_name":"羽绒服","warehouse_code":"SH","currentqty":12,"availableqty":10}]})",
      R"({"errcode":"0","page_count":"1","currentstock":[{"invcode":"A-7","whcode":"SH","qty":"12","availqty":10}],"customer":[{"code":"C1","phone":"13800138000"}],"saleorder":{"code":"SO1","entry":[{"inventorycode":"A-7"}]},"saleorderlist":[{"code":"SO1"}]})",
  };
  for (char client = 0; client < 8; ++client) {
    for (char operation = 0; operation < 6; ++operation) {
      for (const char* body : bodies) {
        const std::string seed = std::string{client, operation, 0} + body;
        add(seed.data(), seed.size());
      }
    }
  }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::string body(reinterpret_cast<const char*>(data) + 3, size - 3);
  const bool also_log_in = (data[1] & 0x80U) != 0;
  constexpr int kStatuses[] = {200, 200, 200, 200, 204, 400, 401, 403, 404, 417, 429, 500};
  const int status = kStatuses[data[2] % std::size(kStatuses)];
  int calls = 0;
  const platform::Transport transport = [&](const OutboundRequest& request) -> Result<OutboundResponse> {
    if (++calls > kMostCalls) return Error{Errc::unavailable, "enough"};
    if (std::string answer = log_in(request); !answer.empty() && !also_log_in) return OutboundResponse{200, {}, answer};
    return OutboundResponse{status, {}, body};
  };
  call(*client_of(data[0], transport), data[1] & 0x7FU);
  return 0;
}
