#pragma once

#include <memory>

namespace qiao::core {

/// Wakes a thread that waits for work.
class Bell {
 public:
  virtual ~Bell() = default;
  virtual void ring() noexcept = 0;
};

/// Rings at once, or at the end of the calling thread's round. Who is woken then finds all that the round made, instead
/// of its first piece: one wake-up and one commit instead of two.
void ring_soon(const std::shared_ptr<Bell>& bell);

/// Rings what the calling thread has put off; before it waits for somebody.
void ring_now() noexcept;

/// A stretch of work after which the thread rings what it has put off. Rounds do not nest.
class Round {
 public:
  Round() noexcept;
  ~Round();
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;
};

}  // namespace qiao::core
