#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "qiao/message.hpp"

namespace qiao::testkit {

/// Records the events of one type, from the moment TestHub::probe made it. Copies share the record. Any thread.
template <Event E>
class Probe {
 public:
  struct Seen {
    E event;
    Headers headers;
  };

  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(state_->mutex);
    return state_->seen.size();
  }
  /// All so far, in the order of arrival.
  [[nodiscard]] std::vector<E> events() const {
    const std::lock_guard lock(state_->mutex);
    std::vector<E> list;
    for (const Seen& seen : state_->seen) list.push_back(seen.event);
    return list;
  }
  /// The newest; a default one when there is none.
  [[nodiscard]] E last() const {
    const std::lock_guard lock(state_->mutex);
    return state_->seen.empty() ? E{} : state_->seen.back().event;
  }
  [[nodiscard]] Headers last_headers() const {
    const std::lock_guard lock(state_->mutex);
    return state_->seen.empty() ? Headers{} : state_->seen.back().headers;
  }
  void clear() {
    const std::lock_guard lock(state_->mutex);
    state_->seen.clear();
  }
  /// In a threaded hub: waits until `n` events have come; false when they did not within a generous time.
  [[nodiscard]] bool wait_for(std::size_t n, std::chrono::seconds patience = std::chrono::seconds(20)) const {
    std::unique_lock lock(state_->mutex);
    return state_->more.wait_for(lock, patience, [&] { return state_->seen.size() >= n; });
  }
  void record(const E& event, const Headers& headers) const {
    const std::lock_guard lock(state_->mutex);
    state_->seen.push_back({event, headers});
    state_->more.notify_all();
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable more;
    std::vector<Seen> seen;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace qiao::testkit
