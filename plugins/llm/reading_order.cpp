#include "plugins/llm/reading_order.hpp"

#include <algorithm>
#include <numeric>

namespace qiao::llm {

void ReadingOrder::arrange(const std::string& question, std::vector<contract::Passage>& passages, std::size_t most) {
  constexpr std::size_t kMostKept = 5000;
  std::vector<std::string> texts{question};
  std::vector<std::string> keys;
  {
    const std::lock_guard lock(mutex_);
    for (const contract::Passage& p : passages) {
      keys.push_back(p.title + "\n" + p.text);
      if (!known_.contains(keys.back())) texts.push_back(keys.back());
    }
  }
  auto vectors = client_.embed(texts);
  if (!vectors) {
    if (passages.size() > most) passages.resize(most);
    return;
  }
  std::vector<double> closeness(passages.size(), 0);
  {
    const std::lock_guard lock(mutex_);
    if (known_.size() > kMostKept) known_.clear();
    for (std::size_t i = 1; i < texts.size(); ++i) known_[texts[i]] = (*vectors)[i];
    for (std::size_t i = 0; i < passages.size(); ++i) {
      const auto vector = known_.find(keys[i]);
      if (vector == known_.end() || vector->second.size() != (*vectors)[0].size()) continue;
      closeness[i] = std::inner_product(vector->second.begin(), vector->second.end(), (*vectors)[0].begin(), 0.0);
    }
  }
  std::vector<std::size_t> order(passages.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return closeness[a] > closeness[b]; });
  if (order.size() > most) order.resize(most);
  std::vector<contract::Passage> arranged;
  for (const std::size_t i : order) arranged.push_back(std::move(passages[i]));
  passages = std::move(arranged);
}

}  // namespace qiao::llm
