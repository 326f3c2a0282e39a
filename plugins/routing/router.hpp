#pragma once

#include <optional>
#include <string>

#include "plugins/routing/config.hpp"
#include "qiao/contract/routing.hpp"

namespace qiao::routing {

/// Decides where a conversation goes. Pure: the same question over the same people has the same answer.
///
/// The group: the hint (what the bot understood, or the group that an agent transfers to); then the group that a queued
/// conversation has; then the first rule with keywords that fits what the customer wrote last, the first rule without
/// keywords, and the default group.
///
/// The agent: online, in the group, of a role that is assigned to, with room. The customer's previous agent first, then
/// those who speak the language, then the least loaded by share of capacity, then the one with the lower id.
///
/// Outside the opening hours, when nobody can take it, the customer is promised when somebody will; who wrote then
/// comes before all others.
class Router {
 public:
  explicit Router(RoutingConfig config);

  [[nodiscard]] contract::RouteDecision decide(const contract::DecideRoute& question, const contract::AgentList& people,
                                               std::chrono::seconds handling_time, Time now = {}) const;

 private:
  struct Group {
    std::string key;
    std::string reason;
  };
  [[nodiscard]] Group group_of(const contract::DecideRoute& question) const;
  [[nodiscard]] bool speaks(const contract::AgentView& agent, const std::string& language) const;

  RoutingConfig config_;
  OpeningHours hours_;
};

}  // namespace qiao::routing
