#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace qiao::core::bus {

/// A first-in-first-out queue in one growing block of memory.
template <class T>
class Ring {
 public:
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  T& operator[](std::size_t i) noexcept { return slots_[(head_ + i) & (slots_.size() - 1)]; }

  void push(T value) {
    if (size_ == slots_.size()) grow();
    slots_[(head_ + size_) & (slots_.size() - 1)] = std::move(value);
    ++size_;
  }
  /// What was moved from stays in its slot until it is written again, so T's moved-from state should own nothing.
  T pop() {
    T value = std::move(slots_[head_]);
    head_ = (head_ + 1) & (slots_.size() - 1);
    --size_;
    return value;
  }
  /// Takes the element at `i` out; those behind it move up.
  T take(std::size_t i) {
    T value = std::move((*this)[i]);
    for (; i + 1 < size_; ++i) (*this)[i] = std::move((*this)[i + 1]);
    --size_;
    return value;
  }
  void swap(Ring& other) noexcept {
    slots_.swap(other.slots_);
    std::swap(head_, other.head_);
    std::swap(size_, other.size_);
  }
  /// Gives back the memory that a burst left, when nothing is queued.
  void trim(std::size_t keep) {
    if (size_ == 0 && slots_.size() > keep) {
      std::vector<T>().swap(slots_);
      head_ = 0;
    }
  }

 private:
  void grow() {
    std::vector<T> larger(slots_.empty() ? 8 : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    slots_.swap(larger);
    head_ = 0;
  }

  std::vector<T> slots_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace qiao::core::bus
