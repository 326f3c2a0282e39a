#pragma once

#include <atomic>
#include <thread>

namespace qiao::core::bus {

inline void pause_briefly() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// True when another thread can run while this one looks for work.
bool several_cpus() noexcept;

/// A lock for sections of some dozen instructions, where a sleep and a wake-up would cost a hundred times what is
/// guarded. It looks for a moment and then lets others run; nobody waits in the kernel, so releasing it is one store.
class ShortMutex {
 public:
  void lock() noexcept {
    while (locked_.exchange(true, std::memory_order_acquire)) {
      int tries = 0;
      while (locked_.load(std::memory_order_relaxed)) {
        if (++tries < kTries) {
          pause_briefly();
        } else {
          std::this_thread::yield();
          tries = 0;
        }
      }
    }
  }
  void unlock() noexcept { locked_.store(false, std::memory_order_release); }

 private:
  static constexpr int kTries = 60;
  std::atomic<bool> locked_{false};
};

}  // namespace qiao::core::bus
