#include <gtest/gtest.h>

#include "qiao/contract/accounts.hpp"
#include "qiao/testkit/conformance.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::accounts {
namespace {

using namespace std::chrono_literals;
using testkit::HttpAnswer;
using testkit::HubOptions;
using testkit::TestHub;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kPassword = "qiao-demo-2026";

HubOptions demo() {
  HubOptions options;
  options.http = true;
  options.demo = true;
  return options;
}

/// The text of `"name":"…"` in a JSON object.
std::string member(const std::string& json, const std::string& name) {
  const std::string key = "\"" + name + "\":\"";
  const auto at = json.find(key);
  if (at == std::string::npos) return {};
  const auto begin = at + key.size();
  return json.substr(begin, json.find('"', begin) - begin);
}

struct AccountsPlugin : testing::Test {
  TestHub hub;
  explicit AccountsPlugin(const HubOptions& options = demo()) : hub(options) {}

  HttpAnswer log_in(const std::string& login, const std::string& password = kPassword) {
    return hub.http("POST", "/api/v1/login",
                    R"({"login":")" + login + R"(","password":")" + password + R"(","token":true})");
  }
  static Headers bearer(const std::string& token) { return {{"authorization", "Bearer " + token}}; }
  std::string token_of(const std::string& login) { return member(log_in(login).body, "token"); }
  HttpAnswer as(const std::string& token, const std::string& method, const std::string& path,
                const std::string& body = {}) {
    return hub.http(method, path, body, bearer(token));
  }
  std::string id_of(const std::string& login) {
    auto list = hub.ask(contract::ListAgents{});
    for (const auto& agent : list->agents) {
      if (agent.login == login) return agent.id.str();
    }
    return {};
  }
};

TEST_F(AccountsPlugin, TheDemoHasItsStaffAndGroups) {
  hub.start_plugin("accounts");
  auto list = hub.ask(contract::ListAgents{});
  ASSERT_TRUE(list);
  EXPECT_EQ(list->agents.size(), 8u);
  EXPECT_EQ(list->groups.size(), 5u);
  for (const auto& agent : list->agents) EXPECT_EQ(agent.presence, contract::Presence::offline);
}

TEST_F(AccountsPlugin, ALoginOpensASessionForCookieAndBearer) {
  hub.start_plugin("accounts");
  const HttpAnswer answer = log_in(" LiTing ");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(member(answer.body, "name"), "李婷");
  const std::string cookie(answer.header("set-cookie"));
  EXPECT_TRUE(cookie.starts_with("qiao_session=qs_")) << cookie;
  EXPECT_NE(cookie.find("HttpOnly"), std::string::npos);
  EXPECT_NE(cookie.find("SameSite=Lax"), std::string::npos);
  EXPECT_EQ(answer.header("cache-control"), "no-store");

  const std::string token = member(answer.body, "token");
  EXPECT_EQ(as(token, "GET", "/api/v1/me").status, 200);
  EXPECT_EQ(hub.http("GET", "/api/v1/me", {}, {{"cookie", "qiao_session=" + token}}).status, 200);
  EXPECT_EQ(hub.http("GET", "/api/v1/me").status, 401);
  EXPECT_EQ(as("qs_forged", "GET", "/api/v1/me").status, 401);
  EXPECT_EQ(as(token, "GET", "/api/v1/agents").status, 200);
}

TEST_F(AccountsPlugin, UnknownNamesAndWrongPasswordsGetTheSameAnswer) {
  hub.start_plugin("accounts");
  const HttpAnswer wrong = log_in("liting", "wrong password");
  const HttpAnswer unknown = log_in("nobody-here", "wrong password");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(member(wrong.body, "detail"), member(unknown.body, "detail"));
}

TEST_F(AccountsPlugin, GuessingIsSlowedDownAndTheOwnerGetsIn) {
  hub.start_plugin("accounts", "failed_logins_per_address: 1000");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(log_in("liting", "guess number x").status, 401);
  const HttpAnswer refused = log_in("liting");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("retry-after"), "1");
  hub.advance(1s);
  EXPECT_EQ(log_in("liting").status, 200);
}

TEST_F(AccountsPlugin, AnAddressHasFiveWrongLoginsInFiveMinutes) {
  hub.start_plugin("accounts");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(log_in("guess" + std::to_string(i), "wrong password").status, 401);
  EXPECT_EQ(log_in("liting").status, 429);
  hub.advance(5min);
  EXPECT_EQ(log_in("liting").status, 200);
}

TEST_F(AccountsPlugin, WithTheCookieOnlyTheHubsOwnPagesChangeSomething) {
  hub.start_plugin("accounts");
  const Headers cookie = {{"cookie", "qiao_session=" + token_of("liting")}};
  EXPECT_EQ(hub.http("POST", "/api/v1/logout", "{}", cookie).status, 403);
  Headers foreign = cookie;
  foreign.emplace_back("origin", "https://evil.example");
  EXPECT_EQ(hub.http("POST", "/api/v1/logout", "{}", foreign).status, 403);
  Headers own = cookie;
  own.emplace_back("origin", hub.url());
  EXPECT_EQ(hub.http("POST", "/api/v1/logout", "{}", own).status, 204);
}

TEST_F(AccountsPlugin, LogoutEndsTheSessionAndTellsWhoHoldsItsSocket) {
  hub.start_plugin("accounts");
  auto ended = hub.probe<contract::SessionEnded>();
  const std::string token = token_of("liting");
  auto session = hub.ask(contract::VerifySession{token});
  ASSERT_TRUE(session);
  EXPECT_EQ(session->agent.name, "李婷");
  EXPECT_EQ(as(token, "POST", "/api/v1/logout", "{}").status, 204);
  hub.run_until_idle();
  EXPECT_EQ(ended.last().session, session->session);
  EXPECT_FALSE(hub.ask(contract::VerifySession{token}));
  EXPECT_EQ(as(token, "GET", "/api/v1/me").status, 401);
}

TEST_F(AccountsPlugin, ASessionEndsByItselfAfterThirtyIdleMinutes) {
  hub.start_plugin("accounts");
  auto ended = hub.probe<contract::SessionEnded>();
  const std::string token = token_of("liting");
  hub.advance(29min);
  ASSERT_TRUE(hub.ask(contract::VerifySession{token}));
  hub.advance(31min);
  EXPECT_EQ(hub.ask(contract::VerifySession{token}).error().code, Errc::unauthorized);
  EXPECT_EQ(ended.count(), 1u);
}

TEST_F(AccountsPlugin, SessionsSurviveARestartRevokedOnesDoNot) {
  hub.start_plugin("accounts");
  const std::string kept = token_of("liting");
  const std::string revoked = token_of("liting");
  const auto session = hub.ask(contract::VerifySession{revoked});
  ASSERT_TRUE(session);
  EXPECT_NE(as(kept, "GET", "/api/v1/me/sessions").body.find(session->session.str()), std::string::npos);
  EXPECT_EQ(as(kept, "DELETE", "/api/v1/me/sessions/" + session->session.str()).status, 204);
  EXPECT_EQ(as(kept, "DELETE", "/api/v1/me/sessions/" + session->session.str()).status, 404);
  hub.restart();
  EXPECT_TRUE(hub.ask(contract::VerifySession{kept}));
  EXPECT_FALSE(hub.ask(contract::VerifySession{revoked}));
}

TEST_F(AccountsPlugin, TokensAndPasswordsAreNotInTheDatabaseOrTheLog) {
  hub.start_plugin("accounts");
  const std::string token = token_of("liting");
  std::string stored;
  ASSERT_TRUE(hub.store().read([&](Session& db) {
    auto rows = db.query("SELECT token_hash FROM accounts_session");
    while (rows->next()) stored += rows->str(0);
    return rows->status();
  }));
  EXPECT_EQ(stored.size(), 64u);
  EXPECT_EQ(hub.log().find(token), std::string::npos);
}

TEST_F(AccountsPlugin, AnAdministratorManagesAgentsOthersMayNot) {
  hub.start_plugin("accounts");
  const std::string clerk = token_of("liting");
  const std::string admin = token_of("admin");
  const std::string person =
      R"({"login":"hanmei","name":"韩梅","role":"worker","groups":["logistics"],"password":"three plums in a bowl"})";
  EXPECT_EQ(as(clerk, "POST", "/api/v1/agents", person).status, 403);
  EXPECT_EQ(as(admin, "POST", "/api/v1/agents", person).status, 200);
  EXPECT_EQ(as(admin, "POST", "/api/v1/agents", person).status, 409);
  const std::string weak = R"({"login":"weak","name":"W","password":"password123"})";
  EXPECT_EQ(as(admin, "POST", "/api/v1/agents", weak).status, 400);
  const std::string no_group = R"({"login":"lost","name":"L","groups":["nowhere"],"password":"three plums in a bowl"})";
  EXPECT_EQ(as(admin, "POST", "/api/v1/agents", no_group).status, 400);
  const HttpAnswer in = log_in("hanmei", "three plums in a bowl");
  EXPECT_EQ(in.status, 200);
  EXPECT_NE(in.body.find("group:logistics"), std::string::npos);
  EXPECT_EQ(in.body.find("\"conversations\""), std::string::npos);
}

TEST_F(AccountsPlugin, LoginsFailedOnesAndRightsAreInTheAuditLog) {
  hub.start_plugin("accounts");
  const std::string admin = token_of("admin");
  EXPECT_EQ(log_in("emma", "wrong-password-1").status, 401);
  EXPECT_EQ(log_in("nobody-here", "planted-canary").status, 401);
  const std::string emma = id_of("emma");
  EXPECT_EQ(as(admin, "PATCH", "/api/v1/agents/" + emma, R"({"role":"supervisor"})").status, 200);
  hub.run_until_idle();
  std::vector<std::string> lines;
  ASSERT_TRUE(hub.store().read([&](Session& session) -> Result<void> {
    auto rows = session.query("SELECT action, object, detail, actor_name FROM hub_audit ORDER BY seq");
    while (rows->next()) lines.push_back(rows->str(0) + " " + rows->str(1) + " " + rows->str(2) + " " + rows->str(3));
    return rows->status();
  }));
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_TRUE(lines[0].starts_with("login agent:"));
  EXPECT_EQ(lines[1], "login.failed agent:" + emma + "  ");
  EXPECT_EQ(lines[2], "login.failed agent:unknown  ");
  EXPECT_TRUE(lines[3].starts_with("agent.change agent:" + emma + " role=supervisor")) << lines[3];
}

TEST_F(AccountsPlugin, DeactivatedMeansLoggedOutAtOnce) {
  hub.start_plugin("accounts");
  auto ended = hub.probe<contract::SessionEnded>();
  auto changed = hub.probe<contract::AgentChanged>();
  const std::string clerk = token_of("liting");
  const std::string admin = token_of("admin");
  EXPECT_EQ(as(admin, "PATCH", "/api/v1/agents/" + id_of("liting"), R"({"active":false})").status, 200);
  hub.run_until_idle();
  EXPECT_EQ(as(clerk, "GET", "/api/v1/me").status, 401);
  EXPECT_EQ(ended.count(), 1u);
  EXPECT_FALSE(changed.last().agent.active);
  EXPECT_EQ(log_in("liting").status, 401);
}

TEST_F(AccountsPlugin, TheLastAdministratorStays) {
  hub.start_plugin("accounts");
  const std::string admin = token_of("admin");
  EXPECT_EQ(as(admin, "PATCH", "/api/v1/agents/" + id_of("admin"), R"({"active":false})").status, 409);
  EXPECT_EQ(as(admin, "PATCH", "/api/v1/agents/" + id_of("admin"), R"({"role":"agent"})").status, 409);
}

TEST_F(AccountsPlugin, ANewPasswordEndsTheOtherSessionsOnly) {
  hub.start_plugin("accounts");
  const std::string here = token_of("liting");
  const std::string elsewhere = token_of("liting");
  EXPECT_EQ(as(here, "POST", "/api/v1/me/password",
               R"({"old_password":"not it at all","new_password":"three plums in a bowl"})")
                .status,
            403);
  EXPECT_EQ(as(here, "POST", "/api/v1/me/password",
               R"({"old_password":"qiao-demo-2026","new_password":"three plums in a bowl"})")
                .status,
            204);
  EXPECT_EQ(as(here, "GET", "/api/v1/me").status, 200);
  EXPECT_EQ(as(elsewhere, "GET", "/api/v1/me").status, 401);
  EXPECT_EQ(log_in("liting").status, 401);
  EXPECT_EQ(log_in("liting", "three plums in a bowl").status, 200);
}

TEST_F(AccountsPlugin, PresenceFollowsTheScreensAndIsTold) {
  hub.start_plugin("accounts");
  auto changed = hub.probe<contract::AgentChanged>();
  const Id liting = *parse_id(id_of("liting"));
  using contract::Presence;
  using contract::SetPresence;
  ASSERT_TRUE(hub.ask(SetPresence{liting, Presence::online, Id{1}}));
  ASSERT_TRUE(hub.ask(SetPresence{liting, Presence::online, Id{2}}));
  ASSERT_TRUE(hub.ask(SetPresence{liting, Presence::offline, Id{1}}));
  hub.run_until_idle();
  EXPECT_EQ(changed.count(), 1u);
  ASSERT_TRUE(hub.ask(SetPresence{liting, Presence::offline, Id{2}}));
  hub.run_until_idle();
  EXPECT_EQ(changed.count(), 2u);
  EXPECT_EQ(changed.last().agent.presence, Presence::offline);
}

TEST_F(AccountsPlugin, AReloadKeepsLoginsAndWhoIsThere) {
  hub.start_plugin("accounts");
  const std::string token = token_of("liting");
  const Id liting = *parse_id(id_of("liting"));
  using contract::Presence;
  using contract::SetPresence;
  ASSERT_TRUE(hub.ask(SetPresence{liting, Presence::online, Id{1}}));
  ASSERT_TRUE(hub.ask(SetPresence{liting, Presence::online, Id{2}}));
  ASSERT_TRUE(hub.reload_plugin("accounts"));
  EXPECT_TRUE(hub.ask(contract::VerifySession{token}));
  auto one_closed = hub.ask(SetPresence{liting, Presence::offline, Id{1}});
  ASSERT_TRUE(one_closed);
  EXPECT_EQ(one_closed->presence, Presence::online);
  EXPECT_EQ(hub.ask(SetPresence{liting, Presence::offline, Id{2}})->presence, Presence::offline);
  hub.advance(3s);
  EXPECT_TRUE(hub.ask(contract::VerifySession{token}));
}

TEST_F(AccountsPlugin, ASessionThatAnotherGenerationEndedIsOverAfterTheRefresh) {
  hub.start_plugin("accounts");
  auto ended = hub.probe<contract::SessionEnded>();
  const std::string token = token_of("liting");
  ASSERT_TRUE(hub.store().write_and_wait([](Session& db) -> Result<void> {
    auto done = db.run("DELETE FROM accounts_session");
    if (!done) return done.error();
    return {};
  }));
  hub.advance(3s);
  EXPECT_FALSE(hub.ask(contract::VerifySession{token}));
  EXPECT_EQ(ended.count(), 1u);
}

HubOptions real() {
  HubOptions options;
  options.http = true;
  return options;
}

struct FirstStart : AccountsPlugin {
  FirstStart() : AccountsPlugin(real()) {}
  std::string start_and_read() {
    testing::internal::CaptureStdout();
    hub.start_plugin("accounts");
    return invitation_in(testing::internal::GetCapturedStdout());
  }
  static std::string invitation_in(const std::string& printed) {
    const std::string before = "/workspace/#/invite/";
    const auto at = printed.find(before);
    if (at == std::string::npos) return {};
    const auto begin = at + before.size();
    return printed.substr(begin, printed.find_first_of(" \n", begin) - begin);
  }
  HttpAnswer accept(const std::string& token) {
    return hub.http("POST", "/api/v1/invitations/" + token,
                    R"({"login":"boss","name":"Boss","password":"three plums in a bowl"})");
  }
};

TEST_F(FirstStart, PrintsAnInvitationThatMakesOneAdministratorOnce) {
  const std::string token = start_and_read();
  ASSERT_FALSE(token.empty());
  EXPECT_EQ(hub.log().find(token), std::string::npos);
  EXPECT_EQ(accept("qi_made_up").status, 404);
  const HttpAnswer accepted = accept(token);
  ASSERT_EQ(accepted.status, 200) << accepted.body;
  EXPECT_NE(accepted.body.find("\"*\""), std::string::npos);
  EXPECT_EQ(accept(token).status, 404);
  testing::internal::CaptureStdout();
  hub.restart();
  EXPECT_EQ(invitation_in(testing::internal::GetCapturedStdout()), "");
  EXPECT_EQ(log_in("boss", "three plums in a bowl").status, 200);
}

TEST_F(FirstStart, AnInvitationIsOverAfterADay) {
  const std::string token = start_and_read();
  hub.advance(25h);
  EXPECT_EQ(accept(token).status, 404);
}

TEST_F(FirstStart, AReloadLeavesTheInvitationAlone) {
  const std::string token = start_and_read();
  testing::internal::CaptureStdout();
  ASSERT_TRUE(hub.reload_plugin("accounts"));
  EXPECT_EQ(invitation_in(testing::internal::GetCapturedStdout()), "");
  EXPECT_EQ(accept(token).status, 200);
}

TEST_F(FirstStart, AnUnusedInvitationIsReplacedAtTheNextStart) {
  const std::string first = start_and_read();
  testing::internal::CaptureStdout();
  hub.restart();
  const std::string second = invitation_in(testing::internal::GetCapturedStdout());
  EXPECT_EQ(accept(first).status, 404);
  EXPECT_EQ(accept(second).status, 200);
}

TEST(DemoAccounts, AreWorthNothingOutsideADemo) {
  HubOptions first = demo();
  first.data_dir = std::filesystem::path(testing::TempDir()) / "qiao-demo-accounts";
  std::filesystem::remove_all(first.data_dir);
  std::filesystem::create_directories(first.data_dir);
  {
    TestHub hub(first);
    hub.start_plugin("accounts");
  }
  HubOptions later = first;
  later.demo = false;
  {
    TestHub hub(later);
    testing::internal::CaptureStdout();
    hub.start_plugin("accounts");
    EXPECT_NE(FirstStart::invitation_in(testing::internal::GetCapturedStdout()), "");
    EXPECT_EQ(hub.http("POST", "/api/v1/login", R"({"login":"admin","password":"qiao-demo-2026"})").status, 401);
  }
  std::filesystem::remove_all(first.data_dir);
}

}  // namespace
}  // namespace qiao::accounts

QIAO_CONFORMANCE("accounts", "")
