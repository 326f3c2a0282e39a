#include "plugins/accounts/account_store.hpp"

#include <map>

namespace qiao::accounts::store {
namespace {

constexpr Migration kMigrations[] = {
    {1, "agents, memberships, sessions and invitations", R"sql(
CREATE TABLE accounts_agent (
  id BIGINT NOT NULL PRIMARY KEY,
  login VARCHAR(64) NOT NULL UNIQUE,
  name VARCHAR(200) NOT NULL,
  role INT NOT NULL,
  capacity INT NOT NULL,
  active INT NOT NULL,
  password VARCHAR(128) NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE TABLE accounts_membership (
  agent BIGINT NOT NULL,
  group_key VARCHAR(40) NOT NULL,
  PRIMARY KEY (agent, group_key)
);
CREATE TABLE accounts_session (
  id BIGINT NOT NULL PRIMARY KEY,
  agent BIGINT NOT NULL,
  token_hash VARCHAR(64) NOT NULL UNIQUE,
  address VARCHAR(64) NOT NULL,
  device VARCHAR(200) NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
);
CREATE TABLE accounts_invitation (
  token_hash VARCHAR(64) NOT NULL PRIMARY KEY,
  expires_at BIGINT NOT NULL
)
)sql"},
};

Result<void> insert_memberships(Session& db, const AgentRecord& agent) {
  for (const std::string& group : agent.view.groups) {
    auto done = db.run("INSERT INTO accounts_membership (agent, group_key) VALUES (?, ?)", agent.view.id, group);
    if (!done) return done.error();
  }
  return {};
}

Result<void> plain(Result<std::int64_t> changed) {
  if (!changed) return changed.error();
  return {};
}

Error no_invitation() {
  return {Errc::not_found, "accounts.no_invitation",
          "This invitation was used, is over, or never was; restart the hub for a new one."};
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

Result<std::vector<AgentRecord>> agents(Session& db) {
  std::map<Id, std::vector<std::string>> groups;
  {
    auto rows = db.query("SELECT agent, group_key FROM accounts_membership ORDER BY agent, group_key");
    while (rows->next()) groups[rows->id(0)].push_back(rows->str(1));
    if (auto ok = rows->status(); !ok) return ok.error();
  }
  std::vector<AgentRecord> out;
  auto rows = db.query("SELECT id, login, name, role, capacity, active, password FROM accounts_agent ORDER BY login");
  while (rows->next()) {
    AgentRecord agent;
    agent.view.id = rows->id(0);
    agent.view.login = rows->str(1);
    agent.view.name = rows->str(2);
    agent.view.role = static_cast<contract::Role>(rows->integer(3));
    agent.view.capacity = static_cast<std::int32_t>(rows->integer(4));
    agent.view.active = rows->integer(5) != 0;
    agent.view.groups = groups[agent.view.id];
    agent.password = rows->str(6);
    out.push_back(std::move(agent));
  }
  if (auto ok = rows->status(); !ok) return ok.error();
  return out;
}

Result<void> insert_agent(Session& db, const AgentRecord& agent, Time now) {
  const contract::AgentView& a = agent.view;
  auto done = db.run(
      "INSERT INTO accounts_agent (id, login, name, role, capacity, active, password, created_at, changed_at) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      a.id, a.login, a.name, a.role, a.capacity, a.active, agent.password, now, now);
  if (!done) {
    if (done.error().code != Errc::conflict) return done.error();
    return Error{Errc::conflict, "accounts.login_taken", "the login name \"" + a.login + "\" is taken"};
  }
  return insert_memberships(db, agent);
}

Result<void> update_agent(Session& db, const AgentRecord& agent, Time now) {
  const contract::AgentView& a = agent.view;
  auto done = db.run(
      "UPDATE accounts_agent SET name = ?, role = ?, capacity = ?, active = ?, password = ?, changed_at = ? WHERE id = "
      "?",
      a.name, a.role, a.capacity, a.active, agent.password, now, a.id);
  if (!done) return done.error();
  auto cleared = db.run("DELETE FROM accounts_membership WHERE agent = ?", a.id);
  if (!cleared) return cleared.error();
  return insert_memberships(db, agent);
}

Result<std::vector<SessionRecord>> sessions(Session& db) {
  std::vector<SessionRecord> out;
  auto rows = db.query("SELECT id, agent, token_hash, address, device, created_at, seen_at FROM accounts_session");
  while (rows->next()) {
    out.push_back({rows->id(0), rows->id(1), rows->str(2), rows->str(3), rows->str(4), rows->time(5), rows->time(6)});
  }
  if (auto ok = rows->status(); !ok) return ok.error();
  return out;
}

Result<void> insert_session(Session& db, const SessionRecord& s) {
  return plain(
      db.run("INSERT INTO accounts_session (id, agent, token_hash, address, device, created_at, seen_at) VALUES (?, ?, "
             "?, ?, ?, ?, ?)",
             s.id, s.agent, s.token_hash, s.address, s.device, s.created_at, s.seen_at));
}

Result<void> touch_session(Session& db, const SessionRecord& session) {
  return plain(db.run("UPDATE accounts_session SET seen_at = ? WHERE id = ?", session.seen_at, session.id));
}

Result<void> delete_session(Session& db, Id session) {
  return plain(db.run("DELETE FROM accounts_session WHERE id = ?", session));
}

Result<void> insert_invitation(Session& db, const std::string& token_hash, Time expires_at) {
  auto cleared = db.run("DELETE FROM accounts_invitation");
  if (!cleared) return cleared.error();
  return plain(
      db.run("INSERT INTO accounts_invitation (token_hash, expires_at) VALUES (?, ?)", token_hash, expires_at));
}

Result<void> check_invitation(Session& db, const std::string& token_hash, Time now) {
  auto rows =
      db.query("SELECT expires_at FROM accounts_invitation WHERE token_hash = ? AND expires_at > ?", token_hash, now);
  if (rows->next()) return {};
  if (auto ok = rows->status(); !ok) return ok;
  return no_invitation();
}

Result<void> use_invitation(Session& db, const std::string& token_hash, Time now) {
  auto used = db.run("DELETE FROM accounts_invitation WHERE token_hash = ? AND expires_at > ?", token_hash, now);
  if (!used) return used.error();
  if (*used == 0) return no_invitation();
  return {};
}

}  // namespace qiao::accounts::store
