#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "qiao/http.hpp"
#include "qiao/time.hpp"

namespace qiao::wechat {

/// The platform's posts that are not answered yet, and what was answered to those of the last seconds.
///
/// A post may wait for the bot: the answer then goes out with it (passively) and costs no quota. Whoever has something
/// to send asks `answer` first; only when nobody waits does it go through the API, so that it never goes both ways. A
/// repetition of a post that is still at work takes its place (the platform has cut the first), one that comes later
/// gets the same answer again. Any thread.
class Exchanges {
 public:
  struct Exchange {
    std::string user;
    std::string key;      ///< of the message
    std::string account;  ///< the platform's name of ours
    bool sealed = false;
    SteadyTime began{};  ///< set by `begin`

   private:
    friend class Exchanges;
    enum class State : std::uint8_t { working, waiting, over } state = State::working;
    std::vector<HttpReply> open;
    std::string body;
  };
  using Ref = std::shared_ptr<Exchange>;

  explicit Exchanges(const Clock& clock) : clock_(clock) {}

  /// Null when this is a repetition, which is then taken care of.
  Ref begin(Exchange exchange, HttpReply reply);
  /// Stored: an answer may take it from now on.
  void wait(const Ref& exchange);
  /// Answered with "success" when nothing has answered it before.
  void finish(const Ref& exchange);
  /// It could not be stored: the platform posts it again.
  void fail(const Ref& exchange, HttpResponse why);
  /// Answers the newest post of the user that waits with what `body` makes of it; false when none waits, or `body`
  /// failed (then it still waits).
  bool answer(const std::string& user, const std::function<Result<std::string>(const Exchange&)>& body);
  /// The user is answered in another way: nobody waits any longer.
  void release(const std::string& user);
  /// A passive answer has just gone out, so that what is sent now could overtake it.
  [[nodiscard]] bool just_answered(const std::string& user) const;
  /// Answers all that wait.
  void finish_all();

 private:
  static constexpr auto kRemembered = std::chrono::seconds(20);
  static constexpr auto kOvertakes = std::chrono::milliseconds(400);

  void settle(std::unique_lock<std::mutex>& lock, const Ref& exchange, std::string body);
  void sweep();

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Ref> exchanges_;                  ///< by user and key
  std::unordered_map<std::string, std::vector<Ref>> waiting_;                     ///< by user
  std::unordered_map<std::string, SteadyTime> answered_;                          ///< passively, by user
  std::deque<std::pair<SteadyTime, std::pair<std::string, std::string>>> begun_;  ///< in order, for the sweep
};

}  // namespace qiao::wechat
