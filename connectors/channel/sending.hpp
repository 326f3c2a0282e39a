#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "connectors/channel/alerts.hpp"
#include "connectors/channel/platform.hpp"
#include "connectors/channel/rate.hpp"
#include "connectors/channel/sent_parts.hpp"
#include "connectors/channel/settings.hpp"
#include "connectors/channel/windows.hpp"

namespace qiao::channel {

/// Takes messages to the platform: one customer's in order, different customers beside each other. A message that is
/// given again while it waits here is the same one. Any thread; sending itself is on the blocking lane "send".
class Sending : public std::enable_shared_from_this<Sending> {
 public:
  Sending(Context& host, const ChannelSettings& settings, std::shared_ptr<Platform> platform, SentParts& sent,
          Windows& windows, Alerts& alerts, std::function<std::string(Id)> link);

  void take(const contract::MessageOutgoing& out);
  /// No further part is begun; waits for calls under way.
  void close(Deadline deadline);
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Job;
  struct Queue {
    std::deque<std::shared_ptr<Job>> jobs;
    bool working = false;  ///< a run is posted, under way, or a timer will post it
  };
  /// What to do with the first message of a queue.
  struct Verdict {
    bool done = false;
    Duration again{};
  };

  void post(const std::string& user);
  void run(const std::string& user);
  Verdict attempt(Job& job);
  Verdict after_failure(Job& job, std::size_t at, const Error& error);
  Verdict finish(Job& job, contract::Delivery state, std::string detail);
  bool turn_into_notice(Job& job);
  void plan(Job& job);

  Context& host_;
  const ChannelSettings settings_;
  const std::shared_ptr<Platform> platform_;
  const contract::ChannelCapabilities can_;
  SentParts& sent_;
  Windows& windows_;
  Alerts& alerts_;
  const std::function<std::string(Id)> link_;
  Rate rate_;
  Counter& sent_count_;
  Counter& failed_count_;
  Counter& again_count_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Queue> queues_;
  std::condition_variable idle_;
  int calls_ = 0;
  bool closed_ = false;
};

}  // namespace qiao::channel
