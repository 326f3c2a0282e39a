#pragma once

#include <mutex>
#include <unordered_map>
#include <vector>

#include "plugins/llm/client/model_client.hpp"
#include "qiao/contract/bot.hpp"

namespace qiao::llm {

/// Puts the passages that mean what the customer asks first, by embeddings. Vectors of passages are kept until their
/// text changes. Blocking; any thread.
class ReadingOrder {
 public:
  explicit ReadingOrder(ModelClient& client) : client_(client) {}
  /// The `most` best passages; the order stays as it is when the server cannot say.
  void arrange(const std::string& question, std::vector<contract::Passage>& passages, std::size_t most);

 private:
  ModelClient& client_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<float>> known_;
};

}  // namespace qiao::llm
