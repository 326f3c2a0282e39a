#include "core/bus/wakeups.hpp"

#include <algorithm>
#include <vector>

namespace qiao::core {
namespace {

thread_local bool in_round = false;
thread_local std::vector<std::shared_ptr<Bell>> put_off;

}  // namespace

void ring_soon(const std::shared_ptr<Bell>& bell) {
  if (!in_round) return bell->ring();
  if (std::find(put_off.begin(), put_off.end(), bell) == put_off.end()) put_off.push_back(bell);
}

void ring_now() noexcept {
  for (const auto& bell : put_off) bell->ring();
  put_off.clear();
}

Round::Round() noexcept { in_round = true; }

Round::~Round() {
  in_round = false;
  ring_now();
}

}  // namespace qiao::core
