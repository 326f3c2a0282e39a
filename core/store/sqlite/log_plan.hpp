#pragma once

#include <algorithm>

namespace qiao::core::sqlite {

/// Decides after each commit who copies the write-ahead log into the database; sizes in KiB. The checkpointer
/// keeps up beside the writer, but the log can only start over when all of it has been copied and nobody writes: that
/// is the writer's own turn, short because little is left to copy by then. Of the writer's thread.
class LogPlan {
 public:
  static constexpr int kRound = 8 * 1024;
  static constexpr int kShort = 400;
  static constexpr int kOwn = 24 * 1024;
  static constexpr int kForced = 48 * 1024;  ///< the promise is 64 MiB
  enum class Turn {
    nobody,
    checkpointer,
    writer,
    writer_waits,  ///< for those who read the log, a little
  };

  /// `size`: of the log after this commit. `busy`: the checkpointer is at it. `copied`: what its last round left
  /// copied.
  Turn next(int size, bool busy, int copied) noexcept {
    if (size < size_) {
      next_own_ = 0;
      started_over_ = true;
    }
    size_ = size;
    if (size < std::max(kRound, next_own_) || busy) return Turn::nobody;
    // What was copied before the log started over says nothing about this one.
    const int left = started_over_ ? size : size - copied;
    started_over_ = false;
    if (left > kShort && size < kOwn) return Turn::checkpointer;
    next_own_ = size + kRound;  // a reader may keep the log from starting over; that passes
    return size < kForced ? Turn::writer : Turn::writer_waits;
  }

 private:
  int size_ = 0;      // after the last commit: less now means that the log has started over
  int next_own_ = 0;  // size at which the writer's turn comes again
  bool started_over_ = false;
};

}  // namespace qiao::core::sqlite
