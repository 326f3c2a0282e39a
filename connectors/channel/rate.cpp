#include "connectors/channel/rate.hpp"

#include <algorithm>
#include <cmath>

namespace qiao::channel {

using std::chrono::milliseconds;

Rate::Rate(const Clock& clock, double per_second)
    : clock_(clock), per_second_(per_second), tokens_(std::max(1.0, per_second)), filled_(clock.steady()) {}

milliseconds Rate::take() {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.steady();
  if (now < held_until_) return std::chrono::ceil<milliseconds>(held_until_ - now);
  tokens_ = std::min(std::max(1.0, per_second_),
                     tokens_ + std::chrono::duration<double>(now - filled_).count() * per_second_);
  filled_ = now;
  // What is due in less than a thousandth of a message counts as there: time comes in whole steps.
  if (tokens_ > 0.999) {
    tokens_ = std::max(0.0, tokens_ - 1);
    return milliseconds(0);
  }
  return milliseconds(std::max(1L, std::lround(std::ceil((1 - tokens_) / per_second_ * 1000))));
}

void Rate::hold(milliseconds pause) {
  const std::lock_guard lock(mutex_);
  held_until_ = std::max(held_until_, clock_.steady() + pause);
}

}  // namespace qiao::channel
