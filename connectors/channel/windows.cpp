#include "connectors/channel/windows.hpp"

#include <algorithm>

namespace qiao::channel {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostKnown = 20'000;

std::string name_of(const std::string& user) { return "user:" + user + ":window"; }

}  // namespace

Windows::Windows(Context& host, Memory& memory, const contract::ChannelCapabilities& can)
    : host_(host), memory_(memory), length_(can.window), messages_(can.window_messages) {}

void Windows::keep(const std::string& user, Window window) {
  const std::lock_guard lock(mutex_);
  // Everything can be asked again.
  if (windows_.size() >= kMostKnown) windows_.clear();
  windows_[user] = window;
}

void Windows::opened(const std::string& user, Time at) {
  if (!limited()) return;
  const Time now = host_.clock().now();
  Time since = at.time_since_epoch().count() <= 0 || at > now ? now : at;
  {
    // Platforms that try for days tell old messages after newer ones. Clocks may differ a little.
    const std::lock_guard lock(mutex_);
    const auto found = windows_.find(user);
    if (found != windows_.end() && since + 1min < found->second.since) return;
    if (found != windows_.end()) since = std::max(since, found->second.since);
  }
  keep(user, {since, 0, false});
}

void Windows::opened_by_event(const std::string& user, Time at) {
  if (!limited()) return;
  opened(user, at);
  const std::chrono::seconds life = length_.count() > 0 ? length_ : std::chrono::seconds(48h);
  (void)memory_.put(name_of(user), std::to_string(to_micros(at)), life);
}

void Windows::opened_briefly(const std::string& user, std::chrono::seconds lasts, std::int32_t messages) {
  if (!limited()) return;
  const Time now = host_.clock().now();
  const std::lock_guard lock(mutex_);
  if (briefs_.size() >= kMostKnown) {
    std::erase_if(briefs_, [&](const auto& entry) { return entry.second.until < now; });
  }
  Brief& window = briefs_[user];
  if (window.until < now) window.left = 0;
  window.until = std::max(window.until, now + lasts);
  window.left = std::max(window.left, messages);
}

std::optional<Windows::Brief> Windows::brief(const std::string& user) {
  const std::lock_guard lock(mutex_);
  const auto found = briefs_.find(user);
  if (found == briefs_.end()) return std::nullopt;
  if (found->second.left > 0 && host_.clock().now() <= found->second.until) return found->second;
  briefs_.erase(found);
  return std::nullopt;
}

void Windows::sent(const std::string& user) {
  if (!limited()) return;
  const std::lock_guard lock(mutex_);
  if (const auto moment = briefs_.find(user); moment != briefs_.end()) --moment->second.left;
  const auto found = windows_.find(user);
  if (found != windows_.end()) ++found->second.sent;
}

void Windows::closed(const std::string& user) {
  if (!limited()) return;
  const std::lock_guard lock(mutex_);
  windows_[user].refused = true;
  briefs_.erase(user);
}

bool Windows::surely_closed(const std::string& user) {
  if (length_.count() == 0 || brief(user)) return false;
  auto window = known(user);
  return window && (window->refused || host_.clock().now() > window->since + length_);
}

Result<contract::ChannelWindow> Windows::of(const std::string& user) {
  contract::ChannelWindow answer;
  answer.limited = limited();
  if (!answer.limited) return answer;
  auto window = known(user);
  if (!window) return window.error();
  if (length_.count() > 0) {
    answer.until = window->since + length_;
    answer.open = host_.clock().now() <= answer.until;
  }
  if (messages_ > 0) {
    answer.remaining = std::max(0, messages_ - window->sent);
    answer.open = answer.open && answer.remaining > 0;
  }
  if (window->refused) answer.open = false;
  if (!answer.open) {
    if (const auto moment = brief(user)) {
      answer.open = true;
      answer.until = moment->until;
      answer.remaining = moment->left;
    }
  }
  return answer;
}

Result<Windows::Window> Windows::known(const std::string& user) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = windows_.find(user);
    if (found != windows_.end()) return found->second;
  }
  auto asked = ask(user);
  if (asked) keep(user, *asked);
  return asked;
}

Result<Windows::Window> Windows::ask(const std::string& user) {
  Window window;
  auto event = memory_.get(name_of(user));
  if (event && *event) window.since = from_micros(std::stoll(**event));
  auto conversation = host_.bus().ask(contract::FindConversation{host_.instance(), user}, 3s);
  if (!conversation) return conversation.error();
  if (!conversation->id) return window;
  contract::GetTranscript newest;
  newest.conversation = conversation->id;
  newest.before = conversation->last_seq + 1;
  newest.limit = 100;
  auto transcript = host_.bus().ask(newest, 3s);
  if (!transcript) return transcript.error();
  std::int32_t sent = 0;
  for (auto m = transcript->messages.rbegin(); m != transcript->messages.rend(); ++m) {
    if (m->note) continue;
    if (m->author == contract::Author::customer) {
      if (m->at > window.since) {
        window.since = m->at;
        window.sent = sent;
      }
      continue;
    }
    if (m->delivery != contract::Delivery::failed && m->delivery != contract::Delivery::pending) ++sent;
  }
  return window;
}

}  // namespace qiao::channel
