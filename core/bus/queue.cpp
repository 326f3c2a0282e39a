#include "core/bus/queue.hpp"

#include "core/bus/instance.hpp"

namespace qiao::core::bus {
namespace {

constexpr std::uint64_t kSampleMask = 15;  // every 16th item is timed
constexpr std::size_t kKeptSlots = 256;    // of an idle ring
constexpr unsigned kBlockingBatch = 8;
constexpr unsigned kBurst = 16;  // so many items in a row make it worth lingering for more

std::size_t index_of(Priority priority) noexcept { return static_cast<std::size_t>(priority) & 3; }
std::uint8_t bit_of(std::size_t priority) noexcept { return static_cast<std::uint8_t>(1u << priority); }

bool droppable(const Item& item) { return !item.task || item.task->droppable(); }

}  // namespace

void Queue::store(Item& item, std::size_t p) {
  if ((pushed_[p] & kSampleMask) == 0) item.accepted = lane_.instance.precise_now();
  ++pushed_[p];
  in_[p].push(std::move(item));
  mask_.store(static_cast<std::uint8_t>(mask_.load(std::memory_order_relaxed) | bit_of(p)), std::memory_order_relaxed);
}

Push Queue::push(Item& item, Priority priority, Item& pushed_out) {
  const std::size_t p = index_of(priority);
  bool submit = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_.load(std::memory_order_relaxed)) return Push::closed;
    if (!has_room(p)) {
      std::size_t oldest = 0;
      while (oldest < in_[p].size() && !droppable(in_[p][oldest])) ++oldest;
      if (lane_.overflow != Overflow::drop_oldest || oldest == in_[p].size()) return Push::full;
      pushed_out = in_[p].take(oldest);
      --pushed_[p];
    }
    store(item, p);
    submit = schedule();
  }
  if (submit) executor_.submit(*this);
  return Push::accepted;
}

Push Queue::push_waiting(Item& item, Priority priority) {
  const std::size_t p = index_of(priority);
  bool submit = false;
  {
    std::unique_lock lock(mutex_);
    waiters_.fetch_add(1, std::memory_order_relaxed);
    space_.wait(lock, [&] { return closed_.load(std::memory_order_relaxed) || has_room(p); });
    waiters_.fetch_sub(1, std::memory_order_relaxed);
    if (closed_.load(std::memory_order_relaxed)) return Push::closed;
    store(item, p);
    submit = schedule();
  }
  if (submit) executor_.submit(*this);
  return Push::accepted;
}

Push Queue::push_always(Item& item, Priority priority) {
  bool submit = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_.load(std::memory_order_relaxed) && !(item.task && item.task->must_run())) return Push::closed;
    store(item, index_of(priority));
    submit = schedule();
  }
  if (submit) executor_.submit(*this);
  return Push::accepted;
}

void Queue::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void Queue::release() {
  std::size_t submits = 0;
  {
    const std::lock_guard lock(mutex_);
    held_ = false;
    std::size_t items = 0;
    for (const auto& ring : in_) items += ring.size();
    while (submits < items && schedule()) ++submits;
  }
  for (; submits > 0; --submits) executor_.submit(*this);
}

void Queue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_.store(true, std::memory_order_relaxed);
    space_.notify_all();
  }
  release();
}

bool Queue::idle() const {
  const std::lock_guard lock(mutex_);
  return !running() && !has_work();
}

void Queue::count(std::size_t (&queued)[4]) const {
  const std::lock_guard lock(mutex_);
  for (std::size_t p = 0; p < 4; ++p) queued[p] += in_[p].size() + taken(p);
}

bool Queue::execute(Item&& item, HandlerScope& scope) {
  const bool must_run = item.task && item.task->must_run();
  if (closed_.load(std::memory_order_relaxed) && !must_run) {
    lane_.instance.abandon(lane_, item, Error{Errc::unavailable, "bus.revoked", "the instance was stopped"});
    return false;
  }
  const bool event = !item.task;
  if (event) {
    const Headers& h = item.message->headers;
    scope.begin(item.message->type, h.id, h.trace, lane_.instance.coarse_now(), lane_.budget);
    handle_event(*item.target, *item.message);
  } else {
    item.task->run(*this);
  }
  if (item.accepted != 0) {
    lane_.counters.latency.observe(static_cast<double>(lane_.instance.precise_now() - item.accepted) / 1e9);
  }
  return event;
}

bool SerialQueue::has_room(std::size_t p) {
  if (pushed_[p] - popped_seen_[p] < lane_.capacity) return true;
  popped_seen_[p] = popped_[p].load(std::memory_order_relaxed);
  return pushed_[p] - popped_seen_[p] < lane_.capacity;
}

bool SerialQueue::schedule() {
  if (held_ || scheduled_) return false;
  scheduled_ = true;
  return true;
}

std::size_t SerialQueue::taken(std::size_t p) const {
  const auto all = static_cast<std::size_t>(pushed_[p] - popped_[p].load(std::memory_order_relaxed));
  return all > in_[p].size() ? all - in_[p].size() : 0;
}

bool SerialQueue::next(Item& item) {
  const auto mask = static_cast<std::uint8_t>(mask_.load(std::memory_order_relaxed) | out_mask_);
  if (mask == 0) return false;
  const std::size_t p = first_priority(mask);
  const auto cleared = static_cast<std::uint8_t>(~bit_of(p));
  if ((out_mask_ & bit_of(p)) == 0) {
    const std::lock_guard lock(mutex_);
    if (in_[p].empty()) return false;
    if (lane_.overflow == Overflow::drop_oldest) {
      // The oldest must stay where a publisher can push it out, so nothing is swapped.
      item = in_[p].pop();
      if (in_[p].empty()) mask_.store(mask_.load(std::memory_order_relaxed) & cleared, std::memory_order_relaxed);
      popped_[p].store(popped_[p].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return true;
    }
    in_[p].swap(out_[p]);
    mask_.store(mask_.load(std::memory_order_relaxed) & cleared, std::memory_order_relaxed);
    out_mask_ = static_cast<std::uint8_t>(out_mask_ | bit_of(p));
  }
  item = out_[p].pop();
  if (out_[p].empty()) {
    out_mask_ &= cleared;
  } else if (const Message* following = out_[p][0].message.get()) {
    // The publisher's core wrote it last; fetching it takes as long as handling the one before.
    __builtin_prefetch(following);
    __builtin_prefetch(reinterpret_cast<const char*>(following) + 64);
    __builtin_prefetch(reinterpret_cast<const char*>(following) + 128);
  }
  const std::uint64_t popped = popped_[p].load(std::memory_order_relaxed) + 1;
  popped_[p].store(popped, std::memory_order_relaxed);
  // Waiting publishers come back in crowds, when there is room for many; at the latest when the queue runs empty.
  if ((popped & 63) == 0 && waiters_.load(std::memory_order_relaxed) > 0) {
    const std::lock_guard lock(mutex_);
    if (pushed_[p] - popped <= lane_.capacity / 2) space_.notify_all();
  }
  return true;
}

bool SerialQueue::finish() {
  // The instance may be destroyed as soon as this queue is seen idle; what tells its waiters keeps it alive.
  std::shared_ptr<Instance> watched;
  {
    const std::lock_guard lock(mutex_);
    if (has_work()) return false;
    scheduled_ = false;
    if (waiters_.load(std::memory_order_relaxed) > 0) space_.notify_all();
    for (std::size_t p = 0; p < 4; ++p) {
      in_[p].trim(kKeptSlots);
      out_[p].trim(kKeptSlots);
    }
    watched = lane_.instance.if_watched();
  }
  if (watched) watched->wake_waiters();
  return true;
}

/// In the middle of a burst the producer will be back within a microsecond. Waiting that long saves both sides the way
/// to sleep and back, and looking seldom lets items gather: taking them one by one would have both fight for the lock.
bool SerialQueue::linger() const {
  constexpr int kLooks = 4;
  constexpr int kPauses = 24;
  for (int look = 0; look < kLooks; ++look) {
    for (int i = 0; i < kPauses; ++i) pause_briefly();
    if (has_work()) return true;
  }
  return false;
}

void SerialQueue::run() {
  unsigned events = 0;  // handled since they were last counted
  const auto count = [&] {
    if (events > 0) lane_.counters.handled.fetch_add(std::exchange(events, 0u), std::memory_order_relaxed);
  };
  {
    HandlerScope scope(&lane_.instance, this);
    for (unsigned taken = 0;;) {
      Item item;
      if (next(item)) {
        if (execute(std::move(item), scope)) ++events;
        if (++taken % kBatch == 0) {
          count();
          if (executor_.busy()) break;
        }
        continue;
      }
      count();
      if (taken >= kBurst && !executor_.busy() && linger()) continue;
      if (finish()) return;
    }
  }
  executor_.submit(*this);
}

bool BlockingQueue::has_room(std::size_t p) { return in_[p].size() < lane_.capacity; }

bool BlockingQueue::schedule() {
  if (held_ || runners_ >= lane_.concurrency) return false;
  ++runners_;
  return true;
}

void BlockingQueue::run() {
  for (unsigned handled = 0; handled < kBlockingBatch; ++handled) {
    Item item;
    std::shared_ptr<Instance> watched;
    bool done = false;
    {
      const std::lock_guard lock(mutex_);
      const std::uint8_t mask = mask_.load(std::memory_order_relaxed);
      if (mask == 0) {
        --runners_;
        done = true;
        watched = lane_.instance.if_watched();
      } else {
        const std::size_t p = first_priority(mask);
        item = in_[p].pop();
        if (in_[p].empty()) mask_.store(mask & static_cast<std::uint8_t>(~bit_of(p)), std::memory_order_relaxed);
      }
      if (waiters_.load(std::memory_order_relaxed) > 0) space_.notify_all();
    }
    if (done) {
      if (watched) watched->wake_waiters();
      return;
    }
    HandlerScope scope(&lane_.instance, this);
    if (execute(std::move(item), scope)) lane_.counters.handled.fetch_add(1, std::memory_order_relaxed);
  }
  executor_.submit(*this);
}

}  // namespace qiao::core::bus
