#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "connectors/voice/client/call_event.hpp"
#include "qiao/contract/calls.hpp"

namespace qiao::voice {

/// One call as it is now.
struct Call {
  std::string id;
  contract::CallState state = contract::CallState::ringing;
  bool outbound = false;
  std::string number;
  std::string name;
  std::string queue;
  std::string extension;          ///< that talks, or talked last
  std::set<std::string> ringing;  ///< phones
  std::string last_rung;
  std::string recording;
  std::string cause;
  Time began;
  Time answered;  ///< 1970: not yet
  Time ended;
  [[nodiscard]] bool was_answered() const { return answered != Time{}; }
  [[nodiscard]] std::int32_t talk_s() const;
};

/// Something that others should know.
struct CallNews {
  Call call;  ///< after it
  contract::CallState state = contract::CallState::ringing;
  std::string extension;    ///< whose phone it is about
  bool phone_only = false;  ///< that phone stopped ringing, the call goes on
  bool recording_only = false;
  bool first = false;  ///< nothing was known about the call before
  Time at;
};

/// The calls of one exchange. Events may come twice, late and in another order: a call's state never goes back, and
/// what has ended stays so. One thread at a time.
class CallBook {
 public:
  std::vector<CallNews> take(const CallEvent& event);
  /// The line is back and the exchange told which calls it has now. What is not among them has ended meanwhile; whether
  /// somebody answered a call that rang is unknown, so it counts as missed rather than being lost.
  std::vector<CallNews> compare(const std::vector<CallEvent>& list, Time now);

  [[nodiscard]] std::size_t open() const noexcept { return open_.size(); }
  [[nodiscard]] const std::map<std::string, Call>& calls() const noexcept { return open_; }

 private:
  static constexpr std::size_t kMostOpen = 10000;
  static constexpr std::size_t kMostOver = 2000;
  Call& find_or_make(const CallEvent& event, bool& made);
  bool seen(const CallEvent& event);
  void remember_early(const CallEvent& event);
  CallNews finish(std::map<std::string, Call>::iterator found, const std::string& cause, Time at);

  std::map<std::string, Call> open_;
  std::map<std::string, CallEvent> early_;  ///< ends that came before anything else of their calls
  std::deque<std::string> early_order_;
  std::map<std::string, Call> over_;  ///< the latest ones that ended, for recordings that come late
  std::deque<std::string> over_order_;
  std::map<std::string, std::set<std::int64_t>> counted_;  ///< numbers of events that exchanges give, by open call
};

}  // namespace qiao::voice
