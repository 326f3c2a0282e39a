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
constexpr std::size_t kMagazine = 32;
constexpr std::size_t kDepot = 128;  // full magazines of a size; what is more goes back to the heap

/// Addresses, not a list through the blocks: taking one must not wait for memory that another core wrote last.
struct Magazine {
  std::array<void*, kMagazine> blocks;
  std::size_t count = 0;
};

void empty(Magazine& magazine, std::size_t c) noexcept {
  while (magazine.count > 0) ::operator delete(magazine.blocks[--magazine.count], (c + 1) * kUnit);
}

class Depot {
 public:
  /// Trades an empty magazine for a full one.
  bool take(std::size_t c, Magazine*& magazine) {
    const std::lock_guard lock(mutex_);
    if (full_[c].empty()) return false;
    spare_.push_back(magazine);
    magazine = full_[c].back();
    full_[c].pop_back();
    return true;
  }
  /// Trades a full magazine for an empty one.
  void give(std::size_t c, Magazine*& magazine) {
    const std::lock_guard lock(mutex_);
    if (full_[c].size() >= kDepot) return empty(*magazine, c);
    full_[c].push_back(magazine);
    magazine = fresh();
  }
  Magazine* make() {
    const std::lock_guard lock(mutex_);
    return fresh();
  }
  void put_back(Magazine* magazine) {
    const std::lock_guard lock(mutex_);
    spare_.push_back(magazine);
  }

 private:
  Magazine* fresh() {
    if (spare_.empty()) return new Magazine;
    Magazine* magazine = spare_.back();
    spare_.pop_back();
    return magazine;
  }

  std::mutex mutex_;
  std::array<std::vector<Magazine*>, kClasses> full_;
  std::vector<Magazine*> spare_;  // empty ones
};

Depot& depot() {
  // Never destroyed: threads may release messages while statics are taken down.
  static Depot& depot = *new Depot;
  return depot;
}

/// What a thread keeps of one size. Null until it is first used, and again when the thread ends.
struct Shelf {
  Magazine* active = nullptr;
  Magazine* spare = nullptr;
};

struct Cache {
  std::array<Shelf, kClasses> shelves;
  bool closed = false;  // the thread is ending
};
// The library is loaded with the program, so the quick way to reach it is there.
[[gnu::tls_model("initial-exec")]] constinit thread_local Cache cache;

struct Closer {
  ~Closer() {
    cache.closed = true;
    for (std::size_t c = 0; c < kClasses; ++c) {
      Shelf& shelf = cache.shelves[c];
      if (shelf.active == nullptr) continue;
      empty(*shelf.active, c);
      empty(*shelf.spare, c);
      depot().put_back(shelf.active);
      depot().put_back(shelf.spare);
      shelf = {};
    }
  }
};

bool set_up(Shelf& shelf) {
  if (cache.closed) return false;
  thread_local Closer closer;
  shelf.spare = depot().make();
  shelf.active = depot().make();
  return true;
}

/// Another core wrote the block last. Asking for it two messages ahead hides the wait.
void fetch_for_writing(void* block) noexcept {
  const char* line = static_cast<const char*>(block);
  __builtin_prefetch(line, 1);
  __builtin_prefetch(line + kUnit, 1);
  __builtin_prefetch(line + 2 * kUnit, 1);
}

/// A block in the active magazine; false: there is none to be had.
bool refill(Shelf& shelf, std::size_t c) {
  if (shelf.active == nullptr) return set_up(shelf) && depot().take(c, shelf.active);
  if (shelf.spare->count > 0) {
    std::swap(shelf.active, shelf.spare);
    return true;
  }
  return depot().take(c, shelf.active);
}

/// Room in the active magazine; false: this thread keeps nothing any more.
bool make_room(Shelf& shelf, std::size_t c) {
  if (shelf.active == nullptr) return set_up(shelf);
  if (shelf.spare->count == kMagazine) depot().give(c, shelf.spare);
  std::swap(shelf.active, shelf.spare);
  return true;
}

}  // namespace

void* allocate_block(std::size_t size) {
  const std::size_t c = (size - 1) / kUnit;
  if (c >= kClasses) return ::operator new(size);
  Shelf& shelf = cache.shelves[c];
  if ((shelf.active == nullptr || shelf.active->count == 0) && !refill(shelf, c)) {
    return ::operator new((c + 1) * kUnit);
  }
  Magazine& magazine = *shelf.active;
  void* block = magazine.blocks[--magazine.count];
  if (magazine.count > 1) fetch_for_writing(magazine.blocks[magazine.count - 2]);
  return block;
}

void free_block(void* block, std::size_t size) noexcept {
  const std::size_t c = (size - 1) / kUnit;
  if (c >= kClasses) return ::operator delete(block, size);
  Shelf& shelf = cache.shelves[c];
  if ((shelf.active == nullptr || shelf.active->count == kMagazine) && !make_room(shelf, c)) {
    return ::operator delete(block, (c + 1) * kUnit);
  }
  shelf.active->blocks[shelf.active->count++] = block;
}

#endif

}  // namespace qiao::detail
