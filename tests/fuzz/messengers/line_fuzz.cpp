#include "connectors/line/client/line_client.hpp"
#include "tests/fuzz/messengers/check.hpp"

using namespace qiao;

void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  fuzz::seed(
      add,
      {R"({"destination":"Ubot","events":[{"type":"message","webhookEventId":"01HX","timestamp":1732255000000,"mode":"active","source":{"type":"user","userId":"U4af"},"replyToken":"nHuy","message":{"id":"4445","type":"text","text":"在庫ありますか"}},{"type":"message","source":{"type":"group","groupId":"C","userId":"U"},"message":{"id":"1","type":"sticker","keywords":["a","b"],"text":"x"}},{"type":"message","source":{"type":"room","roomId":"R"},"message":{"id":"2","type":"image","contentProvider":{"type":"external","originalContentUrl":"https://example.com/i"}}},{"type":"message","mode":"standby","source":{"type":"user","userId":"U"},"message":{"id":"3","type":"location","title":"t","address":"a","latitude":1.5,"longitude":2.5}},{"type":"message","source":{"type":"user","userId":"U"},"message":{"id":"5","type":"file","fileName":"a.pdf"}},{"type":"postback","source":{"type":"user","userId":"U"},"postback":{"data":"d"}},{"type":"follow","source":{"type":"user","userId":"U"}},{"type":"unsend","source":{"type":"user","userId":"U"}},{"type":"accountLink","link":{"result":"ok"},"source":{"type":"user","userId":"U"}}]})",
       R"({"message":"You have reached your monthly limit."})"});
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const bool groups : {false, true}) {
    if (const auto call = line::read_call(text, groups)) fuzz::check(call->items);
  }
  for (const int status : {200, 400, 401, 429}) static_cast<void>(line::fault({status, {}, text}));
  return 0;
}
