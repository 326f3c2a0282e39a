#pragma once

#include <chrono>
#include <unordered_map>

#include "qiao/contract/conversation.hpp"

namespace qiao::routing {

/// A running mean of how long conversations are with an agent, from what the inbox tells. One thread at a time.
class HandlingTime {
 public:
  explicit HandlingTime(std::chrono::seconds at_first) : mean_s_(static_cast<double>(at_first.count())) {}

  void note(const contract::ConversationChanged& change);
  [[nodiscard]] std::chrono::seconds mean() const { return std::chrono::seconds(static_cast<std::int64_t>(mean_s_)); }

 private:
  double mean_s_;
  std::unordered_map<Id, Time> since_;  ///< when an agent got it
};

}  // namespace qiao::routing
