#pragma once

#include <atomic>

namespace qiao::core {

/// A disk that misbehaves on request: a file layer for SQLite, named "qiao-fault", over the system's own.
struct FaultVfs {
  /// What writes and syncs answer from now on; 0 is the truth. Codes are SQLite's.
  static inline std::atomic<int> write_code{0};
  static inline std::atomic<int> sync_code{0};
  static void install();
  static void heal() {
    write_code = 0;
    sync_code = 0;
  }
};

}  // namespace qiao::core
