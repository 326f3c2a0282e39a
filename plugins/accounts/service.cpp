#include "plugins/accounts/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "plugins/accounts/account_store.hpp"
#include "plugins/accounts/demo.hpp"
#include "plugins/accounts/passwords.hpp"
#include "plugins/accounts/tokens.hpp"

namespace qiao::accounts {
namespace {

using contract::AgentView;
using contract::Role;

constexpr std::size_t kMostSessions = 50;  // of one agent; a program that logs in again and again keeps the newest
constexpr auto kInvitationLasts = 24h;

Error wrong_login() { return {Errc::unauthorized, "accounts.wrong_login", "The login name or the password is wrong."}; }

/// For the audit log.
std::string rights_of(const AgentView& agent) {
  std::string_view role;
  for (const EnumName& name : qiao_enum_of(&agent.role)) {
    if (name.value == static_cast<std::int64_t>(agent.role)) role = name.name;
  }
  return fmt::format("role={} groups={} {}", role, fmt::join(agent.groups, ","), agent.active ? "active" : "inactive");
}

std::vector<contract::GroupView> views(const std::vector<GroupConfig>& groups) {
  std::vector<contract::GroupView> out;
  for (const GroupConfig& g : groups) out.push_back({g.key, g.name_zh, g.name_en, g.department});
  return out;
}

}  // namespace

std::string login_key(std::string_view login) {
  while (!login.empty() && login.front() == ' ') login.remove_prefix(1);
  while (!login.empty() && login.back() == ' ') login.remove_suffix(1);
  std::string out(login.substr(0, 64));
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

AccountService::AccountService(const AccountsConfig& config, Database& db, Audit& audit, const Clock& clock,
                               Listener listener)
    : db_(db),
      audit_(audit),
      clock_(clock),
      listener_(std::move(listener)),
      directory_(views(config.groups)),
      sessions_(clock, config.session_idle, config.session_length),
      guard_(config.failed_logins_per_address, config.failed_logins_window) {}

Result<void> AccountService::read(std::vector<AgentRecord>& agents, std::vector<SessionRecord>& sessions) {
  return db_.read([&](Session& db) -> Result<void> {
    auto found_agents = store::agents(db);
    if (!found_agents) return found_agents.error();
    auto found_sessions = store::sessions(db);
    if (!found_sessions) return found_sessions.error();
    agents = std::move(*found_agents);
    sessions = std::move(*found_sessions);
    return {};
  });
}

void AccountService::keep(std::vector<AgentRecord> agents) {
  for (AgentRecord& agent : agents) {
    if (!demo_ && has_demo_password(agent)) {
      agent.view.active = false;
      agent.password.clear();
    }
    directory_.put(std::move(agent));
  }
}

Result<void> AccountService::load(bool demo) {
  demo_ = demo;
  if (auto done = db_.migrate(store::migrations()); !done) return done;
  std::vector<AgentRecord> agents;
  std::vector<SessionRecord> sessions;
  if (auto done = read(agents, sessions); !done) return done;
  if (agents.empty() && demo) {
    agents = demo_staff(directory_.list().groups);
    const Time now = clock_.now();
    auto done = db_.write_and_wait([&](Session& db) -> Result<void> {
      for (const AgentRecord& agent : agents) {
        if (auto stored = store::insert_agent(db, agent, now); !stored) return stored;
      }
      return {};
    });
    if (!done) return done;
  }
  keep(std::move(agents));
  std::vector<SessionRecord> over;
  for (SessionRecord& session : sessions) {
    if (!sessions_.put(session)) over.push_back(std::move(session));
  }
  return end_sessions(over);
}

Result<void> AccountService::refresh() {
  const std::lock_guard lock(changing_);
  // A session gets into memory after its commit: those that memory has now and the database has not were ended
  // elsewhere.
  const std::vector<Id> before = sessions_.ids();
  std::vector<AgentRecord> agents;
  std::vector<SessionRecord> sessions;
  if (auto done = read(agents, sessions); !done) return done;
  keep(std::move(agents));
  std::set<Id> alive;
  for (SessionRecord& session : sessions) {
    alive.insert(session.id);
    sessions_.put(std::move(session));
  }
  for (Id id : before) {
    if (alive.contains(id)) continue;
    if (const auto gone = sessions_.remove(id)) listener_.session_ended(gone->id, gone->agent);
  }
  return {};
}

Result<std::string> AccountService::invite_first_admin() {
  if (directory_.active_admins() > 0) return std::string();
  std::string token = new_token(kInvitationPrefix);
  const Time until = clock_.now() + kInvitationLasts;
  auto done = db_.write_and_wait([&](Session& db) { return store::insert_invitation(db, token_hash(token), until); });
  if (!done) return done.error();
  return token;
}

Result<LoggedIn> AccountService::login(const std::string& login, const std::string& password, const Origin& from) {
  const auto agent = directory_.find_login(login_key(login));
  // The password is always computed, so that nobody learns from the clock which names exist.
  const bool fits = fits_password(agent ? agent->password : std::string(), password);
  if (!fits || !agent->view.active) {
    note_failed_login(agent, from);
    return wrong_login();
  }
  auto opened = open_session(agent->view, from);
  if (opened) guard_.succeeded(login_key(login), from.address);
  return opened;
}

void AccountService::note_failed_login(const std::optional<AgentRecord>& agent, const Origin& from) {
  // What was typed as a name is not kept: people type their password there.
  AuditEntry entry{"login.failed", agent ? "agent:" + agent->view.id.str() : "agent:unknown"};
  entry.remote = from.address;
  db_.write(
      0, [this, entry](Session& db) { return audit_.record(db, entry); }, [](Result<void>) {});
}

Result<LoggedIn> AccountService::open_session(const AgentView& agent, const Origin& from) {
  LoggedIn out;
  out.agent = agent;
  out.token = new_token(kSessionPrefix);
  const Time now = clock_.now();
  out.session = {new_id(), agent.id, token_hash(out.token), from.address.substr(0, 64), from.device.substr(0, 200),
                 now,      now};
  AuditEntry entry{"login", "agent:" + agent.id.str()};
  entry.actor_type = Principal::Type::agent;
  entry.actor = agent.id;
  entry.actor_name = agent.name;
  entry.remote = from.address;
  auto done = db_.write_and_wait([&](Session& db) -> Result<void> {
    if (auto noted = audit_.record(db, entry); !noted) return noted;
    return store::insert_session(db, out.session);
  });
  if (!done) return done.error();
  sessions_.put(out.session);
  // Deactivated in the meantime: the change may have ended the agent's sessions before this one was there.
  if (const auto current = directory_.find(agent.id); !current || !current->view.active) {
    if (auto ended = end_sessions({out.session}); !ended) return ended.error();
    return wrong_login();
  }
  std::vector<SessionRecord> all = sessions_.of(agent.id);
  if (all.size() > kMostSessions) {
    all.resize(all.size() - kMostSessions);
    if (auto ended = end_sessions(all); !ended) return ended.error();
  }
  return out;
}

Result<void> AccountService::check(const AgentView& agent) const {
  const auto bad = [](std::string sentence) { return Error{Errc::bad_value, std::move(sentence)}; };
  if (agent.name.empty() || agent.name.size() > 100) return bad("name: 1 to 100 bytes are needed");
  if (agent.capacity < 1 || agent.capacity > 100) return bad("capacity: 1 to 100 conversations at once");
  for (const std::string& group : agent.groups) {
    if (!directory_.has_group(group))
      return bad("groups: there is no group \"" + group + "\"; groups stand in the configuration of accounts");
  }
  return {};
}

Result<void> AccountService::save(const AgentRecord& agent, bool fresh, const AuditEntry& entry) {
  const Time now = clock_.now();
  auto done = db_.write_and_wait([&](Session& db) -> Result<void> {
    auto saved = fresh ? store::insert_agent(db, agent, now) : store::update_agent(db, agent, now);
    return saved ? audit_.record(db, entry) : saved;
  });
  if (done) directory_.put(agent);
  return done;
}

Result<AgentView> AccountService::create(const NewAgent& wanted, AuditEntry by) {
  AgentRecord agent;
  agent.view = {new_id(), login_key(wanted.login), wanted.name, wanted.role, wanted.groups, wanted.capacity};
  const std::string& login = agent.view.login;
  if (login.size() < 2 || !std::all_of(login.begin(), login.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == '@';
      })) {
    return Error{Errc::bad_value, "login: 2 to 64 letters, digits, dots, hyphens, underscores or @"};
  }
  std::sort(agent.view.groups.begin(), agent.view.groups.end());
  agent.view.groups.erase(std::unique(agent.view.groups.begin(), agent.view.groups.end()), agent.view.groups.end());
  if (auto ok = check(agent.view); !ok) return ok.error();
  if (auto ok = check_new_password(wanted.password, login); !ok) return ok.error();
  auto hash = hash_password(wanted.password);
  if (!hash) return hash.error();
  agent.password = std::move(*hash);
  {
    const std::lock_guard lock(changing_);
    by.action = "agent.create";
    by.object = "agent:" + agent.view.id.str();
    by.detail = rights_of(agent.view);
    if (auto done = save(agent, true, by); !done) return done.error();
  }
  listener_.agent_changed(agent.view.id);
  return agent.view;
}

Result<AgentView> AccountService::change(const AgentPatch& patch, AuditEntry by) {
  std::string hash;
  if (patch.password) {
    const auto known = directory_.find(patch.id);
    if (auto ok = check_new_password(*patch.password, known ? known->view.login : ""); !ok) return ok.error();
    auto made = hash_password(*patch.password);
    if (!made) return made.error();
    hash = std::move(*made);
  }
  AgentRecord agent;
  {
    const std::lock_guard lock(changing_);
    auto known = directory_.find(patch.id);
    if (!known) return Error{Errc::not_found, "accounts.unknown_agent", "there is no agent " + patch.id.str()};
    const bool was_admin = known->view.role == Role::admin && known->view.active;
    agent = std::move(*known);
    if (patch.name) agent.view.name = *patch.name;
    if (patch.role) agent.view.role = *patch.role;
    if (patch.capacity) agent.view.capacity = *patch.capacity;
    if (patch.active) agent.view.active = *patch.active;
    if (patch.groups) {
      agent.view.groups = *patch.groups;
      std::sort(agent.view.groups.begin(), agent.view.groups.end());
      agent.view.groups.erase(std::unique(agent.view.groups.begin(), agent.view.groups.end()), agent.view.groups.end());
    }
    if (!hash.empty()) agent.password = hash;
    if (auto ok = check(agent.view); !ok) return ok.error();
    if (was_admin && (agent.view.role != Role::admin || !agent.view.active) && directory_.active_admins() == 1) {
      return Error{Errc::conflict, "accounts.last_admin", "this is the last administrator; make another one first"};
    }
    by.action = "agent.change";
    by.object = "agent:" + patch.id.str();
    by.detail = rights_of(agent.view) + (hash.empty() ? "" : "; new password");
    if (auto done = save(agent, false, by); !done) return done.error();
  }
  if (!agent.view.active || !hash.empty()) {
    if (auto ended = end_sessions_of(patch.id, {}); !ended) return ended.error();
  }
  listener_.agent_changed(patch.id);
  return agent.view;
}

Result<void> AccountService::change_password(Id id, Id keep_session, const std::string& old_password,
                                             const std::string& new_password, const Origin& from, AuditEntry by) {
  const auto known = directory_.find(id);
  if (!known) return Error{Errc::not_found, "accounts.unknown_agent", "there is no agent " + id.str()};
  if (auto may = guard_.begin(known->view.login, from.address, clock_.steady()); !may) return may;
  if (!fits_password(known->password, old_password)) {
    return Error{Errc::forbidden, "accounts.wrong_password", "The old password is wrong."};
  }
  guard_.succeeded(known->view.login, from.address);
  if (auto ok = check_new_password(new_password, known->view.login); !ok) return ok;
  auto hash = hash_password(new_password);
  if (!hash) return hash.error();
  {
    const std::lock_guard lock(changing_);
    auto agent = directory_.find(id);
    if (!agent) return Error{Errc::not_found, "accounts.unknown_agent", "there is no agent " + id.str()};
    agent->password = std::move(*hash);
    by.action = "agent.password";
    by.object = "agent:" + id.str();
    if (auto done = save(*agent, false, by); !done) return done;
  }
  return end_sessions_of(id, keep_session);
}

Result<LoggedIn> AccountService::accept_invitation(const std::string& token, const NewAgent& admin,
                                                   const Origin& from) {
  AgentRecord agent;
  agent.view = {new_id(), login_key(admin.login), admin.name, Role::admin, {}, admin.capacity};
  if (agent.view.login.size() < 2)
    return Error{Errc::bad_value, "login: 2 to 64 letters, digits, dots, hyphens, underscores or @"};
  if (auto ok = check(agent.view); !ok) return ok.error();
  if (auto ok = check_new_password(admin.password, agent.view.login); !ok) return ok.error();
  const Time now = clock_.now();
  // Asked before the expensive part, so that made-up tokens cost nothing.
  auto known = db_.read([&](Session& db) { return store::check_invitation(db, token_hash(token), now); });
  if (!known) return known.error();
  auto hash = hash_password(admin.password);
  if (!hash) return hash.error();
  agent.password = std::move(*hash);
  {
    const std::lock_guard lock(changing_);
    auto done = db_.write_and_wait([&](Session& db) -> Result<void> {
      if (auto used = store::use_invitation(db, token_hash(token), now); !used) return used;
      if (auto added = store::insert_agent(db, agent, now); !added) return added;
      AuditEntry entry{"agent.create", "agent:" + agent.view.id.str(), rights_of(agent.view) + "; by invitation"};
      entry.remote = from.address;
      return audit_.record(db, entry);
    });
    if (!done) return done.error();
    directory_.put(agent);
  }
  listener_.agent_changed(agent.view.id);
  return open_session(agent.view, from);
}

Result<void> AccountService::end_session(Id agent, Id session) {
  for (const SessionRecord& mine : sessions_.of(agent)) {
    if (mine.id == session) return end_sessions({mine});
  }
  return Error{Errc::not_found, "accounts.unknown_session", "there is no such session"};
}

Result<void> AccountService::end_sessions_of(Id agent, Id but) {
  std::vector<SessionRecord> list = sessions_.of(agent);
  std::erase_if(list, [&](const SessionRecord& s) { return s.id == but; });
  return end_sessions(list);
}

Result<void> AccountService::end_sessions(const std::vector<SessionRecord>& which) {
  if (which.empty()) return {};
  // Out of memory first: from here on the token is worth nothing, whatever the database says.
  for (const SessionRecord& session : which) {
    if (sessions_.remove(session.id)) listener_.session_ended(session.id, session.agent);
  }
  auto done = db_.write_and_wait([&](Session& db) -> Result<void> {
    for (const SessionRecord& session : which) {
      if (auto gone = store::delete_session(db, session.id); !gone) return gone;
    }
    return {};
  });
  // A refresh that read the table before the delete may have brought them back.
  for (const SessionRecord& session : which) sessions_.remove(session.id);
  return done;
}

void AccountService::end_expired() {
  auto over = std::make_shared<std::vector<SessionRecord>>(sessions_.take_expired());
  if (over->empty()) return;
  for (const SessionRecord& session : *over) listener_.session_ended(session.id, session.agent);
  db_.write(
      0,
      [over](Session& db) -> Result<void> {
        for (const SessionRecord& session : *over) {
          if (auto gone = store::delete_session(db, session.id); !gone) return gone;
        }
        return {};
      },
      // What stays in the table is over as well when it is read again.
      [](Result<void>) {}, Priority::background);
}

void AccountService::save_last_use() {
  auto used = std::make_shared<std::vector<SessionRecord>>(sessions_.take_used());
  if (used->empty()) return;
  db_.write(
      0,
      [used](Session& db) -> Result<void> {
        for (const SessionRecord& session : *used) {
          if (auto done = store::touch_session(db, session); !done) return done;
        }
        return {};
      },
      [](Result<void>) {}, Priority::background);
}

Principal AccountService::authenticate(std::string_view token) {
  Principal who;
  if (!token.starts_with(kSessionPrefix)) return who;
  const auto session = sessions_.use(token);
  if (!session) return who;
  const auto agent = directory_.find(session->agent);
  if (!agent || !agent->view.active) return who;
  who.type = Principal::Type::agent;
  who.id = agent->view.id;
  who.session = session->id;
  who.name = agent->view.name;
  who.permissions = permissions_of(agent->view);
  return who;
}

Result<contract::SessionView> AccountService::verify(std::string_view token) {
  const auto session = token.starts_with(kSessionPrefix) ? sessions_.use(token) : std::nullopt;
  const auto agent = session ? directory_.find(session->agent) : std::nullopt;
  if (!agent || !agent->view.active) {
    return Error{Errc::unauthorized, "accounts.session_over", "The login is over; log in again."};
  }
  return contract::SessionView{session->id, agent->view, permissions_of(agent->view)};
}

}  // namespace qiao::accounts
