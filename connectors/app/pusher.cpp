#include "connectors/app/pusher.hpp"

#include <algorithm>

#include "connectors/app/notice.hpp"

namespace qiao::app {
namespace {

using contract::Delivery;

const Lane kPushLane{.kind = Lane::blocking, .concurrency = 16, .name = "push", .budget = 120s};
constexpr auto kAsk = 10s;
constexpr std::int32_t kMostUnread = 99;  // what a badge shows

/// Worth a look at the phone: answers, and what is a notice by itself. Not where one stands in the queue.
bool matters(const contract::MessageView& m) {
  return m.author == contract::Author::agent || m.author == contract::Author::bot || !m.content.notice.empty();
}

}  // namespace

Pusher::Pusher(Context& host, const AppConfig& config, std::shared_ptr<Devices> devices, Services services)
    : host_(host), config_(config), devices_(std::move(devices)), services_(std::move(services)), alerts_(host) {}

void Pusher::outgoing(const contract::MessageOutgoing& event) {
  if (event.channel != config_.channel) return;
  const Id conversation = event.message.conversation;
  Time at;
  {
    const std::lock_guard lock(mutex_);
    if (draining_) return;  // it comes again
    Waiting& waiting = waiting_[conversation];
    const bool first = waiting.messages.empty();
    if (first) {
      waiting.at = event.message.at + std::chrono::duration_cast<std::chrono::microseconds>(config_.push_after);
    }
    waiting.user = event.user;
    waiting.messages.insert(event.message.seq);
    if (!first || working_.contains(conversation)) return;
    at = waiting.at;
  }
  wait_until(at, conversation);
}

void Pusher::wait_until(Time at, Id conversation) {
  const Duration wait = std::max<Duration>(at - host_.clock().now(), 1ms);
  host_.bus().after(wait, kPushLane, [self = shared_from_this(), conversation] { self->due(conversation); });
}

void Pusher::drain() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
  waiting_.clear();
}

void Pusher::due(Id conversation) {
  Waiting waiting;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(conversation);
    if (found == waiting_.end()) return;
    waiting = std::move(found->second);
    waiting_.erase(found);
    working_.insert(conversation);
  }
  tell(conversation, waiting);
  Time next;
  {
    const std::lock_guard lock(mutex_);
    working_.erase(conversation);
    const auto meanwhile = waiting_.find(conversation);
    if (meanwhile == waiting_.end()) return;
    next = meanwhile->second.at;
  }
  wait_until(next, conversation);
}

void Pusher::tell(Id conversation, const Waiting& waiting) {
  Bus& bus = host_.bus();
  const std::int64_t first = *waiting.messages.begin();
  auto messages = bus.ask(contract::GetTranscript{.conversation = conversation,
                                                  .after = first - 1,
                                                  .limit = static_cast<std::int32_t>(std::min<std::int64_t>(
                                                      *waiting.messages.rbegin() - first + 1, 500))},
                          kAsk);
  if (!messages) return;
  std::erase_if(messages->messages, [&](const contract::MessageView& m) {
    return m.delivery != Delivery::pending || !waiting.messages.contains(m.seq);
  });
  if (messages->messages.empty()) return;
  auto view = bus.ask(contract::GetConversation{conversation}, kAsk);
  if (!view) return;
  const std::int64_t read = view->read_by_customer;
  const auto newest = std::find_if(messages->messages.rbegin(), messages->messages.rend(), matters);
  if (newest != messages->messages.rend() && newest->seq > read && host_.clock().now() - newest->at < config_.give_up) {
    auto count = unread(*view);
    if (!count) return;
    if (wake(waiting.user, *newest, *count) == Told::later) return;
  }
  for (const contract::MessageView& m : messages->messages) {
    const Delivery state = m.seq <= read ? Delivery::read : Delivery::sent;
    auto reported = bus.ask(contract::ReportDelivery{conversation, m.seq, state, ""}, kAsk);
    if (!reported) host_.log().warn("a push is not noted: {}, message={}", reported.error().message, m.id.str());
  }
}

Result<int> Pusher::unread(const contract::ConversationView& conversation) {
  auto since = host_.bus().ask(
      contract::GetTranscript{
          .conversation = conversation.id, .after = conversation.read_by_customer, .limit = kMostUnread},
      kAsk);
  if (!since) return since.error();
  const auto count = std::count_if(since->messages.begin(), since->messages.end(), matters);
  return std::max(1, static_cast<int>(count));
}

Pusher::Told Pusher::wake(const std::string& user, const contract::MessageView& message, int unread) {
  auto devices = devices_->of(user);
  if (!devices) {
    host_.log().warn("devices cannot be read: {}", devices.error().message);
    return Told::later;
  }
  Told all = Told::nobody;
  for (const Device& device : *devices) {
    const Told one = wake(user, device, notice_of(config_, device, message, unread, host_.clock().now()));
    if (all != Told::yes && one != Told::nobody) all = one;
  }
  return all;
}

Pusher::Told Pusher::wake(const std::string& user, const Device& device, const Notice& notice) {
  const auto service = services_.find(device.provider);
  if (service == services_.end()) return Told::nobody;  // not set up any more
  if (held(device.provider)) return Told::later;
  const auto pushed = service->second->push(device, notice);
  const std::string alert = "push." + device.provider;
  if (pushed) {
    alerts_.over(alert);
    count(device.provider, "sent");
    return Told::yes;
  }
  const Error& error = pushed.error();
  if (error.id == failure::kGone) {
    count(device.provider, "gone");
    if (auto removed = devices_->remove(user, device.provider, device.token); !removed) {
      host_.log().warn("a device that is gone stays: {}", removed.error().message);
    }
    return Told::nobody;
  }
  if (error.id == failure::kCredentials) {
    alerts_.raise(alert, error.message);
    count(device.provider, "failed");
    return Told::later;
  }
  switch (error.code) {
    case Errc::rate_limited: {
      const std::lock_guard lock(mutex_);
      held_[device.provider] = host_.clock().steady() + error.retry_after;
      break;
    }
    case Errc::unavailable:
    case Errc::timeout:
    case Errc::overloaded:
    case Errc::cancelled:
    case Errc::internal:
      break;
    default:
      count(device.provider, "failed");
      host_.log().warn("{} refused a push: {}, conversation={}", device.provider, error.message, notice.conversation);
      return Told::nobody;
  }
  count(device.provider, "later");
  host_.log().debug("{} is tried again later: {}", device.provider, error.message);
  return Told::later;
}

bool Pusher::held(const std::string& provider) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(provider);
  return found != held_.end() && host_.clock().steady() < found->second;
}

void Pusher::count(const std::string& provider, const char* result) {
  host_.metrics()
      .counter("qiao_app_pushes_total", "Notices to devices by push service and result",
               {{"provider", provider}, {"result", result}})
      .add();
}

}  // namespace qiao::app
