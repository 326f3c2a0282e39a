#include "connectors/slack/client/slack_client.hpp"
#include "tests/fuzz/messengers/check.hpp"

using namespace qiao;

void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  fuzz::seed(
      add,
      {R"({"type":"event_callback","team_id":"T1","event_id":"Ev1","event":{"type":"message","channel":"C1","user":"U1","text":"a <@U1|x> &lt;b&gt; <https://example.com|y>","ts":"1732255000.000200","thread_ts":"1732255000.000100","files":[{"name":"a.png","mimetype":"image/png","url_private":"https://files.slack.com/a"}]}})",
       R"({"type":"event_callback","event":{"type":"message","subtype":"message_changed","channel":"D1","channel_type":"im","ts":"3.0","message":{"user":"U1","text":"A-8","ts":"1.2"},"previous_message":{"text":"A-7"}}})",
       R"({"type":"event_callback","event":{"type":"message","subtype":"message_deleted","channel":"C1","ts":"3.0","deleted_ts":"1.2","previous_message":{"user":"U1"}}})",
       R"({"type":"url_verification","challenge":"c7"})", R"({"ok":false,"error":"ratelimited"})",
       "payload=%7B%22type%22%3A%22block_actions%22%2C%22user%22%3A%7B%22id%22%3A%22U1%22%7D%2C%22channel%22%3A%7B%"
       "22id%22%3A%22C1%22%7D%2C%22message%22%3A%7B%22ts%22%3A%221.3%22%7D%2C%22actions%22%3A%5B%7B%22action_ts%22%3A%"
       "229.9%22%2C%22value%22%3A%22return%22%7D%5D%7D&x=+1"});
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const char* type : {"application/json", "application/x-www-form-urlencoded"}) {
    if (const auto told = slack::read_call(type, text)) fuzz::check(told->items);
  }
  static_cast<void>(slack::plain(text));
  if (slack::plain(slack::escaped(text)) != text) std::abort();
  for (const int status : {200, 400, 401, 429}) static_cast<void>(slack::fault({status, {}, text}));
  return 0;
}
