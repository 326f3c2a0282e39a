#include "plugins/accounts/login_guard.hpp"

#include <algorithm>

namespace qiao::accounts {
namespace {

using namespace std::chrono_literals;

constexpr int kFreeFailures = 4;
constexpr auto kLongestLock = 300s;
constexpr auto kForgottenAfter = 1h;
constexpr std::size_t kMostRemembered = 10'000;

Error wait(Duration left) {
  Error error{Errc::rate_limited, "accounts.too_many_logins", "Too many failed logins; wait a little and try again."};
  error.retry_after = std::max(1000ms, std::chrono::ceil<std::chrono::milliseconds>(left));
  return error;
}

Duration lock_after(int failures) {
  if (failures <= kFreeFailures) return 0s;
  const int doublings = std::min(failures - kFreeFailures - 1, 9);
  return std::min<Duration>(std::chrono::seconds(1LL << doublings), kLongestLock);
}

}  // namespace

Result<void> LoginGuard::begin(const std::string& login, const std::string& address, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  forget_old(now);
  Account& account = accounts_[login];
  if (now < account.locked_until) return wait(account.locked_until - now);
  std::deque<SteadyTime>& tries = addresses_[address];
  while (!tries.empty() && now - tries.front() >= window_) tries.pop_front();
  if (tries.size() >= static_cast<std::size_t>(budget_)) return wait(tries.front() + window_ - now);
  tries.push_back(now);
  if (now - account.last >= kForgottenAfter) account.failures = 0;
  ++account.failures;
  account.last = now;
  account.locked_until = now + lock_after(account.failures);
  return {};
}

void LoginGuard::succeeded(const std::string& login, const std::string& address) {
  const std::lock_guard lock(mutex_);
  accounts_.erase(login);
  refund_address(address);
}

void LoginGuard::withdrawn(const std::string& login, const std::string& address) {
  const std::lock_guard lock(mutex_);
  if (auto found = accounts_.find(login); found != accounts_.end() && found->second.failures > 0) {
    --found->second.failures;
    found->second.locked_until = {};
  }
  refund_address(address);
}

void LoginGuard::refund_address(const std::string& address) {
  const auto found = addresses_.find(address);
  if (found == addresses_.end()) return;
  if (!found->second.empty()) found->second.pop_back();
  if (found->second.empty()) addresses_.erase(found);
}

void LoginGuard::forget_old(SteadyTime now) {
  if (accounts_.size() >= kMostRemembered) {
    std::erase_if(accounts_, [&](const auto& entry) { return now >= entry.second.locked_until; });
    if (accounts_.size() >= kMostRemembered) accounts_.clear();
  }
  if (addresses_.size() >= kMostRemembered) {
    std::erase_if(addresses_,
                  [&](const auto& entry) { return entry.second.empty() || now - entry.second.back() >= window_; });
    if (addresses_.size() >= kMostRemembered) addresses_.clear();
  }
}

}  // namespace qiao::accounts
