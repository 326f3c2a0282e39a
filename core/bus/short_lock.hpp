#pragma once

#include <mutex>

namespace qiao::core::bus {

inline void pause_briefly() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

/// True when another thread can run while this one looks for work.
bool several_cpus() noexcept;

/// A mutex for sections of some dozen instructions: going to sleep for one, and being woken, would cost a hundred times
/// what it guards, so it tries for a moment first.
class ShortMutex {
 public:
  void lock() {
    for (int i = 0; i < kTries; ++i) {
      if (mutex_.try_lock()) return;
      pause_briefly();
    }
    mutex_.lock();
  }
  bool try_lock() { return mutex_.try_lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  static constexpr int kTries = 60;
  std::mutex mutex_;
};

}  // namespace qiao::core::bus
