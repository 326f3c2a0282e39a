#pragma once

#include <map>
#include <string>
#include <vector>

#include "qiao/plugin.hpp"

namespace qiao::core {

/// Narrows one event: what `from` publishes goes to the instances in `to` and nowhere else. An empty `from` stands for
/// every publisher that has no entry of its own.
struct EventRoute {
  std::string from;
  std::vector<std::string> to;
};

/// Who gets what, as `routes:` and `bindings:` in the configuration say it.
struct Wiring {
  std::map<std::string, std::string> bindings;            ///< request name → the instance that serves it
  std::map<std::string, std::vector<EventRoute>> routes;  ///< event name → where it goes
};

/// One instance that is about to run.
struct WiredInstance {
  std::string name;
  const Manifest* manifest = nullptr;
};

struct WiringProblem {
  std::string id;  ///< "wiring.no_server", "wiring.ambiguous", "wiring.mismatch", "wiring.unknown_instance",
                   ///< "wiring.unknown_message"
  std::string
      path;  ///< in the configuration: "bindings.erp.stock.query", "routes.inbox.message.accepted", "plugins.bot"
  std::string text;  ///< a sentence: what is wrong and what to do
};

/// Everything that is wrong with the wiring, before anything starts; empty when it can run.
std::vector<WiringProblem> check_wiring(const std::vector<WiredInstance>& instances, const Wiring& wiring);

}  // namespace qiao::core
