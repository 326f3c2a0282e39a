#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>

#include "qiao/result.hpp"
#include "qiao/time.hpp"

namespace qiao::accounts {

/// Slows down guessing. From the fifth wrong password in a row an account waits 1 s, doubling to 300 s; an address has
/// a budget of wrong logins. Nothing is locked for good, and accounts that do not exist are treated like those that do.
///
/// An attempt counts as wrong from its beginning, so that many at once gain nothing; a right one takes that back.
/// Any thread.
class LoginGuard {
 public:
  LoginGuard(int failures_per_address, Duration window) : budget_(failures_per_address), window_(window) {}

  /// May it be tried now? `rate_limited` with the time to wait, otherwise one of the two below follows unless
  /// the password was wrong.
  Result<void> begin(const std::string& login, const std::string& address, SteadyTime now);
  void succeeded(const std::string& login, const std::string& address);
  /// It was not tried: the hub was too busy.
  void withdrawn(const std::string& login, const std::string& address);

 private:
  struct Account {
    int failures = 0;
    SteadyTime last{};
    SteadyTime locked_until{};
  };
  void refund_address(const std::string& address);
  void forget_old(SteadyTime now);

  const int budget_;
  const Duration window_;
  std::mutex mutex_;
  std::unordered_map<std::string, Account> accounts_;
  std::unordered_map<std::string, std::deque<SteadyTime>> addresses_;  ///< when the wrong logins began, oldest first
};

}  // namespace qiao::accounts
