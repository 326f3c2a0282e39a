#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace qiao::core {

/// Coarse deadlines for many connections: one list a slot, no allocation. One thread.
///
/// Moving a deadline later costs nothing: the owner keeps its true deadline and asks again when the entry fires early.
class TimerWheel {
 public:
  struct Entry {
    Entry* prev = nullptr;
    Entry* next = nullptr;
    std::uint64_t due = 0;  ///< tick
    [[nodiscard]] bool linked() const noexcept { return next != nullptr; }
  };

  TimerWheel() {
    for (Entry& head : slots_) head.prev = head.next = &head;
  }
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// Fires at `tick`, at the earliest at the next one.
  void schedule(Entry& entry, std::uint64_t tick) noexcept {
    cancel(entry);
    entry.due = tick > now_ ? tick : now_ + 1;
    insert(slots_[entry.due % kSlots], entry);
  }

  static void cancel(Entry& entry) noexcept {
    if (!entry.linked()) return;
    entry.prev->next = entry.next;
    entry.next->prev = entry.prev;
    entry.prev = entry.next = nullptr;
  }

  /// Calls `fire(Entry&)` for everything due up to `tick`; the entry is unlinked by then and may be scheduled again.
  template <class F>
  void advance(std::uint64_t tick, F fire) {
    if (tick > now_ + kSlots) now_ = tick - kSlots;  // one turn visits every slot
    while (now_ < tick) {
      ++now_;
      Entry due;
      due.prev = due.next = &due;
      Entry& head = slots_[now_ % kSlots];
      for (Entry* e = head.next; e != &head;) {
        Entry* const next = e->next;
        if (e->due <= now_) {
          cancel(*e);
          insert(due, *e);
        }
        e = next;
      }
      while (due.next != &due) {
        Entry& e = *due.next;
        cancel(e);
        fire(e);
      }
    }
  }

  [[nodiscard]] std::uint64_t now() const noexcept { return now_; }

 private:
  static constexpr std::size_t kSlots = 512;
  static void insert(Entry& head, Entry& entry) noexcept {
    entry.prev = head.prev;
    entry.next = &head;
    head.prev->next = &entry;
    head.prev = &entry;
  }
  std::array<Entry, kSlots> slots_;
  std::uint64_t now_ = 0;
};

}  // namespace qiao::core
