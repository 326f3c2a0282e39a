#include "plugins/routing/handling_time.hpp"

#include <algorithm>

namespace qiao::routing {
namespace {

constexpr double kNewest = 0.1;        // the share of the newest conversation in the mean
constexpr double kShortest = 10;       // seconds; shorter ones were closed by mistake
constexpr double kLongest = 4 * 3600;  // one that stays open over night says nothing about the next
constexpr std::size_t kMostOpen = 50'000;

}  // namespace

void HandlingTime::note(const contract::ConversationChanged& change) {
  const contract::ConversationView& c = change.conversation;
  if (change.what == "assigned") {
    if (since_.size() >= kMostOpen) since_.clear();
    since_.try_emplace(c.id, c.changed_at);
  } else if (change.what == "resolved") {
    const auto begun = since_.find(c.id);
    if (begun == since_.end()) return;
    const double took = std::chrono::duration<double>(c.changed_at - begun->second).count();
    since_.erase(begun);
    if (took >= kShortest) mean_s_ += kNewest * (std::min(took, kLongest) - mean_s_);
  } else if (change.what == "queued" || change.what == "transferred") {
    since_.erase(c.id);
    if (change.what == "transferred" && c.agent) since_.emplace(c.id, c.changed_at);
  }
}

}  // namespace qiao::routing
