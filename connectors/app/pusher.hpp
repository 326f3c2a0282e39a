#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "connectors/app/config.hpp"
#include "connectors/app/devices.hpp"
#include "connectors/channel/alerts.hpp"
#include "qiao/contract/conversation.hpp"
#include "qiao/plugin.hpp"

namespace qiao::app {

/// Wakes customers' devices for what their app has not got. A message that the web channel leaves pending comes as
/// MessageOutgoing, also after a restart and every 30 s; after `push_after` it is looked up, and unless the app has
/// confirmed it meanwhile, each device of the customer is told once for all that waits in the conversation. Then the
/// message is reported as sent. A service that does not answer leaves it pending, so it is tried when it comes again.
class Pusher : public std::enable_shared_from_this<Pusher> {
 public:
  using Services = std::map<std::string, std::shared_ptr<PushService>>;  ///< by provider
  Pusher(Context& host, const AppConfig& config, std::shared_ptr<Devices> devices, Services services);

  /// Any thread.
  void outgoing(const contract::MessageOutgoing& event);
  /// Takes nothing new.
  void drain();
  [[nodiscard]] const Services& services() const { return services_; }
  [[nodiscard]] channel::Alerts& alerts() { return alerts_; }

 private:
  struct Waiting {
    std::string user;
    std::set<std::int64_t> messages;  ///< seq
    Time at;                          ///< when they are told of
  };
  enum class Told { yes, nobody, later };

  void wait_until(Time at, Id conversation);
  void due(Id conversation);
  void tell(Id conversation, const Waiting& waiting);
  Result<int> unread(const contract::ConversationView& conversation);
  Told wake(const std::string& user, const contract::MessageView& message, int unread);
  Told wake(const std::string& user, const Device& device, const Notice& notice);
  bool held(const std::string& provider);
  void count(const std::string& provider, const char* result);

  Context& host_;
  const AppConfig config_;
  const std::shared_ptr<Devices> devices_;
  const Services services_;
  channel::Alerts alerts_;

  std::mutex mutex_;
  bool draining_ = false;
  std::map<Id, Waiting> waiting_;           ///< by conversation; of one that is being told: what came meanwhile
  std::set<Id> working_;                    ///< conversations whose customers are being told
  std::map<std::string, SteadyTime> held_;  ///< providers that want a pause
};

}  // namespace qiao::app
