#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace qiao::inbox {

/// The keys under which the latest messages of a customer were stored, as hashes: whether a message may be there
/// already. A hit is looked up in the database, so two keys of one hash do no harm; what is not here is new. Holds the
/// last 4,096, which is months of talking; a platform repeats within minutes.
class KeyWindow {
 public:
  static constexpr std::size_t kMost = 4096;

  [[nodiscard]] bool may_have(std::string_view key) const {
    const std::uint64_t h = hash(key);
    if (!filter_.empty() && (!marked(h) || !marked(h >> 32))) return false;
    return std::find(hashes_.begin(), hashes_.end(), h) != hashes_.end();
  }
  void add(std::string_view key) {
    const std::uint64_t h = hash(key);
    if (hashes_.size() < kMost) {
      hashes_.push_back(h);
    } else {
      hashes_[oldest_] = h;
      oldest_ = (oldest_ + 1) % kMost;
    }
    // Marks of what was forgotten gather; made anew now and then, most new keys are still told by two looks.
    const bool crowded = !filter_.empty() && ++marks_ > 2 * kMost;
    if (crowded || (filter_.empty() && hashes_.size() > kScanned)) {
      filter_.assign(kBits / 64, 0);
      marks_ = hashes_.size();
      for (const std::uint64_t each : hashes_) mark(each);
    } else if (!filter_.empty()) {
      mark(h);
    }
  }
  [[nodiscard]] std::size_t size() const noexcept { return hashes_.size(); }

 private:
  static constexpr std::size_t kScanned = 64;  ///< so few are looked through as fast as anything else
  static constexpr std::size_t kBits = 65536;
  [[nodiscard]] bool marked(std::uint64_t h) const { return (filter_[h % kBits / 64] >> (h % 64) & 1) != 0; }
  void mark(std::uint64_t h) {
    for (const std::uint64_t bit : {h, h >> 32}) filter_[bit % kBits / 64] |= std::uint64_t{1} << (bit % 64);
  }
  static std::uint64_t hash(std::string_view key) noexcept {
    std::uint64_t h = 0xcbf29ce484222325ull;
    for (const char c : key) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
    return h;
  }
  std::vector<std::uint64_t> hashes_;
  std::size_t oldest_ = 0;
  std::vector<std::uint64_t> filter_;  // bits of what may be in hashes_; empty while those are few
  std::size_t marks_ = 0;
};

}  // namespace qiao::inbox
