#include "plugins/accounts/routes.hpp"

#include <fmt/format.h>

#include "qiao/contract/access.hpp"

namespace qiao::accounts {
namespace {

using contract::AgentView;
namespace may = contract::permission;
using RequestPtr = std::shared_ptr<const HttpRequest>;

constexpr const char* kCookie = "qiao_session";
constexpr const char* kSecureCookie = "__Host-qiao_session";

struct LoginRequest {
  std::string login;
  std::string password;
  bool token = false;  ///< also answer the token, for programs
};
QIAO_FIELDS(LoginRequest, login, password, token)

struct LoginAnswer {
  AgentView agent;
  std::vector<std::string> permissions;
  Time expires_at;
  std::optional<std::string> token;
};
QIAO_FIELDS(LoginAnswer, agent, permissions, expires_at, token)

struct PasswordChange {
  std::string old_password;
  std::string new_password;
};
QIAO_FIELDS(PasswordChange, old_password, new_password)

struct SessionLine {
  Id id;
  std::string address;
  std::string device;
  Time created_at;
  Time seen_at;
  bool current = false;
};
QIAO_FIELDS(SessionLine, id, address, device, created_at, seen_at, current)

struct SessionList {
  std::vector<SessionLine> sessions;
};
QIAO_FIELDS(SessionList, sessions)

struct SessionPath {
  Id id;
};
QIAO_FIELDS(SessionPath, id)

struct AcceptInvitation {
  std::string token;
  std::string login;
  std::string name;
  std::string password;
};
QIAO_FIELDS(AcceptInvitation, token, login, name, password)

Origin origin_of(const HttpRequest& request) {
  return {request.remote, std::string(request.header("user-agent").substr(0, 200))};
}

/// A page of another site may make a browser send its cookie, but not the Origin of this one.
bool same_origin(const HttpRequest& request) {
  std::string_view origin = request.header("origin");
  if (origin.empty()) return request.header("sec-fetch-site") == "same-origin";
  const auto scheme = origin.find("://");
  return scheme != std::string_view::npos && origin.substr(scheme + 3) == request.header("host");
}

bool reads_only(const HttpRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

std::string_view session_cookie(const HttpRequest& request) {
  const std::string_view host_bound = request.cookie(kSecureCookie);
  return host_bound.empty() && !request.secure ? request.cookie(kCookie) : host_bound;
}

std::pair<std::string, std::string> set_cookie(const HttpRequest& request, const std::string& value,
                                               long long max_age) {
  return {"Set-Cookie",
          fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{}", request.secure ? kSecureCookie : kCookie,
                      value, max_age, request.secure ? "; Secure" : "")};
}

Result<Principal> authenticate(AccountService& accounts, const HttpRequest& request) {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view header = request.header("authorization");
  if (header.starts_with(kBearer)) return accounts.authenticate(header.substr(kBearer.size()));
  const std::string_view cookie = session_cookie(request);
  if (cookie.empty()) return Principal{};
  Principal who = accounts.authenticate(cookie);
  if (who.type != Principal::Type::nobody && !reads_only(request) && !same_origin(request)) {
    return Error{Errc::forbidden, "accounts.foreign_origin",
                 "A request with the login cookie must come from the hub's own pages; programs use a bearer token."};
  }
  return who;
}

HttpResponse logged_in(const SessionTable& sessions, const HttpRequest& request, const LoggedIn& login, bool with_token,
                       const Clock& clock) {
  LoginAnswer answer{login.agent, permissions_of(login.agent), sessions.ends_at(login.session), {}};
  if (with_token) answer.token = login.token;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(answer.expires_at - clock.now()).count();
  HttpResponse response;
  response.body = to_json(answer);
  response.headers.push_back(set_cookie(request, login.token, seconds));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

template <class T>
HttpResponse answer(const Result<T>& result) {
  HttpResponse response;
  if (!result) {
    response = HttpResponse::problem(result.error());
  } else if constexpr (std::is_void_v<T>) {
    response.status = 204;
  } else {
    response.body = to_json(*result);
  }
  return response;
}

/// Runs `work` on the password lane, or refuses.
bool on_password_lane(Bus& bus, const HttpReply& reply, std::function<void()> work) {
  if (bus.post(password_lane(), std::move(work))) return true;
  Error busy{Errc::overloaded, "accounts.busy", "Too many logins at once; try again in a few seconds."};
  busy.retry_after = std::chrono::seconds(3);
  reply(HttpResponse::problem(busy));
  return false;
}

void add_login(Http& http, Bus& bus, AccountService& accounts, const Clock& clock) {
  http.route_reply<LoginRequest, LoginAnswer>(
      {.method = "POST",
       .path = "/api/v1/login",
       .access = Access::anyone(),
       .summary = "Log in; sets the session cookie, and with `token` answers the session token for programs",
       .run = Run::direct,
       .max_body = 4096,
       .tag = "accounts"},
      [&](const LoginRequest& in, const RequestPtr& request, const HttpReply& reply) {
        if (!request->header("origin").empty() && !same_origin(*request)) {
          return reply(
              HttpResponse::problem({Errc::forbidden, "accounts.foreign_origin", "Log in on the hub's own pages."}));
        }
        const std::string login = login_key(in.login);
        if (auto may_try = accounts.guard().begin(login, request->remote, clock.steady()); !may_try) {
          return reply(HttpResponse::problem(may_try.error()));
        }
        const bool queued = on_password_lane(bus, reply, [&accounts, &clock, in, request, reply] {
          auto done = accounts.login(in.login, in.password, origin_of(*request));
          reply(done ? logged_in(accounts.sessions(), *request, *done, in.token, clock)
                     : HttpResponse::problem(done.error()));
        });
        if (!queued) accounts.guard().withdrawn(login, request->remote);
      });

  http.route_reply<AcceptInvitation, LoginAnswer>(
      {.method = "POST",
       .path = "/api/v1/invitations/{token}",
       .access = Access::anyone(),
       .summary = "Turn an invitation into the first administrator, logged in",
       .run = Run::direct,
       .max_body = 4096,
       .tag = "accounts"},
      [&](const AcceptInvitation& in, const RequestPtr& request, const HttpReply& reply) {
        on_password_lane(bus, reply, [&accounts, &clock, in, request, reply] {
          auto done =
              accounts.accept_invitation(in.token, {in.login, in.name, {}, {}, 8, in.password}, origin_of(*request));
          reply(done ? logged_in(accounts.sessions(), *request, *done, false, clock)
                     : HttpResponse::problem(done.error()));
        });
      });
}

void add_own_account(Http& http, Bus& bus, AccountService& accounts) {
  http.route_reply<Nothing, Nothing>(
      {.method = "POST",
       .path = "/api/v1/logout",
       .access = Access::signed_in(),
       .summary = "End this session",
       .tag = "accounts"},
      [&](const Nothing&, const RequestPtr& request, const HttpReply& reply) {
        HttpResponse response = answer(accounts.end_session(request->principal.id, request->principal.session));
        response.headers.push_back(set_cookie(*request, "", 0));
        reply(std::move(response));
      });

  http.route<Nothing, LoginAnswer>(
      {.method = "GET",
       .path = "/api/v1/me",
       .access = Access::signed_in(),
       .summary = "Who is logged in and what they may do",
       .run = Run::direct,
       .tag = "accounts"},
      [&](const Nothing&, const HttpRequest& request) -> Result<LoginAnswer> {
        const auto agent = accounts.directory().find(request.principal.id);
        if (!agent) return Error{Errc::not_found, "accounts.unknown_agent", "nobody's account is behind this login"};
        LoginAnswer me{agent->view, permissions_of(agent->view), {}, {}};
        for (const SessionRecord& session : accounts.sessions().of(agent->view.id)) {
          if (session.id == request.principal.session) me.expires_at = accounts.sessions().ends_at(session);
        }
        return me;
      });

  http.route_reply<PasswordChange, Nothing>(
      {.method = "POST",
       .path = "/api/v1/me/password",
       .access = Access::signed_in(),
       .summary = "Change the own password; ends the other sessions",
       .run = Run::direct,
       .max_body = 4096,
       .tag = "accounts"},
      [&](const PasswordChange& in, const RequestPtr& request, const HttpReply& reply) {
        on_password_lane(bus, reply, [&accounts, in, request, reply] {
          const Principal& who = request->principal;
          reply(answer(accounts.change_password(who.id, who.session, in.old_password, in.new_password,
                                                origin_of(*request), AuditEntry::by(*request, {}, {}))));
        });
      });

  http.route<Nothing, SessionList>({.method = "GET",
                                    .path = "/api/v1/me/sessions",
                                    .access = Access::signed_in(),
                                    .summary = "Where one is logged in",
                                    .run = Run::direct,
                                    .tag = "accounts"},
                                   [&](const Nothing&, const HttpRequest& request) -> Result<SessionList> {
                                     SessionList out;
                                     for (const SessionRecord& s : accounts.sessions().of(request.principal.id)) {
                                       out.sessions.push_back({s.id, s.address, s.device, s.created_at, s.seen_at,
                                                               s.id == request.principal.session});
                                     }
                                     return out;
                                   });

  http.route<SessionPath, Nothing>({.method = "DELETE",
                                    .path = "/api/v1/me/sessions/{id}",
                                    .access = Access::signed_in(),
                                    .summary = "End one of the own sessions",
                                    .tag = "accounts"},
                                   [&](const SessionPath& in, const HttpRequest& request) -> Result<Nothing> {
                                     if (auto done = accounts.end_session(request.principal.id, in.id); !done)
                                       return done.error();
                                     return Nothing{};
                                   });
}

void add_agents(Http& http, Bus& bus, AccountService& accounts) {
  http.route<Nothing, contract::AgentList>(
      {.method = "GET",
       .path = "/api/v1/agents",
       .access = Access::signed_in(),
       .summary = "Agents and groups",
       .run = Run::direct,
       .tag = "accounts"},
      [&](const Nothing&, const HttpRequest& request) -> Result<contract::AgentList> {
        if (request.principal.type != Principal::Type::agent) return Error{Errc::forbidden, "this list is for agents"};
        return accounts.directory().list();
      });

  http.route_reply<NewAgent, AgentView>({.method = "POST",
                                         .path = "/api/v1/agents",
                                         .access = Access::needs(may::kAgentsManage),
                                         .summary = "Create an agent",
                                         .run = Run::direct,
                                         .tag = "accounts"},
                                        [&](const NewAgent& in, const RequestPtr& request, const HttpReply& reply) {
                                          on_password_lane(bus, reply,
                                                           [&accounts, in, by = AuditEntry::by(*request, {}, {}),
                                                            reply] { reply(answer(accounts.create(in, by))); });
                                        });

  http.route_reply<AgentPatch, AgentView>(
      {.method = "PATCH",
       .path = "/api/v1/agents/{id}",
       .access = Access::needs(may::kAgentsManage),
       .summary = "Change an agent's name, role, groups, capacity or password, or deactivate them",
       .run = Run::direct,
       .tag = "accounts"},
      [&](const AgentPatch& in, const RequestPtr& request, const HttpReply& reply) {
        on_password_lane(bus, reply, [&accounts, in, by = AuditEntry::by(*request, {}, {}), reply] {
          reply(answer(accounts.change(in, by)));
        });
      });
}

}  // namespace

Lane password_lane() { return {.kind = Lane::blocking, .capacity = 50, .concurrency = 2, .name = "passwords"}; }

void add_routes(Http& http, Bus& bus, AccountService& accounts, const Clock& clock) {
  http.authenticator([&accounts](const HttpRequest& request) { return authenticate(accounts, request); });
  add_login(http, bus, accounts, clock);
  add_own_account(http, bus, accounts);
  add_agents(http, bus, accounts);
}

}  // namespace qiao::accounts
