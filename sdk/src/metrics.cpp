#include "qiao/metrics.hpp"

namespace qiao {

void Histogram::observe(double seconds) noexcept {
  std::size_t i = 0;
  while (i + 1 < kBuckets && seconds > kBounds[i]) ++i;
  buckets_[i].fetch_add(1, std::memory_order_relaxed);
  micros_.fetch_add(static_cast<std::uint64_t>(seconds * 1e6), std::memory_order_relaxed);
}

}  // namespace qiao
