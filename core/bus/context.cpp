#include "core/bus/context.hpp"

#include <thread>

namespace qiao::core::bus {
namespace {

std::atomic<Slot*> slots{nullptr};

/// Gives the slot back when its thread ends.
struct SlotReturner {
  Slot* slot = nullptr;
  ~SlotReturner() {
    if (slot == nullptr) return;
    // Destructors of other thread-locals may still publish; they then claim a slot that stays theirs.
    detail::thread_context.slot = nullptr;
    slot->used.store(false, std::memory_order_release);
  }
};

}  // namespace

namespace detail {

constinit thread_local ThreadContext thread_context;
std::atomic<std::uint64_t> epoch{1};

void claim_slot(ThreadContext& context) {
  thread_local SlotReturner returner;
  for (Slot* slot = slots.load(std::memory_order_acquire); slot != nullptr; slot = slot->next) {
    bool expected = false;
    if (!slot->used.load(std::memory_order_relaxed) && slot->used.compare_exchange_strong(expected, true)) {
      context.slot = returner.slot = slot;
      return;
    }
  }
  auto* slot = new Slot;
  slot->next = slots.load(std::memory_order_relaxed);
  while (!slots.compare_exchange_weak(slot->next, slot, std::memory_order_release, std::memory_order_relaxed)) {
  }
  context.slot = returner.slot = slot;
}

}  // namespace detail

const Slot* first_slot() noexcept { return slots.load(std::memory_order_acquire); }

bool synchronize(SteadyTime deadline) {
  const std::uint64_t target = detail::epoch.fetch_add(1, std::memory_order_seq_cst) + 1;
  for (const Slot* slot = first_slot(); slot != nullptr; slot = slot->next) {
    for (unsigned tries = 0;; ++tries) {
      const std::uint64_t seen = slot->epoch.load(std::memory_order_seq_cst);
      if (seen == 0 || seen >= target) break;
      if (tries < 100) {
        std::this_thread::yield();
      } else {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    }
  }
  return true;
}

}  // namespace qiao::core::bus
