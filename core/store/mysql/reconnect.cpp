#include "core/store/mysql/reconnect.hpp"

#include <algorithm>
#include <random>

namespace qiao::core::mysql {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kFirstWait = 50ms;
constexpr std::chrono::milliseconds kLongestWait = 1s;

std::chrono::milliseconds spread(std::chrono::milliseconds wait) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return wait + std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, wait.count() / 4)(random));
}

}  // namespace

Result<void> Reconnecting::ensure() {
  if (connection_) return {};
  const auto now = std::chrono::steady_clock::now();
  if (last_failure_ && now < next_attempt_) {
    troubles_.add(Trouble::io, *last_failure_);
    return *last_failure_;
  }
  auto opened = Connection::open(settings_, role_, troubles_);
  if (!opened) {
    wait_ = std::clamp(wait_ * 2, kFirstWait, kLongestWait);
    next_attempt_ = std::chrono::steady_clock::now() + spread(wait_);
    last_failure_ = opened.error();
    troubles_.add(Trouble::io, *last_failure_);
    return *last_failure_;
  }
  connection_ = std::move(*opened);
  last_failure_.reset();
  wait_ = 0ms;
  return {};
}

}  // namespace qiao::core::mysql
