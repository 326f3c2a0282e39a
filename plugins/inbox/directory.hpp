#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "qiao/bus.hpp"
#include "qiao/contract/accounts.hpp"

namespace qiao::inbox {

/// Names of agents and groups, as `accounts` told them last. Any thread; nothing is held across a request.
class Directory {
 public:
  explicit Directory(Bus& bus) : bus_(bus) {}

  /// Asks `accounts` for everybody; without an answer what was known stays. `then` may be empty.
  void refresh(std::function<void()> then = {});
  void learn(const contract::AgentView& agent);

  /// Finds the agent, asking once when it is not known: `not_found` when there is none, or it may not work.
  void agent(Id id, std::function<void(Result<contract::AgentView>)> found);
  /// False when there is no such group; true too while nobody has told about groups.
  void group_exists(const std::string& key, std::function<void(bool)> found);
  /// As people read it; the key itself when the name is not known.
  [[nodiscard]] std::string group_name(const std::string& key, std::string_view language) const;

 private:
  [[nodiscard]] bool find(Id id, contract::AgentView& agent) const;
  [[nodiscard]] bool has_group(const std::string& key) const;

  Bus& bus_;
  mutable std::mutex mutex_;
  std::unordered_map<Id, contract::AgentView> agents_;
  std::unordered_map<std::string, contract::GroupView> groups_;
};

}  // namespace qiao::inbox
