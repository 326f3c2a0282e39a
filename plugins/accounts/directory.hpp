#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/accounts/hand_over.hpp"
#include "qiao/contract/accounts.hpp"

namespace qiao::accounts {

struct AgentRecord {
  contract::AgentView view;
  std::string password;  ///< its hash
};

/// Everything that a person of this role and these groups may do.
std::vector<std::string> permissions_of(const contract::AgentView& agent);

/// Who works here, and who is there right now, in memory. Any thread.
class Directory {
 public:
  explicit Directory(std::vector<contract::GroupView> groups) : groups_(std::move(groups)) {}

  /// Adds or replaces; presence is kept.
  void put(AgentRecord agent);
  [[nodiscard]] std::optional<AgentRecord> find(Id agent) const;
  /// `login` in lower case.
  [[nodiscard]] std::optional<AgentRecord> find_login(const std::string& login) const;
  /// Sorted by login.
  [[nodiscard]] contract::AgentList list() const;
  [[nodiscard]] int active_admins() const;
  [[nodiscard]] bool has_group(const std::string& key) const;

  struct PresenceChange {
    contract::AgentView agent;
    bool changed = false;
  };
  /// See SetPresence. `not_found` for an unknown agent.
  Result<PresenceChange> set_presence(const contract::SetPresence& wanted);
  /// Everybody who is there, for the generation that comes next.
  [[nodiscard]] AllScreens screens() const;
  /// What the generation before knew.
  void take_over(const AllScreens& before);

 private:
  const std::vector<contract::GroupView> groups_;
  mutable std::mutex mutex_;
  std::map<std::string, AgentRecord> by_login_;
  std::unordered_map<Id, std::string> logins_;
  std::unordered_map<Id, std::vector<Id>> screens_;
};

}  // namespace qiao::accounts
