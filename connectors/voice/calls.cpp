#include "connectors/voice/calls.hpp"

#include <algorithm>

namespace qiao::voice {
namespace {

using contract::CallState;

void learn(Call& call, const CallEvent& event) {
  if (call.number.empty()) call.number = event.number;
  if (call.name.empty()) call.name = event.name;
  if (!event.queue.empty()) call.queue = event.queue;
}

}  // namespace

std::int32_t Call::talk_s() const {
  if (!was_answered() || ended < answered) return 0;
  return static_cast<std::int32_t>(std::chrono::duration_cast<std::chrono::seconds>(ended - answered).count());
}

bool CallBook::seen(const CallEvent& event) {
  if (event.seq <= 0) return false;
  return !counted_[event.call].insert(event.seq).second;
}

Call& CallBook::find_or_make(const CallEvent& event, bool& made) {
  const auto found = open_.find(event.call);
  made = found == open_.end();
  if (!made) return found->second;
  if (open_.size() >= kMostOpen) {  // an exchange that never ends its calls
    counted_.erase(open_.begin()->first);
    open_.erase(open_.begin());
  }
  Call& call = open_[event.call];
  call.id = event.call;
  call.outbound = event.outbound;
  call.began = event.at;
  return call;
}

CallNews CallBook::finish(std::map<std::string, Call>::iterator found, const std::string& cause, Time at) {
  Call call = std::move(found->second);
  open_.erase(found);
  counted_.erase(call.id);
  call.cause = cause;
  call.ended = std::max(at, call.began);
  call.state = call.was_answered() || call.outbound ? CallState::ended : CallState::missed;
  const std::string phone = call.extension.empty() ? call.last_rung : call.extension;
  over_order_.push_back(call.id);
  over_[call.id] = call;
  if (over_order_.size() > kMostOver) {
    over_.erase(over_order_.front());
    over_order_.pop_front();
  }
  return {.call = call, .state = call.state, .extension = phone, .at = call.ended};
}

std::vector<CallNews> CallBook::take(const CallEvent& event) {
  std::vector<CallNews> news;
  if (event.call.empty()) return news;
  if (const auto over = over_.find(event.call); over != over_.end()) {
    if (event.step != Step::recorded || over->second.recording == event.recording) return news;
    over->second.recording = event.recording;
    news.push_back({.call = over->second,
                    .state = over->second.state,
                    .extension = over->second.extension,
                    .recording_only = true,
                    .at = event.at});
    return news;
  }
  if (seen(event)) return news;
  if (!open_.contains(event.call) && event.step != Step::ringing && event.step != Step::answered &&
      event.step != Step::queued) {
    counted_.erase(event.call);
    if (event.step == Step::ended) remember_early(event);
    return news;  // of a call that began before anybody listened, or never
  }
  bool made = false;
  Call& call = find_or_make(event, made);
  learn(call, event);
  const auto tell = [&](CallState state, const std::string& extension) -> CallNews& {
    return news.emplace_back(
        CallNews{.call = call, .state = state, .extension = extension, .first = made, .at = event.at});
  };

  switch (event.step) {
    case Step::ringing:
      if (call.outbound) {
        if (call.extension.empty()) call.extension = event.extension;
        if (made) tell(CallState::ringing, call.extension);
      } else if (event.extension.empty()) {
        if (made) tell(CallState::ringing, {});
      } else if (event.extension != call.extension && call.ringing.insert(event.extension).second) {
        call.last_rung = event.extension;
        tell(CallState::ringing, event.extension);
      }
      break;
    case Step::silent:
      if (call.ringing.erase(event.extension) > 0) tell(CallState::ended, event.extension).phone_only = true;
      break;
    case Step::queued:
      if (made) tell(CallState::ringing, {});
      break;
    case Step::answered:
      if (!call.was_answered()) {
        call.answered = event.at;
        call.state = CallState::answered;
        if (!event.extension.empty()) call.extension = event.extension;
        call.ringing.clear();
        tell(CallState::answered, call.extension);
      } else if (!event.extension.empty() && event.extension != call.extension) {
        call.ringing.erase(event.extension);
        call.extension = event.extension;
        tell(CallState::transferred, call.extension);
      }
      break;
    case Step::held:
      if (call.state != CallState::answered) break;
      call.state = CallState::held;
      tell(CallState::held, call.extension);
      break;
    case Step::resumed:
      if (call.state != CallState::held) break;
      call.state = CallState::answered;
      tell(CallState::answered, call.extension);
      break;
    case Step::transferred:
      if (!call.was_answered() || event.extension == call.extension) break;
      call.state = CallState::answered;
      call.extension = event.extension;
      tell(CallState::transferred, call.extension);
      break;
    case Step::recorded:
      call.recording = event.recording;
      break;
    case Step::ended:
      news.push_back(finish(open_.find(event.call), event.cause, event.at));
      break;
  }
  if (const auto early = made ? early_.find(event.call) : early_.end(); early != early_.end()) {
    news.push_back(finish(open_.find(event.call), early->second.cause, early->second.at));
    early_.erase(early);
  }
  return news;
}

/// Who hangs up at once may be told of before their call.
void CallBook::remember_early(const CallEvent& event) {
  if (!early_.emplace(event.call, event).second) return;
  early_order_.push_back(event.call);
  if (early_order_.size() <= kMostOver) return;
  early_.erase(early_order_.front());
  early_order_.pop_front();
}

std::vector<CallNews> CallBook::compare(const std::vector<CallEvent>& list, Time now) {
  std::vector<CallNews> news;
  early_.clear();  // what is listed has not ended
  early_order_.clear();
  std::set<std::string> there;
  for (const CallEvent& event : list) there.insert(event.call);
  for (auto call = open_.begin(); call != open_.end();) {
    const auto next = std::next(call);
    if (!there.contains(call->first)) news.push_back(finish(call, "while the line was down", now));
    call = next;
  }
  for (const CallEvent& event : list) {
    for (CallNews& more : take(event)) news.push_back(std::move(more));
  }
  return news;
}

}  // namespace qiao::voice
