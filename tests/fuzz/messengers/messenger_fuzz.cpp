#include "connectors/messenger/client/messenger_client.hpp"
#include "tests/fuzz/messengers/check.hpp"

using namespace qiao;

void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  fuzz::seed(
      add,
      {R"({"object":"page","entry":[{"id":"PAGE","time":1,"messaging":[{"sender":{"id":"PSID"},"recipient":{"id":"PAGE"},"timestamp":1732255000123,"message":{"mid":"m_1","text":"hi","quick_reply":{"payload":"p"},"attachments":[{"type":"image","payload":{"url":"https://cdn.example.com/a.jpg?x=1"}},{"type":"file","payload":{"url":"https://cdn.example.com/b/c.pdf"}},{"type":"location","title":"t","payload":{"coordinates":{"lat":1.5,"long":2.5}}},{"type":"fallback"}]}}]}]})",
       R"({"object":"page","entry":[{"id":"PAGE","messaging":[{"sender":{"id":"PAGE"},"recipient":{"id":"PSID"},"message":{"is_echo":true,"mid":"m_2","text":"x","metadata":"qiao:7-0"}},{"sender":{"id":"P"},"delivery":{"mids":["m_1"],"watermark":1}},{"sender":{"id":"P"},"read":{"watermark":1}},{"sender":{"id":"P"},"timestamp":5,"postback":{"title":"t","payload":"GET_STARTED"}},{"sender":{"id":"P"},"reaction":{"mid":"m","action":"react","emoji":"❤"}},{"sender":{"id":"P"},"referral":{"ref":"r","source":"ADS"}},{"sender":{"id":"P"},"message_edit":{"mid":"m","text":"t","num_edit":2}}],"standby":[{"sender":{"id":"P"},"message":{"mid":"m_9","text":"x"}}]}]})",
       R"({"error":{"message":"said","code":10,"error_subcode":2018278,"fbtrace_id":"x"}})"});
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto items = messenger::read_call(text, "PAGE")) fuzz::check(*items);
  for (const int status : {200, 400, 401, 429}) static_cast<void>(meta::fault("messenger", {status, {}, text}));
  return 0;
}
