#include "connectors/channel/alerts.hpp"

#include "qiao/contract/channel.hpp"

namespace qiao::channel {

Alerts::Alerts(Context& host) : host_(host) {}

void Alerts::raise(const std::string& id, const std::string& says) {
  {
    const std::lock_guard lock(mutex_);
    const bool fresh = !open_.contains(id);
    open_[id] = says;
    tell_health();
    if (!fresh) return;
  }
  host_.log().error("{}: {}", id, says);
  (void)host_.bus().publish(contract::ConnectorAlert{host_.instance(), id, says, false, host_.clock().now()});
}

void Alerts::over(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (open_.erase(id) == 0) return;
    tell_health();
  }
  host_.log().info("{}: over", id);
  (void)host_.bus().publish(contract::ConnectorAlert{host_.instance(), id, {}, true, host_.clock().now()});
}

void Alerts::tell_health() {
  std::string all;
  for (const auto& [id, says] : open_) all += (all.empty() ? "" : "; ") + says;
  host_.health().report(open_.empty() ? Health::State::ok : Health::State::degraded, all);
}

}  // namespace qiao::channel
