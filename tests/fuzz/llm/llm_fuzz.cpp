// What a language model's server answers: whole answers, streams, vectors, and what the model itself says. The first
// byte of an input chooses; nothing may crash, and an answer that is used names a passage and has text.
#include <cstdlib>

#include "plugins/llm/client/chat_api.hpp"
#include "plugins/llm/grounding.hpp"

using namespace qiao;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: {
      const auto reply = llm::read_chat(text);
      if (reply && reply->text.size() > size) std::abort();
      break;
    }
    case 1: {
      const auto vectors = llm::read_embeddings(text, 2);
      if (vectors && (vectors->size() != 2 || (*vectors)[0].size() != (*vectors)[1].size())) std::abort();
      break;
    }
    case 2:
      static_cast<void>(llm::refusal({429, {{"retry-after", text}, {"retry-after-ms", text}}, text}));
      break;
    default: {
      contract::AskModel ask;
      ask.text = "配送要钱吗";
      ask.passages = {{"fee", "配送费", "满 59 元免配送费"}};
      const auto answer = llm::checked_answer(ask, text);
      if (answer.answered && (answer.entry != "fee" || answer.text.empty())) std::abort();
      if (!answer.answered && answer.reason.empty()) std::abort();
    }
  }
  return 0;
}
