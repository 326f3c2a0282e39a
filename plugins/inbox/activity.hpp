#pragma once

#include <mutex>
#include <vector>

#include "plugins/inbox/conversation.hpp"
#include "qiao/log.hpp"

namespace qiao::inbox {

class Ledger;

/// What follows from the messages (last sequence, preview, time of the last change) and the read marks reach their
/// table lazily: many changes of one conversation become one UPDATE every few seconds. Nothing is lost by that: what a
/// crash leaves behind is read from the messages again.
///
/// Any thread. Its mutex is taken alone.
class Activity {
 public:
  explicit Activity(Logger& log) : log_(log) {}

  void touch(const ConversationPtr& conversation);
  /// Writes what was touched since the last time; returns at once.
  void flush(Ledger& ledger);
  /// What the table may not know yet.
  [[nodiscard]] std::vector<ConversationPtr> recent() const;

 private:
  Logger& log_;
  mutable std::mutex mutex_;
  std::vector<ConversationPtr> touched_;
  std::vector<ConversationPtr> writing_;
};

}  // namespace qiao::inbox
