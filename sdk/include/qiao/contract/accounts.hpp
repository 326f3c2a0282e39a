#pragma once

#include "qiao/message.hpp"

namespace qiao::contract {

enum class Presence : std::uint8_t { offline, away, online };
QIAO_ENUM(Presence, offline, away, online)

enum class Role : std::uint8_t { agent, worker, supervisor, admin };
QIAO_ENUM(Role, agent, worker, supervisor, admin)

struct AgentView {
  Id id;
  std::string login;
  std::string name;
  Role role = Role::agent;
  std::vector<std::string> groups;  ///< keys
  std::int32_t capacity = 8;        ///< open conversations at once
  Presence presence = Presence::offline;
  bool active = true;  ///< false: may not log in
};
QIAO_FIELDS(AgentView, id, login, name, role, groups, capacity, presence, active)

struct GroupView {
  std::string key;      ///< "after-sales"
  std::string name_zh;  ///< "售后组"
  std::string name_en;
  bool department = false;  ///< takes tickets
};
QIAO_FIELDS(GroupView, key, name_zh, name_en, department)

struct AgentList {
  std::vector<AgentView> agents;
  std::vector<GroupView> groups;
};
QIAO_FIELDS(AgentList, agents, groups)

/// Everybody who may log in, and the groups. From memory: fast enough to ask for each decision.
struct ListAgents {};
QIAO_FIELDS(ListAgents)
QIAO_REQUEST(ListAgents, AgentList, "accounts.list_agents", 1)

/// An agent's screens say whether the agent is there: online or away while one of them is open, offline after the last
/// has closed. Whoever holds the screens names each with an id of its own (`screen`): online and away open it or change
/// the agent's state, offline closes it. Saying the same again changes nothing. Without `screen` the state is set
/// outright.
struct SetPresence {
  Id agent;
  Presence presence = Presence::online;
  Id screen;
};
QIAO_FIELDS(SetPresence, agent, presence, screen)
QIAO_REQUEST(SetPresence, AgentView, "accounts.set_presence", 1)

struct AgentChanged {
  AgentView agent;
};
QIAO_FIELDS(AgentChanged, agent)
QIAO_EVENT(AgentChanged, "accounts.agent.changed", 1)

/// Turns a session token from a first frame into its agent; `unauthorized` when it is unknown or over.
struct VerifySession {
  std::string token;
};
QIAO_FIELDS(VerifySession, token)
struct SessionView {
  Id session;
  AgentView agent;
  std::vector<std::string> permissions;
};
QIAO_FIELDS(SessionView, session, agent, permissions)
QIAO_REQUEST(VerifySession, SessionView, "accounts.verify_session", 1)

/// A session is over (logged out, expired, revoked): sockets that used it close.
struct SessionEnded {
  Id session;
  Id agent;
};
QIAO_FIELDS(SessionEnded, session, agent)
QIAO_EVENT(SessionEnded, "accounts.session.ended", 1)

}  // namespace qiao::contract
