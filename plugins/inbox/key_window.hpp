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
    return std::find(hashes_.begin(), hashes_.end(), hash(key)) != hashes_.end();
  }
  void add(std::string_view key) {
    if (hashes_.size() < kMost) {
      hashes_.push_back(hash(key));
      return;
    }
    hashes_[oldest_] = hash(key);
    oldest_ = (oldest_ + 1) % kMost;
  }
  [[nodiscard]] std::size_t size() const noexcept { return hashes_.size(); }

 private:
  static std::uint64_t hash(std::string_view key) noexcept {
    std::uint64_t h = 0xcbf29ce484222325ull;
    for (const char c : key) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
    return h;
  }
  std::vector<std::uint64_t> hashes_;
  std::size_t oldest_ = 0;
};

}  // namespace qiao::inbox
