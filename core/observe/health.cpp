#include "core/observe/health.hpp"

#include <algorithm>

namespace qiao::core {

std::string_view to_string(Health::State state) noexcept {
  switch (state) {
    case Health::State::ok:
      return "ok";
    case Health::State::degraded:
      return "degraded";
    case Health::State::failed:
      return "failed";
  }
  return "failed";
}

class HealthBoard::InstanceHealth final : public Health {
 public:
  InstanceHealth(HealthBoard& board, std::string instance) : board_(board), instance_(std::move(instance)) {}
  void report(State state, std::string reason) override { board_.report(instance_, state, std::move(reason)); }

 private:
  HealthBoard& board_;
  const std::string instance_;
};

HealthBoard::HealthBoard(const Clock& clock, Listener listener) : clock_(clock), listener_(std::move(listener)) {}
HealthBoard::~HealthBoard() = default;

Health& HealthBoard::for_instance(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  auto& handle = handles_[instance];
  if (!handle) handle = std::make_unique<InstanceHealth>(*this, instance);
  entries_.try_emplace(instance, Entry{instance, Health::State::ok, {}, clock_.now()});
  return *handle;
}

void HealthBoard::forget(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  entries_.erase(instance);
}

std::vector<HealthBoard::Entry> HealthBoard::snapshot() const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> all;
  all.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) all.push_back(entry);
  return all;
}

Health::State HealthBoard::overall() const {
  const std::lock_guard lock(mutex_);
  Health::State worst = Health::State::ok;
  for (const auto& [name, entry] : entries_) worst = std::max(worst, entry.state);
  return worst;
}

void HealthBoard::report(const std::string& instance, Health::State state, std::string reason) {
  const std::lock_guard telling(telling_);
  Entry now;
  Health::State before;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_.try_emplace(instance, Entry{instance, Health::State::ok, {}, clock_.now()}).first->second;
    if (entry.state == state && entry.reason == reason) return;
    before = entry.state;
    if (entry.state != state) entry.since = clock_.now();
    entry.state = state;
    entry.reason = std::move(reason);
    now = entry;
  }
  if (listener_) listener_(now, before);
}

}  // namespace qiao::core
