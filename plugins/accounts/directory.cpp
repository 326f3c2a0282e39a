#include "plugins/accounts/directory.hpp"

#include <algorithm>

#include "qiao/contract/access.hpp"

namespace qiao::accounts {

using contract::AgentView;
using contract::Presence;
using contract::Role;

std::vector<std::string> permissions_of(const AgentView& agent) {
  namespace may = contract::permission;
  std::vector<std::string> list;
  switch (agent.role) {
    case Role::admin:
      return {"*"};
    case Role::supervisor:
      list = {may::kConversations, may::kTickets,        may::kKnowledgeRead,
              may::kKnowledgeEdit, may::kContactsReveal, may::kContactsManage};
      break;
    case Role::agent:
      list = {may::kConversations, may::kTickets, may::kKnowledgeRead, may::kContactsReveal};
      break;
    case Role::worker:
      list = {may::kTickets};
      break;
  }
  for (const std::string& group : agent.groups) list.push_back("group:" + group);
  return list;
}

void Directory::put(AgentRecord agent) {
  const std::lock_guard lock(mutex_);
  const auto known = logins_.find(agent.view.id);
  if (known != logins_.end()) {
    agent.view.presence = by_login_.at(known->second).view.presence;
    if (known->second != agent.view.login) by_login_.erase(known->second);
  }
  if (!agent.view.active) {
    agent.view.presence = Presence::offline;
    screens_.erase(agent.view.id);
  }
  logins_[agent.view.id] = agent.view.login;
  std::string login = agent.view.login;
  by_login_.insert_or_assign(std::move(login), std::move(agent));
}

std::optional<AgentRecord> Directory::find(Id agent) const {
  const std::lock_guard lock(mutex_);
  const auto login = logins_.find(agent);
  if (login == logins_.end()) return std::nullopt;
  return by_login_.at(login->second);
}

std::optional<AgentRecord> Directory::find_login(const std::string& login) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_login_.find(login);
  if (found == by_login_.end()) return std::nullopt;
  return found->second;
}

contract::AgentList Directory::list() const {
  contract::AgentList out;
  out.groups = groups_;
  const std::lock_guard lock(mutex_);
  out.agents.reserve(by_login_.size());
  for (const auto& [login, agent] : by_login_) out.agents.push_back(agent.view);
  return out;
}

int Directory::active_admins() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count_if(by_login_.begin(), by_login_.end(), [](const auto& entry) {
    return entry.second.view.role == Role::admin && entry.second.view.active;
  }));
}

bool Directory::has_group(const std::string& key) const {
  return std::any_of(groups_.begin(), groups_.end(), [&](const auto& group) { return group.key == key; });
}

Result<Directory::PresenceChange> Directory::set_presence(const contract::SetPresence& wanted) {
  const std::lock_guard lock(mutex_);
  const auto login = logins_.find(wanted.agent);
  if (login == logins_.end())
    return Error{Errc::not_found, "accounts.unknown_agent", "there is no agent " + wanted.agent.str()};
  AgentView& agent = by_login_.at(login->second).view;
  std::vector<Id>& screens = screens_[wanted.agent];
  Presence next = agent.active ? wanted.presence : Presence::offline;
  if (wanted.screen.empty()) {
    if (next == Presence::offline) screens.clear();
  } else if (next == Presence::offline) {
    std::erase(screens, wanted.screen);
    if (!screens.empty()) next = agent.presence;
  } else if (std::find(screens.begin(), screens.end(), wanted.screen) == screens.end()) {
    screens.push_back(wanted.screen);
  }
  const bool changed = agent.presence != next;
  agent.presence = next;
  return PresenceChange{agent, changed};
}

AllScreens Directory::screens() const {
  AllScreens out;
  const std::lock_guard lock(mutex_);
  for (const auto& [login, agent] : by_login_) {
    if (agent.view.presence == Presence::offline) continue;
    const auto open = screens_.find(agent.view.id);
    out.agents.push_back(
        {agent.view.id, agent.view.presence, open == screens_.end() ? std::vector<Id>{} : open->second});
  }
  return out;
}

void Directory::take_over(const AllScreens& before) {
  const std::lock_guard lock(mutex_);
  for (const AgentScreens& known : before.agents) {
    const auto login = logins_.find(known.agent);
    if (login == logins_.end() || !by_login_.at(login->second).view.active) continue;
    by_login_.at(login->second).view.presence = known.presence;
    screens_[known.agent] = known.screens;
  }
}

}  // namespace qiao::accounts
