// What Douyin sends: webhooks and lists of comments. Nothing may crash, and what comes out must be fit for JSON.
#include <cstdlib>

#include "connectors/douyin/client/inbound.hpp"
#include "qiao/json.hpp"

using namespace qiao;

extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size));
extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  const std::string seeds[] = {
      R"({"event":"im_receive_msg","from_user_id":"c","to_user_id":"b","content":"{\"conversation_short_id\":\"@conv1==\",\"server_message_id\":7494460928000411111,\"create_time\":1732251000123,\"message_type\":\"text\",\"text\":\"这件有现货吗\",\"user_infos\":[{\"open_id\":\"c\",\"nick_name\":\"小明\"}]}"})",
      R"({"event":"im_receive_msg","from_user_id":"c","content":{"message_type":"retain_consult_card","card_data":[{"label":"姓名","value":"小明"}],"item_id":"@v"}})",
      R"({"event":"item_comment_reply","from_user_id":"u","content":{"comment_id":"@c","comment_user_id":"u","content":"好看","create_time":1732251000,"reply_to_item_id":"@v"}})",
      R"({"event":"verify_webhook","content":{"challenge":12345}})",
      R"({"data":{"cursor":17,"has_more":true,"list":[{"comment_id":"@c1","comment_user_id":"u1","content":"好看","create_time":1732251000,"reply_comment_total":2}]}})",
  };
  for (const std::string& seed : seeds) add(seed.data(), seed.size());
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto hook = douyin::read_webhook(text)) {
    contract::Content content;
    content.text = douyin::message_text(hook->message, size % 2 == 0) + douyin::event_text(*hook, size % 2 == 0) +
                   douyin::comment_text(hook->comment, false) + hook->from_name;
    if (to_json(content).empty()) std::abort();
  }
  if (const auto list = douyin::read_comments(text, "@v")) {
    for (const douyin::Comment& comment : list->list) {
      if (comment.id.empty() || comment.user.empty() || comment.user.size() > 128) std::abort();
    }
  }
  return 0;
}
