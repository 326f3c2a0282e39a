#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "qiao/id.hpp"

namespace qiao::channel {

/// Who is behind the conversations that were busy lately: for signs that need not survive a restart. Any thread.
class Directory {
 public:
  void learn(Id conversation, const std::string& user);
  [[nodiscard]] std::string user_of(Id conversation) const;
  [[nodiscard]] Id conversation_of(const std::string& user) const;
  /// The newest message of a customer that no agent has read.
  void unseen(const std::string& user, const std::string& external_id);
  /// That message, once; "" when there is none.
  std::string take_unseen(const std::string& user);
  void forget(const std::string& user);

 private:
  static constexpr std::size_t kMost = 20'000;
  mutable std::mutex mutex_;
  std::unordered_map<Id, std::string> users_;
  std::unordered_map<std::string, Id> conversations_;
  std::unordered_map<std::string, std::string> unseen_;
};

}  // namespace qiao::channel
