#pragma once

#include "qiao/contract/conversation.hpp"

namespace qiao::contract {

/// How many open conversations an agent has.
struct AgentLoad {
  Id agent;
  std::int32_t open = 0;
};
QIAO_FIELDS(AgentLoad, agent, open)

/// Where a conversation goes. Without an agent it waits in the group's queue.
struct RouteDecision {
  std::string group;
  Id agent;
  std::string agent_name;
  std::int32_t estimate_s = 0;  ///< how long the customer will probably wait; 0: unknown or at once
  std::int32_t rank = 0;  ///< order within the queue: lower first (in-app before others), then the time of queueing
  std::string reason;     ///< for the log and the agent: "keyword 退款 → after-sales; least loaded of 2"
  std::string notice{};   ///< for the customer who waits, instead of their place: when somebody will be there
};
QIAO_FIELDS(RouteDecision, group, agent, agent_name, estimate_s, rank, reason, notice)

/// Asked when a conversation needs a person, and again for queued ones when an agent becomes free.
struct DecideRoute {
  ConversationView conversation;
  std::string text;        ///< what the customer wrote last
  std::string group_hint;  ///< from the bot or an agent
  bool in_app = false;
  Id previous_agent;             ///< who served this contact last
  std::int32_t ahead = 0;        ///< how many wait before it, when it is queued already
  std::vector<AgentLoad> loads;  ///< agents not named have none
};
QIAO_FIELDS(DecideRoute, conversation, text, group_hint, in_app, previous_agent, ahead, loads)
QIAO_REQUEST(DecideRoute, RouteDecision, "routing.decide", 1)

}  // namespace qiao::contract
