#include "connectors/channel/sending.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "connectors/channel/parts.hpp"

namespace qiao::channel {

using namespace std::chrono_literals;
using contract::Delivery;

namespace {

constexpr Lane kSendLane{.kind = Lane::blocking, .capacity = 65536, .concurrency = 8, .name = "send", .budget = 120s};
constexpr Duration kLongestPause = 60s;
constexpr Duration kRarely = 5min;

bool may_succeed_later(const Error& error) {
  switch (error.code) {
    case Errc::unavailable:
    case Errc::timeout:
    case Errc::overloaded:
    case Errc::cancelled:
    case Errc::internal:
    case Errc::rate_limited:
      return true;
    default:
      return false;
  }
}

Duration pause_before(int tries, std::chrono::milliseconds wish) {
  if (wish.count() > 0) return wish;
  return std::min<Duration>(kLongestPause, 1s * (1 << std::min(tries, 6)));
}

}  // namespace

struct Sending::Job {
  contract::MessageOutgoing out;
  std::vector<Part> parts;
  std::vector<bool> sent;
  bool planned = false;
  bool notice = false;
  bool renewed = false;
  int tries = 0;
  std::string last_error;
};

Sending::Sending(Context& host, const ChannelSettings& settings, std::shared_ptr<Platform> platform, SentParts& sent,
                 Windows& windows, Alerts& alerts, std::function<std::string(Id)> link)
    : host_(host),
      settings_(settings),
      platform_(std::move(platform)),
      can_(platform_->capabilities()),
      sent_(sent),
      windows_(windows),
      alerts_(alerts),
      link_(std::move(link)),
      rate_(host.clock(), settings.sends_per_second),
      sent_count_(host.metrics().counter("qiao_channel_parts_sent_total", "Calls by which messages went out")),
      failed_count_(host.metrics().counter("qiao_channel_messages_failed_total", "Messages that were given up")),
      again_count_(host.metrics().counter("qiao_channel_tries_again_total", "Calls that failed and are made again")) {}

void Sending::take(const contract::MessageOutgoing& out) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    Queue& queue = queues_[out.user];
    const auto same_message = [&](const std::shared_ptr<Job>& job) { return job->out.message.id == out.message.id; };
    if (std::any_of(queue.jobs.begin(), queue.jobs.end(), same_message)) return;
    auto job = std::make_shared<Job>();
    job->out = out;
    queue.jobs.push_back(std::move(job));
    if (queue.working) return;
    queue.working = true;
  }
  post(out.user);
}

void Sending::close(Deadline deadline) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  idle_.wait_until(lock, deadline, [this] { return calls_ == 0; });
}

std::size_t Sending::waiting() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [user, queue] : queues_) count += queue.jobs.size();
  return count;
}

void Sending::post(const std::string& user) {
  const bool queued = host_.bus().post(kSendLane, [self = shared_from_this(), user] { self->run(user); });
  if (queued) return;
  // The inbox gives what is undelivered to its channel again.
  const std::lock_guard lock(mutex_);
  queues_.erase(user);
}

void Sending::run(const std::string& user) {
  for (;;) {
    std::shared_ptr<Job> job;
    {
      const std::lock_guard lock(mutex_);
      const auto found = queues_.find(user);
      if (found == queues_.end()) return;
      if (closed_ || found->second.jobs.empty()) {
        queues_.erase(found);
        return;
      }
      job = found->second.jobs.front();
      ++calls_;
    }
    const Verdict verdict = attempt(*job);
    const std::lock_guard lock(mutex_);
    if (--calls_ == 0) idle_.notify_all();
    if (verdict.done) {
      const auto found = queues_.find(user);
      if (found != queues_.end() && !found->second.jobs.empty()) found->second.jobs.pop_front();
      continue;
    }
    again_count_.add();
    Duration pause = verdict.again;
    // However long the platform wants to be left alone: the agent learns in time that the message was given up.
    const Duration left = job->out.message.at + settings_.give_up - host_.clock().now();
    if (job->tries > 0) pause = std::min<Duration>(pause, std::max(left, Duration::zero()) + 1ms);
    host_.bus().after(pause, kSendLane, [self = shared_from_this(), user] { self->run(user); });
    return;
  }
}

void Sending::plan(Job& job) {
  job.parts =
      platform_->whole_messages() ? std::vector<Part>{whole_of(job.out, can_, link_)} : parts_of(job.out, can_, link_);
  job.sent.assign(job.parts.size(), false);
  for (const std::size_t done : sent_.of(job.out.message.id)) {
    if (done < job.sent.size()) job.sent[done] = true;
  }
  job.planned = true;
}

bool Sending::turn_into_notice(Job& job) {
  if (job.notice) return false;
  const contract::Content& content = job.out.message.content;
  const auto takes = [&](const std::string& key) {
    return std::find(can_.notices.begin(), can_.notices.end(), key) != can_.notices.end();
  };
  if (!content.notice.empty() && takes(content.notice)) {
    job.parts = {notice_of(job.out, content.notice, content.values)};
  } else if (takes("reply")) {
    job.parts = {notice_of(job.out, "reply", {{"text", content.text}, {"name", job.out.message.author_name}})};
  } else {
    return false;
  }
  job.sent = {false};
  job.notice = true;
  return true;
}

Sending::Verdict Sending::attempt(Job& job) {
  if (can_.public_thread && !job.out.message.content.notice.empty()) {
    return finish(job, Delivery::failed,
                  "这里人人可见，通知不会发到评论区 · everybody reads along here, so no notice is sent");
  }
  // It concerns one customer; below a post everybody would read it.
  if (can_.public_thread && about_service(job.out.message)) return finish(job, Delivery::sent, {});
  if (!job.planned) {
    plan(job);
    if (windows_.surely_closed(job.out.user) && std::find(job.sent.begin(), job.sent.end(), true) == job.sent.end()) {
      (void)turn_into_notice(job);
    }
  }
  if (host_.clock().now() - job.out.message.at > settings_.give_up && job.tries > 0) {
    return finish(job, Delivery::failed,
                  fmt::format("given up after {} min: {}", settings_.give_up.count(), job.last_error));
  }
  for (std::size_t i = 0; i < job.parts.size(); ++i) {
    if (job.sent[i]) continue;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return {false, 1s};
    }
    if (const auto wait = rate_.take(); wait.count() > 0) {
      if (wait > kLongestPause) {
        // Not its own pace: what the platform told another message holds for this one, the time to give up too.
        ++job.tries;
        if (job.last_error.empty()) job.last_error = "the platform wants no calls for a while";
      }
      return {false, wait};
    }
    auto id = platform_->send(job.parts[i]);
    if (!id) return after_failure(job, i, id.error());
    sent_count_.add();
    job.sent[i] = true;
    job.renewed = false;
    windows_.sent(job.out.user);
    // A kill between the platform's answer and this row sends one part a second time, where the platform knows no
    // idempotency keys; the other order could lose it.
    sent_.add({job.out.message.id, i, *id, job.out.message.conversation, job.out.message.seq, i + 1 == job.parts.size(),
               job.out.user});
  }
  alerts_.over("channel.token");
  alerts_.over("channel.quota");
  alerts_.over("channel.unreachable");
  return finish(job, Delivery::sent, {});
}

Sending::Verdict Sending::after_failure(Job& job, std::size_t at, const Error& error) {
  job.last_error = error.message;
  const std::string_view name = error.name();
  ++job.tries;
  if (name == "channel.token") {
    if (!job.renewed) {
      job.renewed = true;
      platform_->renew_credentials();
      return {false, 1ms};
    }
    alerts_.raise("channel.token", error.message);
    return {false, kRarely};
  }
  if (name == "channel.window_closed") {
    windows_.closed(job.out.user);
    if (turn_into_notice(job)) return {false, 1ms};
    return finish(job, Delivery::failed, error.message);
  }
  if (name == "channel.unsupported" && job.parts[at].kind != Part::Kind::text &&
      job.parts[at].kind != Part::Kind::notice) {
    job.parts[at] = as_text(job.parts[at], link_);
    return {false, 1ms};
  }
  if (name == "channel.quota") {
    alerts_.raise("channel.quota", error.message);
    return {false, std::max<Duration>(kRarely, error.retry_after)};
  }
  if (!may_succeed_later(error)) {
    host_.log().warn("not sent: {}, conversation={} seq={}", error.name(), job.out.message.conversation.str(),
                     job.out.message.seq);
    return finish(job, Delivery::failed, error.message);
  }
  const Duration pause = pause_before(job.tries - 1, error.retry_after);
  if (error.code == Errc::rate_limited && name != "channel.user_rate") {
    rate_.hold(std::chrono::ceil<std::chrono::milliseconds>(pause));
  }
  if (job.tries == 3 && error.code != Errc::rate_limited) alerts_.raise("channel.unreachable", error.message);
  return {false, pause};
}

Sending::Verdict Sending::finish(Job& job, Delivery state, std::string detail) {
  if (state == Delivery::failed) failed_count_.add();
  // A report that does not arrive is made again when the inbox gives the message to its channel again: its parts are
  // known to be sent by then.
  host_.bus().request(
      contract::ReportDelivery{job.out.message.conversation, job.out.message.seq, state, std::move(detail)},
      RequestOptions(10s), [](const Result<contract::Done>&) {});
  return {true, {}};
}

}  // namespace qiao::channel
