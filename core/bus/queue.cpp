#include "core/bus/queue.hpp"

#include "core/bus/instance.hpp"

namespace qiao::core::bus {
namespace {

constexpr std::uint64_t kSampleMask = 15;  // every 16th item is timed
constexpr std::size_t kKeptSlots = 256;    // of an idle ring
constexpr unsigned kBatch = 64;            // then other queues get the thread
constexpr unsigned kBlockingBatch = 8;
constexpr unsigned kBurst = 16;  // so many items in a row make it worth lingering for more

std::size_t index_of(Priority priority) noexcept { return static_cast<std::size_t>(priority) & 3; }
std::uint8_t bit_of(std::size_t priority) noexcept { return static_cast<std::uint8_t>(1u << priority); }
std::size_t first_of(std::uint8_t mask) noexcept { return static_cast<std::size_t>(__builtin_ctz(mask)); }

bool droppable(const Item::Raw& item) { return item.task == nullptr || item.task->droppable(); }

}  // namespace

Queue::Queue(LaneState& lane, Executor& executor, unsigned runners)
    : lane_(lane), executor_(executor), capacity_(lane.capacity), overflow_(lane.overflow), limit_(runners) {}

Queue::~Queue() {
  for (auto& ring : in_) {
    while (!ring.empty()) Item(ring.pop());
  }
}

bool Queue::has_room(std::size_t p) noexcept {
  if (pushed_[p] - popped_seen_[p] < capacity_) return true;
  popped_seen_[p] = popped_[p].load(std::memory_order_relaxed);
  return pushed_[p] - popped_seen_[p] < capacity_;
}

bool Queue::schedule() noexcept {
  if (held_ || runners_ >= limit_) return false;
  ++runners_;
  return true;
}

void Queue::store(Item& item, std::size_t p) {
  Raw raw = item.detach();
  if ((pushed_[p] & kSampleMask) == 0) raw.accepted = lane_.instance.precise_now();
  ++pushed_[p];
  in_[p].push(raw);
  const std::uint8_t mask = mask_.load(std::memory_order_relaxed);
  if ((mask & bit_of(p)) == 0) mask_.store(static_cast<std::uint8_t>(mask | bit_of(p)), std::memory_order_relaxed);
}

void Queue::mark_empty(std::size_t p) noexcept {
  mask_.store(mask_.load(std::memory_order_relaxed) & static_cast<std::uint8_t>(~bit_of(p)), std::memory_order_relaxed);
}

void Queue::count_popped(std::size_t p) noexcept {
  popped_[p].store(popped_[p].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
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
      if (overflow_ != Overflow::drop_oldest || oldest == in_[p].size()) return Push::full;
      pushed_out = Item(in_[p].take(oldest));
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
    const bool must_run = item.task() != nullptr && item.task()->must_run();
    if (closed_.load(std::memory_order_relaxed) && !must_run) return Push::closed;
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
  }
  space_.notify_all();
  release();
}

bool Queue::idle() const {
  const std::lock_guard lock(mutex_);
  return runners_ == 0 && !has_work();
}

void Queue::count(std::size_t (&queued)[4]) const {
  const std::lock_guard lock(mutex_);
  for (std::size_t p = 0; p < 4; ++p) {
    queued[p] += static_cast<std::size_t>(pushed_[p] - popped_[p].load(std::memory_order_relaxed));
  }
}

bool Queue::execute(Item&& item, HandlerScope& scope) {
  Task* task = item.task();
  if (closed_.load(std::memory_order_relaxed) && !(task != nullptr && task->must_run())) {
    lane_.instance.abandon(lane_, item, Error{Errc::unavailable, "bus.revoked", "the instance was stopped"});
    return false;
  }
  if (task != nullptr) {
    task->run(*this);
  } else {
    const Message& message = *item.message();
    scope.begin(message.type, message.headers.id, message.headers.trace, lane_.budget);
    handle_event(*item.target(), message);
  }
  if (item.accepted() != 0) {
    lane_.counters.latency.observe(static_cast<double>(lane_.instance.precise_now() - item.accepted()) / 1e9);
  }
  return task == nullptr;
}

SerialQueue::~SerialQueue() {
  for (auto& ring : out_) {
    while (!ring.empty()) Item(ring.pop());
  }
}

bool SerialQueue::next(Item& item) {
  const auto mask = static_cast<std::uint8_t>(mask_.load(std::memory_order_relaxed) | out_mask_);
  if (mask == 0) return false;
  const std::size_t p = first_of(mask);
  if ((out_mask_ & bit_of(p)) == 0) {
    const std::lock_guard lock(mutex_);
    if (in_[p].empty()) return false;
    if (overflow_ == Overflow::drop_oldest) {
      // The oldest must stay where a publisher can push it out, so nothing is swapped.
      item = Item(in_[p].pop());
      if (in_[p].empty()) mark_empty(p);
      count_popped(p);
      return true;
    }
    in_[p].swap(out_[p]);
    mark_empty(p);
    out_mask_ = static_cast<std::uint8_t>(out_mask_ | bit_of(p));
  }
  item = Item(out_[p].pop());
  if (out_[p].empty()) {
    out_mask_ &= static_cast<std::uint8_t>(~bit_of(p));
  } else if (const auto* following = reinterpret_cast<const char*>(out_[p][0].message)) {
    // The publisher's core wrote it last; fetching it takes as long as handling the one before.
    for (std::size_t line = 0; line < 256; line += 64) __builtin_prefetch(following + line);
  }
  count_popped(p);
  // Waiting publishers come back in crowds, when there is room for many; at the latest when the queue runs empty.
  if ((popped_[p].load(std::memory_order_relaxed) & 63) == 0 && waiters_.load(std::memory_order_relaxed) > 0) {
    std::unique_lock lock(mutex_);
    const bool room = pushed_[p] - popped_[p].load(std::memory_order_relaxed) <= capacity_ / 2;
    lock.unlock();
    if (room) space_.notify_all();
  }
  return true;
}

bool SerialQueue::finish() {
  // The instance may be destroyed as soon as this queue is seen idle; what tells its waiters keeps it alive.
  std::shared_ptr<Instance> watched;
  {
    const std::lock_guard lock(mutex_);
    if (has_work()) return false;
    if (waiters_.load(std::memory_order_relaxed) > 0) space_.notify_all();
    --runners_;
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

void BlockingQueue::run() {
  for (unsigned handled = 0; handled < kBlockingBatch; ++handled) {
    Item item;
    std::shared_ptr<Instance> watched;
    bool done = false;
    {
      const std::lock_guard lock(mutex_);
      const std::uint8_t mask = mask_.load(std::memory_order_relaxed);
      if (waiters_.load(std::memory_order_relaxed) > 0) space_.notify_all();
      if (mask == 0) {
        --runners_;
        done = true;
        watched = lane_.instance.if_watched();
      } else {
        const std::size_t p = first_of(mask);
        item = Item(in_[p].pop());
        if (in_[p].empty()) mark_empty(p);
        count_popped(p);
      }
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
