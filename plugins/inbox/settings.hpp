#pragma once

#include <memory>
#include <mutex>

#include "plugins/inbox/config.hpp"

namespace qiao::inbox {

/// The settings as they are now; a reload replaces them whole. Any thread.
class Settings {
 public:
  explicit Settings(InboxConfig config) : current_(std::make_shared<const InboxConfig>(std::move(config))) {}

  [[nodiscard]] std::shared_ptr<const InboxConfig> get() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  void set(InboxConfig config) {
    auto next = std::make_shared<const InboxConfig>(std::move(config));
    const std::lock_guard lock(mutex_);
    current_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const InboxConfig> current_;
};

}  // namespace qiao::inbox
