#include "connectors/whatsapp/client/whatsapp_client.hpp"
#include "tests/fuzz/messengers/check.hpp"

using namespace qiao;

void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  fuzz::seed(
      add,
      {R"({"object":"whatsapp_business_account","entry":[{"id":"WABA","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"phone_number_id":"1065"},"contacts":[{"profile":{"name":"Ana"},"wa_id":"8613800138000"}],"messages":[{"from":"8613800138000","id":"wamid.HBg1","timestamp":"1732255100","type":"text","text":{"body":"\u4f60\u597d"},"context":{"id":"wamid.prev"}},{"from":"8613800138000","id":"wamid.2","type":"image","image":{"id":"m1","mime_type":"image/jpeg","caption":"x"}},{"from":"8613800138000","id":"wamid.3","type":"location","location":{"latitude":31.2,"longitude":121.5,"name":"Shop","address":"Road"}},{"from":"8613800138000","id":"wamid.4","type":"contacts","contacts":[{"name":{"formatted_name":"Wang"},"phones":[{"phone":"+86138"}]}]},{"from":"8613800138000","id":"wamid.5","type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"r1","title":"x"}}},{"from":"8613800138000","id":"wamid.6","type":"order","order":{"text":"n","product_items":[{"product_retailer_id":"A-7","quantity":2,"item_price":9.5,"currency":"USD"}]}},{"from":"8613800138000","id":"wamid.7","type":"reaction","reaction":{"emoji":"👍"}},{"from":"8613800138000","id":"wamid.8","type":"button","button":{"payload":"p","text":"t"}},{"from":"8613800138000","id":"wamid.9","type":"unsupported"}],"statuses":[{"id":"wamid.1","status":"failed","errors":[{"code":131047,"title":"t","error_data":{"details":"d"}}]},{"id":"wamid.1","status":"read"}]}}]}]})",
       R"({"error":{"message":"said","code":131047,"error_subcode":2018278,"error_data":{"details":"more"},"fbtrace_id":"x"}})"});
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto items = whatsapp::read_call(text, "1065")) fuzz::check(*items);
  for (const int status : {200, 400, 401, 429}) static_cast<void>(meta::fault("whatsapp", {status, {}, text}));
  return 0;
}
