#include "plugins/inbox/directory.hpp"

#include "plugins/inbox/text.hpp"

namespace qiao::inbox {

using namespace std::chrono_literals;

void Directory::refresh(std::function<void()> then) {
  bus_.request(contract::ListAgents{}, 2s, [this, then = std::move(then)](Result<contract::AgentList> list) {
    if (list) {
      const std::lock_guard lock(mutex_);
      agents_.clear();
      groups_.clear();
      for (contract::AgentView& agent : list->agents) agents_.emplace(agent.id, std::move(agent));
      for (contract::GroupView& group : list->groups) groups_.emplace(group.key, std::move(group));
    }
    if (then) then();
  });
}

void Directory::learn(const contract::AgentView& agent) {
  const std::lock_guard lock(mutex_);
  agents_[agent.id] = agent;
}

bool Directory::find(Id id, contract::AgentView& agent) const {
  const std::lock_guard lock(mutex_);
  const auto it = agents_.find(id);
  if (it == agents_.end() || !it->second.active) return false;
  agent = it->second;
  return true;
}

bool Directory::has_group(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return groups_.contains(key);
}

void Directory::agent(Id id, std::function<void(Result<contract::AgentView>)> found) {
  contract::AgentView known;
  if (find(id, known)) return found(std::move(known));
  refresh([this, id, found = std::move(found)] {
    contract::AgentView agent;
    if (find(id, agent)) return found(std::move(agent));
    found(Error{Errc::not_found, "agent.not_found", fmt::format("there is no agent {} who may work", id.value)});
  });
}

void Directory::group_exists(const std::string& key, std::function<void(bool)> found) {
  if (has_group(key)) return found(true);
  refresh([this, key, found = std::move(found)] {
    bool exists = false;
    {
      const std::lock_guard lock(mutex_);
      exists = groups_.empty() || groups_.contains(key);
    }
    found(exists);
  });
}

std::string Directory::group_name(const std::string& key, std::string_view language) const {
  const std::lock_guard lock(mutex_);
  const auto it = groups_.find(key);
  if (it == groups_.end()) return key;
  const std::string& name = chinese(language) ? it->second.name_zh : it->second.name_en;
  return name.empty() ? key : name;
}

}  // namespace qiao::inbox
