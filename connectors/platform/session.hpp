#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "qiao/result.hpp"
#include "qiao/time.hpp"

namespace qiao::platform {

/// What a log-in gave: a session id or an access token, and the address that it is good for.
struct Grant {
  std::string token;
  std::string base;                   ///< where the calls go; empty: where they always go
  std::chrono::milliseconds life{0};  ///< 0: until the system says that it is gone
};

/// The id of an error by which a call says that its session is gone; heals once, see `with_session`.
inline constexpr const char* kSessionLost = "platform.session_lost";

/// The one owner of a session. Whoever needs it asks here; only one logs in at a time, and the others wait for that.
/// Renewed when nine tenths of its life are over.
///
/// A refused log-in (Errc::unauthorized) is not tried again before `forgive`: systems lock accounts that keep trying.
/// All other failures are free to be tried again by the next caller, and come as ones of the system. Any thread.
class SessionKeeper {
 public:
  using Login = std::function<Result<Grant>()>;
  SessionKeeper(const Clock& clock, Login login);

  Result<Grant> get();
  /// This session is gone. Nothing happens when another took its place already.
  void lost(const Grant& session);
  /// Tries again although the last log-in was refused: the operator asked for it.
  void forgive();

 private:
  const Clock& clock_;
  Login login_;
  std::mutex mutex_;
  std::condition_variable done_;
  bool logging_in_ = false;
  std::optional<Grant> session_;
  SteadyTime renew_at_{};
  std::optional<Error> refused_;
};

/// Calls with the session; when it turns out to be gone, once more with a new one.
template <class F>
auto with_session(SessionKeeper& keeper, F call) -> decltype(call(std::declval<const Grant&>())) {
  auto session = keeper.get();
  if (!session) return session.error();
  auto answer = call(*session);
  if (answer || answer.error().id != kSessionLost) return answer;
  keeper.lost(*session);
  session = keeper.get();
  if (!session) return session.error();
  return call(*session);
}

}  // namespace qiao::platform
