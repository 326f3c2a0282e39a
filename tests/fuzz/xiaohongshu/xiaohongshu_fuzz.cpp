// What Xiaohongshu sends: pushes and answers of the shop, and pushes to the example adapter. Nothing may crash, and
// what comes out must be fit for JSON.
#include <cstdlib>

#include "connectors/xiaohongshu/client/ark.hpp"
#include "connectors/xiaohongshu/client/settings_access.hpp"
#include "qiao/json.hpp"

using namespace qiao;

namespace {

std::unique_ptr<xiaohongshu::MessageAccess> access() {
  xiaohongshu::AccessConfig config;
  config.adapter = "settings";
  config.signature = xiaohongshu::Signature::none;
  auto made = xiaohongshu::make_access(config, nullptr);
  if (!made) std::abort();
  return std::move(*made);
}

}  // namespace

extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size));
extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  const std::string seeds[] = {
      R"([{"msgTag":"msg_after_sale_create","sellerId":"s1","data":"{\"orderId\":\"P7001\"}"}])",
      R"({"success":true,"error_code":0,"data":{"orderId":"P7001","userId":"u","orderStatus":4}})",
      R"({"success":false,"error_code":-1,"error_msg":"token"})",
      R"({"message_id":"m1","user_id":"u1","nick_name":"小明","content":{"text":"什么价"},"create_time":1732252000123,"comment_id":"c1","note_id":"n1"})",
      R"([{"message_id":1,"user_id":2},{"test":true}])",
  };
  for (const std::string& seed : seeds) add(seed.data(), seed.size());
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto pushes = xiaohongshu::read_ark_pushes(text)) {
    for (const auto& push : pushes->list) static_cast<void>(xiaohongshu::text_at(push.data, "/orderId"));
  }
  static_cast<void>(xiaohongshu::ark_data(text));
  static const auto adapter = access();
  HttpRequest push;
  push.body = text;
  if (const auto list = adapter->read(push)) {
    for (const xiaohongshu::Incoming& one : *list) {
      if (one.id.empty() || one.user.empty() || to_json(one.content).empty()) std::abort();
    }
  }
  return 0;
}
