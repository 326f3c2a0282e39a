#pragma once

#include <cstdint>

namespace qiao::core {

/// What a thread is for; decides whether it may wait for an answer or for space in a queue.
enum class ThreadRole : std::uint8_t {
  application,  ///< started by the program itself: main, controller, tests; may wait
  worker,       ///< runs serial and partitioned lanes; must not wait
  blocking,     ///< of the pool for work that waits
  io,           ///< serves sockets or writes for many; must not wait
};

[[nodiscard]] ThreadRole thread_role() noexcept;
/// Marks the calling thread for the rest of its life. Listeners and writers call it with `io` when they start.
void set_thread_role(ThreadRole role) noexcept;

/// Names the calling thread for debuggers and `top` (15 characters at most).
void name_thread(const char* name) noexcept;

}  // namespace qiao::core
