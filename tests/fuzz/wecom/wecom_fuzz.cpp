// What WeCom sends: the XML of a callback, its ciphertext, and pages of messages. The first byte of an input chooses;
// nothing may crash, and what comes out must be fit for JSON.
#include <cstdlib>

#include "connectors/channel/wechat_crypt.hpp"
#include "connectors/wecom/client/inbound.hpp"
#include "connectors/wecom/client/outbound.hpp"
#include "qiao/json.hpp"

using namespace qiao;

namespace {

constexpr const char* kKey = "SHViRGV2S2V5MDFXaXRoTm9uQ2Fub25pY2FsQml0c0F";

void callback(const std::string& text) {
  if (const auto sealed = wecom::read_envelope(text)) {
    static const auto crypt = channel::WechatCrypt::make("t", kKey, "ww1");
    static_cast<void>(crypt->decrypt(*sealed));
  }
  static_cast<void>(wecom::read_callback(text));
}

void cipher(const std::string& text) {
  static const auto crypt = channel::WechatCrypt::make("t", kKey, "ww1");
  static_cast<void>(crypt->decrypt(text));
  const auto sealed = crypt->encrypt(text);
  if (!sealed) std::abort();
  const auto open = crypt->decrypt(*sealed);
  if (!open || *open != text) std::abort();
}

void page(const std::string& text) {
  const auto read = wecom::read_page(text, false);
  if (!read) return;
  for (const wecom::Item& item : read->items) {
    if (to_json(item.content).empty()) std::abort();
    static_cast<void>(wecom::event_text(item, true));
    const int score = wecom::grade_of(wecom::menu_value(item.menu_id)).score;
    if (score < 0 || score > 5) std::abort();
  }
}

}  // namespace

extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size));
extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  const std::string seeds[] = {
      std::string(1, '\0') +
          "<xml><ToUserName><![CDATA[ww1]]></ToUserName><AgentID>1</"
          "AgentID><Encrypt><![CDATA[WycUjo1xgMOhyOG1QP8Wa5krxk9"
          "AJ8gjdmcD73MwjJ6gf020YVdxzbn1FZ0zhe0c14MvA/FXct2FCLMM3y1hFg==]]></Encrypt></xml>",
      std::string(1, '\0') +
          "<xml><CreateTime>1732250100</CreateTime><Event>kf_msg_or_event</Event><Token>T&amp;</Token><OpenKfId>wk"
          "</OpenKfId></xml>",
      std::string(1, '\1') + "WycUjo1xgMOhyOG1QP8Wa5krxk9AJ8gjdmcD73MwjJ6gf020YVdxzbn1FZ0zhe0c14MvA/FXct2FCLMM3y1hFg==",
      std::string(1, '\2') +
          R"({"errcode":0,"next_cursor":"c","has_more":1,"msg_list":[{"msgid":"m","open_kfid":"wk","external_userid":"wm","send_time":1732250090,"origin":3,"msgtype":"text","text":{"content":"口红","menu_id":"q:qiao.grade/1/5"}}]})",
      std::string(1, '\2') +
          R"({"msg_list":[{"msgid":"e","send_time":1,"origin":4,"msgtype":"event","event":{"event_type":"enter_session","scene_param":"sku%3DA%FF","welcome_code":"W"}},{"msgid":"l","msgtype":"location","location":{"latitude":31.2,"longitude":1e400,"name":"x"}},{"msgid":"n","msgtype":"msgmenu","msgmenu":{"head_content":"h","list":[{"type":"click","click":{"content":"a"}}]}}]})",
  };
  for (const std::string& seed : seeds) add(seed.data(), seed.size());
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      callback(text);
      break;
    case 1:
      cipher(text);
      break;
    default:
      page(text);
  }
  return 0;
}
