#include "plugins/inbox/activity.hpp"

#include "plugins/inbox/ledger.hpp"
#include "plugins/inbox/records.hpp"

namespace qiao::inbox {

void Activity::touch(const ConversationPtr& conversation) {
  if (conversation->dirty.exchange(true, std::memory_order_acq_rel)) return;
  const std::lock_guard lock(mutex_);
  touched_.push_back(conversation);
}

std::vector<ConversationPtr> Activity::recent() const {
  const std::lock_guard lock(mutex_);
  std::vector<ConversationPtr> all = touched_;
  all.insert(all.end(), writing_.begin(), writing_.end());
  return all;
}

void Activity::flush(Ledger& ledger) {
  std::vector<ConversationPtr> batch;
  {
    const std::lock_guard lock(mutex_);
    // One batch at a time, so that `recent` stays simple; what comes meanwhile goes with the next.
    if (touched_.empty() || !writing_.empty()) return;
    writing_.swap(touched_);
    batch = writing_;
    // From here on a change asks for another write: the values are read later than this.
    for (const ConversationPtr& c : batch) c->dirty.store(false, std::memory_order_release);
  }
  ledger.write(
      0,
      [batch, &records = ledger.records()](Session& session) -> Result<void> {
        for (const ConversationPtr& c : batch) {
          if (!c->stored() || c->erased) continue;
          if (auto done = records.update_activity(session, c->facts.id, c->contact(), *c->status(), c->marks()); !done)
            return done;
        }
        return {};
      },
      [this, batch](Result<void> result) {
        {
          const std::lock_guard lock(mutex_);
          writing_.clear();
        }
        if (result) return;
        log_.warn("the latest activity of {} conversations could not be noted, it is tried again: {}", batch.size(),
                  result.error().message);
        for (const ConversationPtr& c : batch) touch(c);
      },
      Priority::background);
}

}  // namespace qiao::inbox
