#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "connectors/channel/memory.hpp"
#include "connectors/channel/platform.hpp"

namespace qiao::channel {

/// For platforms where an answer names what it answers (a comment, a message): which of the customer's messages stood
/// last in the conversation when an answer was written. Shared between nodes; goes when the customer is erased. Blocks.
class Places {
 public:
  explicit Places(Memory& memory) : memory_(memory) {}
  /// After the inbox has the message; the same again changes nothing.
  Result<void> put(const std::string& user, const contract::Accepted& accepted, const std::string& place);
  /// Of the answer's conversation, else the customer's last; empty when nothing is known.
  Result<std::optional<std::string>> of(const Part& answer);

 private:
  static constexpr std::chrono::hours kLife{24 * 90};
  Memory& memory_;
};

}  // namespace qiao::channel
