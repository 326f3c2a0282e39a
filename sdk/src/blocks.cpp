#include <array>
#include <cstddef>
#include <mutex>
#include <new>
#include <vector>

#include "qiao/message.hpp"

// Messages are made on one thread and released on another, all day long. The general allocator then takes its slow,
// locked paths on both sides. Here each thread keeps two magazines of blocks for each size; a full one goes to a shared
// depot and an empty thread takes it from there, so that a lock is taken once for kMagazine messages.

namespace qiao::detail {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

// The sanitizers shall see every message come and go.
void* allocate_block(std::size_t size) { return ::operator new(size); }
void free_block(void* block, std::size_t size) noexcept { ::operator delete(block, size); }

#else

namespace {

constexpr std::size_t kUnit = 64;
constexpr std::size_t kClasses = 16;  // up to 1024 bytes
constexpr unsigned kMagazine = 32;
constexpr std::size_t kDepot = 64;  // full magazines of a size; what is more goes back to the heap

struct Block {
  Block* next;
};

struct Magazine {
  Block* head = nullptr;
  unsigned count = 0;
};

class Depot {
 public:
  bool take(std::size_t c, Magazine& out) {
    const std::lock_guard lock(mutex_);
    if (full_[c].empty()) return false;
    out = {full_[c].back(), kMagazine};
    full_[c].pop_back();
    return true;
  }
  bool give(std::size_t c, const Magazine& magazine) {
    const std::lock_guard lock(mutex_);
    if (full_[c].size() >= kDepot) return false;
    full_[c].push_back(magazine.head);
    return true;
  }

 private:
  std::mutex mutex_;
  std::array<std::vector<Block*>, kClasses> full_;
};

Depot& depot() {
  // Never destroyed: threads may release messages while statics are taken down.
  static Depot& depot = *new Depot;
  return depot;
}

struct Cache {
  std::array<Magazine, kClasses> active;
  std::array<Magazine, kClasses> spare;
  bool registered = false;
  bool closed = false;  // the thread is ending
};
constinit thread_local Cache cache;

void empty(Magazine& magazine, std::size_t c) noexcept {
  while (magazine.head != nullptr) {
    Block* block = magazine.head;
    magazine.head = block->next;
    ::operator delete(block, (c + 1) * kUnit);
  }
  magazine.count = 0;
}

struct Closer {
  ~Closer() {
    cache.closed = true;
    for (std::size_t c = 0; c < kClasses; ++c) {
      empty(cache.active[c], c);
      empty(cache.spare[c], c);
    }
  }
};

/// Room for at least one more block in the active magazine; false: the thread keeps none.
bool make_room(Cache& mine, std::size_t c) noexcept {
  if (mine.closed) return false;
  if (!mine.registered) {
    thread_local Closer closer;
    mine.registered = true;
  }
  if (mine.active[c].count < kMagazine) return true;
  if (mine.spare[c].count == kMagazine && !depot().give(c, mine.spare[c])) empty(mine.spare[c], c);
  mine.spare[c] = mine.active[c];
  mine.active[c] = {};
  return true;
}

bool refill(Cache& mine, std::size_t c) {
  if (mine.closed) return false;
  if (mine.spare[c].count > 0) {
    std::swap(mine.active[c], mine.spare[c]);
    return true;
  }
  return mine.registered && depot().take(c, mine.active[c]);
}

}  // namespace

void* allocate_block(std::size_t size) {
  const std::size_t c = (size - 1) / kUnit;
  if (c >= kClasses) return ::operator new(size);
  Cache& mine = cache;
  Magazine& active = mine.active[c];
  if (active.count == 0 && !refill(mine, c)) {
    if (!mine.registered) make_room(mine, c);
    return ::operator new((c + 1) * kUnit);
  }
  Block* block = active.head;
  active.head = block->next;
  --active.count;
  return block;
}

void free_block(void* memory, std::size_t size) noexcept {
  const std::size_t c = (size - 1) / kUnit;
  if (c >= kClasses) return ::operator delete(memory, size);
  Cache& mine = cache;
  Magazine& active = mine.active[c];
  if ((active.count == kMagazine || !mine.registered) && !make_room(mine, c)) {
    return ::operator delete(memory, (c + 1) * kUnit);
  }
  auto* block = static_cast<Block*>(memory);
  block->next = active.head;
  active.head = block;
  ++active.count;
}

#endif

}  // namespace qiao::detail
