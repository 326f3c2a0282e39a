#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "connectors/channel/memory.hpp"

namespace qiao::channel {

/// What a platform gives for credentials.
struct FreshToken {
  std::string value;
  std::chrono::seconds life{7200};
  std::string refresh;  ///< for platforms that renew with it; kept beside the token
};

/// Keeps one access token: fetched once however many ask, shared between nodes through Memory, renewed ahead of its
/// end, thrown away when the platform refuses it. A platform that refuses what it has just given, three times in a row,
/// will refuse the next one too: until a minute after the last fetch `get` says so (`channel.token`) without asking it,
/// however many wait. Any thread; `get` waits while one fetch is under way.
class TokenKeeper {
 public:
  /// `fetch` gets the refresh token of the time before ("" at first).
  using Fetch = std::function<Result<FreshToken>(const std::string& refresh)>;
  /// `ahead`: how long before its end a token is renewed.
  TokenKeeper(Memory& memory, const Clock& clock, std::string name, Fetch fetch,
              std::chrono::seconds ahead = std::chrono::minutes(5));

  Result<std::string> get();
  /// The platform refused this one. A newer one that somebody else fetched meanwhile stays.
  void reject(const std::string& token);
  /// The same for the one that is held now.
  void reject();
  /// The credentials are others now: the next `get` fetches, whatever was refused before.
  void begin_anew();

 private:
  struct Held {
    std::string value;
    std::string refresh;
    Time until;
  };
  void reject_held();
  Result<std::string> renew(std::unique_lock<std::mutex>& lock);
  Result<Held> renewed(const std::string& rejected, Held known);

  Memory& memory_;
  const Clock& clock_;
  const std::string name_;
  const Fetch fetch_;
  const std::chrono::seconds ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Held held_;
  std::string rejected_;
  Time fetched_;
  int refused_fresh_ = 0;  ///< in a row
  bool fetching_ = false;
};

}  // namespace qiao::channel
