#include "plugins/llm/client/guard.hpp"

namespace qiao::llm {

bool Breaker::allow() {
  const std::lock_guard lock(mutex_);
  if (!open_) return true;
  if (clock_.steady() < closed_again_ || trying_) return false;
  trying_ = true;
  return true;
}

void Breaker::succeeded() {
  const std::lock_guard lock(mutex_);
  failures_.clear();
  open_ = false;
  trying_ = false;
}

void Breaker::failed() {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.steady();
  failures_.push_back(now);
  while (failures_.front() + config_.breaker_window < now) failures_.pop_front();
  if (!trying_ && static_cast<std::int32_t>(failures_.size()) < config_.breaker_failures) return;
  open_ = true;
  trying_ = false;
  closed_again_ = now + config_.breaker_pause;
}

bool Breaker::open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

std::int64_t Budget::today() const { return to_micros(clock_.now()) / 86'400'000'000; }

bool Budget::left() const {
  const std::lock_guard lock(mutex_);
  if (a_day_ == 0 || day_ != today()) return true;
  return used_ < a_day_;
}

std::int64_t Budget::use(std::int64_t tokens) {
  const std::lock_guard lock(mutex_);
  if (day_ != today()) used_ = 0;
  day_ = today();
  return used_ += tokens;
}

void Budget::resume(std::int64_t day, std::int64_t tokens) {
  const std::lock_guard lock(mutex_);
  day_ = day;
  used_ = tokens;
}

}  // namespace qiao::llm
