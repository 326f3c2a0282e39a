#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace qiao::core::bus {

/// A first-in-first-out queue of plain words in one growing block of memory.
template <class T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>, "what a ring holds is copied as it is");

 public:
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  T& operator[](std::size_t i) noexcept { return slots_[(head_ + i) & mask_]; }

  void push(const T& value) {
    if (size_ == capacity()) grow();
    slots_[(head_ + size_) & mask_] = value;
    ++size_;
  }
  T pop() noexcept {
    const T value = slots_[head_];
    head_ = (head_ + 1) & mask_;
    --size_;
    return value;
  }
  /// Takes the element at `i` out; those behind it move up.
  T take(std::size_t i) noexcept {
    const T value = (*this)[i];
    for (; i + 1 < size_; ++i) (*this)[i] = (*this)[i + 1];
    --size_;
    return value;
  }
  void swap(Ring& other) noexcept {
    slots_.swap(other.slots_);
    std::swap(mask_, other.mask_);
    std::swap(head_, other.head_);
    std::swap(size_, other.size_);
  }
  /// Gives back the memory that a burst left, when nothing is queued.
  void trim(std::size_t keep) noexcept {
    if (size_ == 0 && capacity() > keep) {
      slots_.reset();
      mask_ = head_ = 0;
    }
  }

 private:
  [[nodiscard]] std::size_t capacity() const noexcept { return slots_ ? mask_ + 1 : 0; }
  void grow() {
    const std::size_t larger = slots_ ? 2 * capacity() : 8;
    auto slots = std::make_unique<T[]>(larger);
    for (std::size_t i = 0; i < size_; ++i) slots[i] = (*this)[i];
    slots_ = std::move(slots);
    mask_ = larger - 1;
    head_ = 0;
  }

  std::unique_ptr<T[]> slots_;
  std::size_t mask_ = 0;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace qiao::core::bus
