#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "plugins/accounts/config.hpp"
#include "plugins/accounts/directory.hpp"
#include "plugins/accounts/login_guard.hpp"
#include "plugins/accounts/session_table.hpp"
#include "qiao/audit.hpp"
#include "qiao/http.hpp"
#include "qiao/store.hpp"

namespace qiao::accounts {

struct NewAgent {
  std::string login;
  std::string name;
  contract::Role role = contract::Role::agent;
  std::vector<std::string> groups;
  std::int32_t capacity = 8;
  std::string password;
};
QIAO_FIELDS(NewAgent, login, name, role, groups, capacity, password)

/// What is not given stays as it is.
struct AgentPatch {
  Id id;
  std::optional<std::string> name;
  std::optional<contract::Role> role;
  std::optional<std::vector<std::string>> groups;
  std::optional<std::int32_t> capacity;
  std::optional<bool> active;
  std::optional<std::string> password;
};
QIAO_FIELDS(AgentPatch, id, name, role, groups, capacity, active, password)

/// Where a login comes from.
struct Origin {
  std::string address;
  std::string device;
};

struct LoggedIn {
  SessionRecord session;
  contract::AgentView agent;
  std::string token;  ///< the only time that it is seen
};

/// Agents, their passwords and their sessions; the database is the truth, memory answers. What changes something waits
/// for the database and is called from the password lane; the rest is memory only and may be called from any thread.
class AccountService {
 public:
  /// Told after the fact, on the thread that caused it, without a lock held.
  struct Listener {
    std::function<void(Id agent)> agent_changed;
    std::function<void(Id session, Id agent)> session_ended;
  };

  AccountService(const AccountsConfig& config, Database& db, Audit& audit, const Clock& clock, Listener listener);

  /// Reads everything; creates the demo's agents when there are no agents at all. Without a demo those
  /// who still have its password are inactive. In `start`; waits.
  Result<void> load(bool demo);
  /// Reads again what another generation or node changed since `load`. Waits.
  Result<void> refresh();
  /// A token for the first administrator, when there is none yet; empty otherwise. Replaces earlier ones. Waits.
  Result<std::string> invite_first_admin();

  // Password lane. A login must have been let through by `guard`; the others are. Logins, failed ones too, and changes
  // of accounts are in the audit log; `by` says whose doing it is, its action and object are filled in.
  Result<LoggedIn> login(const std::string& login, const std::string& password, const Origin& from);
  Result<contract::AgentView> create(const NewAgent& wanted, AuditEntry by);
  Result<contract::AgentView> change(const AgentPatch& patch, AuditEntry by);
  /// The agent's other sessions end.
  Result<void> change_password(Id agent, Id keep_session, const std::string& old_password,
                               const std::string& new_password, const Origin& from, AuditEntry by);
  Result<LoggedIn> accept_invitation(const std::string& token, const NewAgent& admin, const Origin& from);

  // Any thread that may wait.
  /// `not_found` when it is not a session of that agent.
  Result<void> end_session(Id agent, Id session);
  void end_expired();
  /// Writes when sessions were last used; does not wait.
  void save_last_use();

  // Memory only.
  [[nodiscard]] Principal authenticate(std::string_view token);
  [[nodiscard]] Result<contract::SessionView> verify(std::string_view token);
  [[nodiscard]] Directory& directory() noexcept { return directory_; }
  [[nodiscard]] SessionTable& sessions() noexcept { return sessions_; }
  [[nodiscard]] LoginGuard& guard() noexcept { return guard_; }

 private:
  Result<void> read(std::vector<AgentRecord>& agents, std::vector<SessionRecord>& sessions);
  void keep(std::vector<AgentRecord> agents);
  Result<LoggedIn> open_session(const contract::AgentView& agent, const Origin& from);
  Result<void> end_sessions(const std::vector<SessionRecord>& which);
  Result<void> end_sessions_of(Id agent, Id but);
  Result<void> check(const contract::AgentView& agent) const;
  Result<void> save(const AgentRecord& agent, bool fresh, const AuditEntry& entry);
  void note_failed_login(const std::optional<AgentRecord>& agent, const Origin& from);

  Database& db_;
  Audit& audit_;
  const Clock& clock_;
  const Listener listener_;
  Directory directory_;
  SessionTable sessions_;
  LoginGuard guard_;
  bool demo_ = false;    ///< set in `load`, before anything else runs
  std::mutex changing_;  ///< held while one agent's row and memory change together; never with another lock before it
};

/// As logins are compared: lower case, without spaces around it.
std::string login_key(std::string_view login);

}  // namespace qiao::accounts
