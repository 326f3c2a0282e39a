#include "plugins/partners/key_usage.hpp"

namespace qiao::partners {

void KeyUsage::count(int status, Time now) noexcept {
  std::size_t at = 0;
  while (at + 1 < kStatuses.size() && kStatuses[at] != status) ++at;
  counts_[at].fetch_add(1, std::memory_order_relaxed);
  last_used_.store(to_micros(now), std::memory_order_relaxed);
}

std::map<int, std::int64_t> KeyUsage::take() {
  std::map<int, std::int64_t> taken;
  for (std::size_t i = 0; i < kStatuses.size(); ++i) {
    if (const std::int64_t n = counts_[i].exchange(0, std::memory_order_relaxed); n > 0) taken[kStatuses[i]] = n;
  }
  return taken;
}

void KeyUsage::put_back(const std::map<int, std::int64_t>& counts) {
  for (std::size_t i = 0; i < kStatuses.size(); ++i) {
    if (const auto found = counts.find(kStatuses[i]); found != counts.end())
      counts_[i].fetch_add(found->second, std::memory_order_relaxed);
  }
}

std::string day_of(Time at) { return to_iso8601(at).substr(0, 10); }

bool is_day(const std::string& text) { return text.size() == 10 && from_iso8601(text + "T00:00:00Z").ok(); }

}  // namespace qiao::partners
