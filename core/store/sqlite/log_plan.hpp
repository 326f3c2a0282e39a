#pragma once

#include <algorithm>

namespace qiao::core::sqlite {

/// Decides after each commit who copies the write-ahead log into the database, in pages of 4 KiB. The checkpointer
/// keeps up beside the writer, but the log can only start over when all of it has been copied and nobody writes: that
/// is the writer's own turn, short because little is left to copy by then. Of the writer's thread.
class LogPlan {
 public:
  static constexpr int kRoundPages = 1000;
  static constexpr int kShortPages = 100;
  static constexpr int kOwnPages = 4096;
  static constexpr int kForcedPages = 12288;  ///< 48 MiB: the promise is 64
  enum class Turn {
    nobody,
    checkpointer,
    writer,
    writer_waits,  ///< for those who read the log, a little
  };

  /// `pages`: in the log after this commit. `busy`: the checkpointer is at it. `copied`: pages that its last round left
  /// copied.
  Turn next(int pages, bool busy, int copied) noexcept {
    if (pages < pages_) {
      next_own_ = 0;
      started_over_ = true;
    }
    pages_ = pages;
    if (pages < std::max(kRoundPages, next_own_) || busy) return Turn::nobody;
    // What was copied before the log started over says nothing about this one.
    const int left = started_over_ ? pages : pages - copied;
    started_over_ = false;
    if (left > kShortPages && pages < kOwnPages) return Turn::checkpointer;
    next_own_ = pages + kRoundPages;  // a reader may keep the log from starting over; that passes
    return pages < kForcedPages ? Turn::writer : Turn::writer_waits;
  }

 private:
  int pages_ = 0;     // after the last commit: less now means that the log has started over
  int next_own_ = 0;  // pages at which the writer's turn comes again
  bool started_over_ = false;
};

}  // namespace qiao::core::sqlite
