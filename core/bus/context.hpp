#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/bus/thread_role.hpp"
#include "core/observe/trace.hpp"
#include "qiao/message.hpp"
#include "qiao/time.hpp"

namespace qiao::core::bus {

class Instance;
class Queue;

/// What other threads may see of a thread: whether it reads the topic table, and which handler it runs. Slots are never
/// freed, only handed on, so that a look at all of them needs no lock.
struct alignas(64) Slot {
  std::atomic<std::uint64_t> epoch{0};  ///< 0: not reading
  std::atomic<const Instance*> instance{nullptr};
  std::atomic<const MessageType*> type{nullptr};
  std::atomic<std::int64_t> message{0};
  std::atomic<std::uint64_t> handler{0};  ///< counts this thread's handlers; tells one from the next
  std::atomic<std::int64_t> budget{0};    ///< milliseconds
  std::atomic<bool> used{true};
  Slot* next = nullptr;
};

/// What the bus knows about the calling thread.
struct ThreadContext {
  ThreadRole role = ThreadRole::application;
  bool direct = false;         ///< inside a direct handler: must not wait
  unsigned reading = 0;        ///< nesting of ReadSection
  std::uint64_t handlers = 0;  ///< begun on this thread
  Slot* slot = nullptr;
  Queue* queue = nullptr;        ///< whose item runs
  Instance* instance = nullptr;  ///< whose handler runs
};

namespace detail {
extern constinit thread_local ThreadContext thread_context;
void claim_slot(ThreadContext& context);
extern std::atomic<std::uint64_t> epoch;
}  // namespace detail

inline ThreadContext& context() noexcept { return detail::thread_context; }

inline Slot& slot_of(ThreadContext& context) {
  if (context.slot == nullptr) detail::claim_slot(context);
  return *context.slot;
}

/// While one exists, what the thread reads from the topic table stays alive. Costs one exchange on a line of its own.
class ReadSection {
 public:
  explicit ReadSection(ThreadContext& context) : context_(context) {
    // The exchange and the table's load that follows are one side of a handshake: either `synchronize` sees this slot
    // busy, or this thread sees the table that was stored before it looked.
    if (context_.reading++ == 0) {
      slot_of(context_).epoch.exchange(detail::epoch.load(std::memory_order_relaxed), std::memory_order_seq_cst);
    }
  }
  ~ReadSection() {
    if (--context_.reading == 0) context_.slot->epoch.store(0, std::memory_order_release);
  }
  ReadSection(const ReadSection&) = delete;
  ReadSection& operator=(const ReadSection&) = delete;

 private:
  ThreadContext& context_;
};

/// Waits until every ReadSection that began before the call has ended. False: not before `deadline`. Must not be called
/// inside a ReadSection.
bool synchronize(SteadyTime deadline);

/// The list of all slots; follow `next`.
const Slot* first_slot() noexcept;

/// Marks the thread as running handlers of `instance` from `queue` (null: directly on the publisher's thread), for
/// requests made meanwhile, the watchdog and the trace. Nests; the end brings back what was before.
class HandlerScope {
 public:
  HandlerScope(Instance* instance, Queue* queue)
      : context_(context()),
        slot_(slot_of(context_)),
        queue_before_(context_.queue),
        instance_before_(context_.instance),
        direct_before_(context_.direct),
        type_before_(slot_.type.load(std::memory_order_relaxed)),
        message_before_(slot_.message.load(std::memory_order_relaxed)),
        handler_before_(slot_.handler.load(std::memory_order_relaxed)),
        budget_before_(slot_.budget.load(std::memory_order_relaxed)),
        trace_({}) {
    context_.queue = queue;
    context_.direct = queue == nullptr;
    move_to(instance);
  }
  HandlerScope(Instance* instance, Queue* queue, const MessageType* type, Id message, Id trace, std::int64_t budget)
      : HandlerScope(instance, queue) {
    begin(type, message, trace, budget);
  }
  ~HandlerScope() {
    context_.queue = queue_before_;
    context_.direct = direct_before_;
    note(type_before_, message_before_, handler_before_, budget_before_);
    move_to(instance_before_);
  }
  HandlerScope(const HandlerScope&) = delete;
  HandlerScope& operator=(const HandlerScope&) = delete;

  /// The next handler starts.
  void begin(const MessageType* type, Id message, Id trace, std::int64_t budget) {
    core::detail::current_trace = {trace, message};
    note(type, message.value, ++context_.handlers, budget);
  }
  /// The next handler belongs to `instance` and may take `budget`, else it is as the one before.
  void switch_to(Instance* instance, std::int64_t budget) {
    slot_.handler.store(++context_.handlers, std::memory_order_relaxed);
    slot_.budget.store(budget, std::memory_order_relaxed);
    move_to(instance);
  }

 private:
  void move_to(Instance* instance) {
    context_.instance = instance;
    slot_.instance.store(instance, std::memory_order_release);
  }
  void note(const MessageType* type, std::int64_t message, std::uint64_t handler, std::int64_t budget) {
    slot_.handler.store(handler, std::memory_order_relaxed);
    slot_.type.store(type, std::memory_order_relaxed);
    slot_.message.store(message, std::memory_order_relaxed);
    slot_.budget.store(budget, std::memory_order_relaxed);
  }

  ThreadContext& context_;
  Slot& slot_;
  Queue* queue_before_;
  Instance* instance_before_;
  bool direct_before_;
  const MessageType* type_before_;
  std::int64_t message_before_;
  std::uint64_t handler_before_;
  std::int64_t budget_before_;
  TraceScope trace_;  // restores the trace
};

}  // namespace qiao::core::bus
