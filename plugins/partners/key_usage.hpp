#pragma once

#include <array>
#include <atomic>
#include <map>
#include <string>

#include "qiao/time.hpp"

namespace qiao::partners {

/// Answers of one key since they were last written down, by status. Any thread; one relaxed add an answer.
class KeyUsage {
 public:
  void count(int status, Time now) noexcept;
  /// Takes what was counted; `put_back` when it could not be stored.
  std::map<int, std::int64_t> take();
  void put_back(const std::map<int, std::int64_t>& counts);
  /// When the key was last used in this run; 1970: not yet.
  [[nodiscard]] Time last_used() const { return from_micros(last_used_.load(std::memory_order_relaxed)); }

 private:
  /// 101 is a live connection; what is not listed counts as 500.
  static constexpr std::array<int, 10> kStatuses{101, 200, 304, 400, 401, 403, 404, 429, 503, 500};
  std::array<std::atomic<std::int64_t>, kStatuses.size()> counts_{};
  std::atomic<std::int64_t> last_used_{0};
};

/// "2026-11-22", of UTC.
std::string day_of(Time at);
/// Whether it is such a day.
bool is_day(const std::string& text);

}  // namespace qiao::partners
