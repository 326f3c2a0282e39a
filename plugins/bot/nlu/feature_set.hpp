#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "plugins/bot/nlu/features.hpp"

namespace qiao::bot {

/// The features that were seen in training, numbered without gaps in their order: what is kept about each takes no room
/// for the many that were not. Immutable; any thread.
class FeatureSet {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  FeatureSet() = default;
  /// `times`: how often each of the kFeatureSpace features was seen.
  explicit FeatureSet(std::span<const std::uint32_t> times) : words_(kFeatureSpace / 64) {
    for (std::size_t w = 0; w < words_.size(); ++w) {
      words_[w].before = count_;
      for (std::size_t bit = 0; bit < 64; ++bit) {
        if (times[w * 64 + bit] > 0) words_[w].bits |= std::uint64_t{1} << bit;
      }
      count_ += static_cast<std::uint32_t>(std::popcount(words_[w].bits));
    }
  }

  [[nodiscard]] std::uint32_t number(std::uint32_t feature) const noexcept {
    const Word& word = words_[feature / 64];
    const std::uint64_t bit = std::uint64_t{1} << (feature % 64);
    if ((word.bits & bit) == 0) return kNone;
    return word.before + static_cast<std::uint32_t>(std::popcount(word.bits & (bit - 1)));
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return words_.size() * sizeof(Word); }

 private:
  struct Word {
    std::uint64_t bits = 0;
    std::uint32_t before = 0;  ///< features in the words before
  };
  std::vector<Word> words_;
  std::uint32_t count_ = 0;
};

}  // namespace qiao::bot
