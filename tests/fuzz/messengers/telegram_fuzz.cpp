#include "connectors/telegram/client/telegram_client.hpp"
#include "tests/fuzz/messengers/check.hpp"

using namespace qiao;

void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  fuzz::seed(
      add,
      {R"({"update_id":884251,"message":{"message_id":17,"from":{"id":5123456789,"is_bot":false,"first_name":"Lin","last_name":"X","username":"lin88"},"chat":{"id":5123456789,"type":"private"},"date":1732255000,"text":"有货吗","reply_to_message":{"text":"在吗"}}})",
       R"({"update_id":1,"message":{"message_id":1,"from":{"id":5},"chat":{"id":-100,"type":"supergroup","title":"VIP"},"photo":[{"file_id":"a"},{"file_id":"b","file_size":99}],"caption":"坏了","sticker":{"file_id":"s","emoji":"😀","is_video":true},"voice":{"file_id":"v"},"document":{"file_id":"d","file_name":"a.pdf","file_size":30000000},"location":{"latitude":31.2,"longitude":121.4},"venue":{"title":"店","address":"路"},"contact":{"phone_number":"8613800138000","user_id":5,"first_name":"Lin"}}})",
       R"({"update_id":2,"edited_message":{"message_id":17,"edit_date":1732255060,"from":{"id":5},"chat":{"id":5,"type":"private"},"text":"A-8"}})",
       R"({"update_id":3,"callback_query":{"id":"cb1","from":{"id":5,"first_name":"Lin"},"data":"退货","message":{"chat":{"id":5,"type":"private"}}}})",
       R"({"update_id":4,"my_chat_member":{"chat":{"id":5,"type":"private"},"from":{"id":5},"date":1732255000,"new_chat_member":{"status":"kicked"}}})",
       R"({"ok":true,"result":[{"update_id":5,"message":{"message_id":1,"chat":{"id":5,"type":"private"},"from":{"id":5},"text":"/start x"}}]})",
       R"({"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7,"migrate_to_chat_id":-1001}})"});
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const bool groups : {false, true}) {
    if (const auto update = telegram::read_update(text, groups)) fuzz::check(update->items);
    if (const auto updates = telegram::read_updates(text, groups)) {
      for (const auto& update : *updates) fuzz::check(update.items);
    }
  }
  for (const int status : {200, 400, 429}) {
    static_cast<void>(telegram::fault({status, {}, text}, "5"));
    static_cast<void>(telegram::moved_to({status, {}, text}));
  }
  return 0;
}
