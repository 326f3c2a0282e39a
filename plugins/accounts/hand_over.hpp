#pragma once

#include "qiao/contract/accounts.hpp"

namespace qiao::accounts {

struct AgentScreens {
  Id agent;
  contract::Presence presence = contract::Presence::offline;
  std::vector<Id> screens;
};
QIAO_FIELDS(AgentScreens, agent, presence, screens)

struct AllScreens {
  std::vector<AgentScreens> agents;
};
QIAO_FIELDS(AllScreens, agents)

/// A new generation asks the one that it replaces who is there: presence lives in memory, and agents must not go
/// offline because the plugin was reloaded.
struct TakeOverScreens {};
QIAO_FIELDS(TakeOverScreens)
QIAO_REQUEST(TakeOverScreens, AllScreens, "accounts.take_over_screens", 1)

}  // namespace qiao::accounts
