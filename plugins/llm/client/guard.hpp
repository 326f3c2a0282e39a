#pragma once

#include <deque>
#include <mutex>

#include "plugins/llm/config.hpp"
#include "qiao/time.hpp"

namespace qiao::llm {

/// Leaves a server alone that has failed too often: after `breaker_failures` within `breaker_window` nothing is asked
/// for `breaker_pause`; then one question tries, and its outcome decides. Any thread.
class Breaker {
 public:
  Breaker(const LlmConfig& config, const Clock& clock) : config_(config), clock_(clock) {}
  /// Whether to ask now. True must be followed by `succeeded` or `failed`.
  [[nodiscard]] bool allow();
  void succeeded();
  void failed();
  [[nodiscard]] bool open() const;

 private:
  const LlmConfig& config_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::deque<SteadyTime> failures_;
  SteadyTime closed_again_{};
  bool open_ = false;
  bool trying_ = false;
};

/// Tokens of the present day in UTC. Any thread.
class Budget {
 public:
  Budget(std::int64_t a_day, const Clock& clock) : a_day_(a_day), clock_(clock) {}
  [[nodiscard]] bool left() const;
  /// What was used in all today, after it.
  std::int64_t use(std::int64_t tokens);
  /// What was used before a restart.
  void resume(std::int64_t day, std::int64_t tokens);
  [[nodiscard]] std::int64_t today() const;

 private:
  const std::int64_t a_day_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::int64_t day_ = 0;
  mutable std::int64_t used_ = 0;
};

}  // namespace qiao::llm
