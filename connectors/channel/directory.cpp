#include "connectors/channel/directory.hpp"

#include <utility>

namespace qiao::channel {

void Directory::learn(Id conversation, const std::string& user) {
  const std::lock_guard lock(mutex_);
  if (users_.size() >= kMost) {
    users_.clear();
    conversations_.clear();
  }
  if (users_.try_emplace(conversation, user).second) conversations_[user] = conversation;
}

std::string Directory::user_of(Id conversation) const {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(conversation);
  return found == users_.end() ? std::string() : found->second;
}

Id Directory::conversation_of(const std::string& user) const {
  const std::lock_guard lock(mutex_);
  const auto found = conversations_.find(user);
  return found == conversations_.end() ? Id{} : found->second;
}

void Directory::unseen(const std::string& user, const std::string& external_id) {
  const std::lock_guard lock(mutex_);
  if (unseen_.size() >= kMost) unseen_.clear();
  unseen_[user] = external_id;
}

std::string Directory::take_unseen(const std::string& user) {
  const std::lock_guard lock(mutex_);
  const auto found = unseen_.find(user);
  if (found == unseen_.end()) return {};
  std::string id = std::move(found->second);
  unseen_.erase(found);
  return id;
}

void Directory::forget(const std::string& user) {
  const std::lock_guard lock(mutex_);
  unseen_.erase(user);
  const auto found = conversations_.find(user);
  if (found == conversations_.end()) return;
  users_.erase(found->second);
  conversations_.erase(found);
}

}  // namespace qiao::channel
