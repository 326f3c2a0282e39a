#include "plugins/partners/tests/partner_fixture.hpp"
#include "qiao/contract/partners.hpp"

namespace qiao::partners {
namespace {

using namespace std::chrono_literals;
using PartnerKeys = PartnerHub;

TEST_F(PartnerKeys, TheSecretIsShownOnceAndKeptAsAHash) {
  const Key key = server_key();
  EXPECT_TRUE(key.secret.starts_with("qk_"));
  EXPECT_EQ(admin("GET", "").body.find(key.secret), std::string::npos);
  EXPECT_EQ(json_of(admin("GET", "/" + key.id))["prefix"], key.secret.substr(0, 11));
  std::string stored;
  ASSERT_TRUE(hub.store().read([&](Session& db) {
    auto rows = db.query("SELECT hash FROM partners_key");
    while (rows->next()) stored += rows->str(0);
    return rows->status();
  }));
  EXPECT_EQ(stored.size(), 64u);
  EXPECT_EQ(hub.log().find(key.secret), std::string::npos);
}

TEST_F(PartnerKeys, AreForAdministrators) {
  const std::string path = "/api/v1/partner-keys";
  EXPECT_EQ(hub.http("GET", path).status, 401);
  const Headers clerk{{"authorization", "Bearer " + token_of("liting")}};
  EXPECT_EQ(hub.http("GET", path, {}, clerk).status, 403);
  EXPECT_EQ(hub.http("POST", path, R"({"name":"P"})", clerk).status, 403);
  const Headers supervisor{{"authorization", "Bearer " + token_of("zhouxue")}};
  EXPECT_EQ(hub.http("GET", path, {}, supervisor).status, 403);
}

TEST_F(PartnerKeys, MistakesNameTheirField) {
  const auto refused = [&](const std::string& body) {
    const auto answer = admin("POST", "", body);
    EXPECT_EQ(answer.status, 400) << body;
    return json_of(answer).value("detail", "");
  };
  EXPECT_TRUE(refused(R"({"name":""})").starts_with("name"));
  EXPECT_TRUE(refused(R"({"name":"P","scopes":["everything"]})").starts_with("scopes"));
  EXPECT_TRUE(refused(R"({"name":"P","kind":"browser","skus":["A-*"]})").starts_with("origins"));
  EXPECT_TRUE(refused(R"({"name":"P","kind":"browser","skus":["A-*"],"origins":["*"]})").starts_with("origins"));
  EXPECT_TRUE(
      refused(R"({"name":"P","kind":"browser","origins":["https://a.example"],"skus":["*"]})").starts_with("skus"));
  EXPECT_TRUE(refused(R"({"name":"P","per_minute":0})").starts_with("per_minute"));
  EXPECT_TRUE(refused(R"({"name":"P","expires_at":"2020-01-01T00:00:00Z"})").starts_with("expires_at"));
}

TEST_F(PartnerKeys, AChangeHoldsAtOnce) {
  const Key key = server_key();
  EXPECT_EQ(with(key.secret, "/stock?sku=A-100").status, 200);
  EXPECT_EQ(admin("PATCH", "/" + key.id, R"({"skus":["B-*"],"name":"Renamed"})").status, 200);
  EXPECT_EQ(with(key.secret, "/stock?sku=A-100").status, 403);
  const auto shown = json_of(admin("GET", "/" + key.id));
  EXPECT_EQ(shown["name"], "Renamed");
  EXPECT_EQ(shown["scopes"].size(), 2u);
  EXPECT_EQ(admin("PATCH", "/" + key.id, R"({"origins":["https://a.example"]})").status, 400);
  EXPECT_EQ(admin("PATCH", "/99", R"({"name":"x"})").status, 404);
}

TEST_F(PartnerKeys, AnEndIsSetAndTakenAway) {
  const Key key = server_key();
  const std::string soon = to_iso8601(hub.clock().now() + 10s);
  EXPECT_EQ(admin("PATCH", "/" + key.id, R"({"expires_at":")" + soon + R"("})").status, 200);
  hub.advance(10s);
  EXPECT_EQ(problem_of(with(key.secret, "/stock?sku=A-100")), "partners.expired");
  EXPECT_EQ(json_of(admin("GET", "/" + key.id))["state"], "expired");
  EXPECT_EQ(admin("PATCH", "/" + key.id, R"({"never_expires":true})").status, 200);
  EXPECT_EQ(with(key.secret, "/stock?sku=A-100").status, 200);
}

TEST_F(PartnerKeys, ARotatedKeyWorksBesideItsPredecessorForAsLongAsWasSaid) {
  const Key key = server_key();
  const auto rotated = json_of(admin("POST", "/" + key.id + "/rotate", R"({"grace_minutes":10})"));
  const std::string fresh = rotated["secret"];
  EXPECT_NE(fresh, key.secret);
  EXPECT_EQ(with(key.secret, "/stock?sku=A-100").status, 200);
  EXPECT_EQ(with(fresh, "/stock?sku=A-100").status, 200);
  EXPECT_TRUE(rotated["key"].contains("previous_until"));
  hub.advance(10min);
  EXPECT_EQ(problem_of(with(key.secret, "/stock?sku=A-100")), "partners.replaced");
  EXPECT_EQ(with(fresh, "/stock?sku=A-100").status, 200);
  const std::string third = json_of(admin("POST", "/" + key.id + "/rotate", R"({"grace_minutes":0})"))["secret"];
  EXPECT_EQ(problem_of(with(fresh, "/stock?sku=A-100")), "partners.wrong_key");
  EXPECT_EQ(with(third, "/stock?sku=A-100").status, 200);
}

TEST_F(PartnerKeys, ARevokedKeyIsOverAtOnceAndStaysSo) {
  const Key key = server_key();
  EXPECT_EQ(with(key.secret, "/stock?sku=A-100").status, 200);
  const auto revoked = admin("POST", "/" + key.id + "/revoke", "{}");
  EXPECT_EQ(json_of(revoked)["state"], "revoked");
  EXPECT_EQ(problem_of(with(key.secret, "/stock?sku=A-100")), "partners.revoked");
  EXPECT_EQ(admin("POST", "/" + key.id + "/revoke", "{}").status, 200);
  EXPECT_EQ(admin("POST", "/" + key.id + "/rotate", "{}").status, 409);
  EXPECT_EQ(admin("PATCH", "/" + key.id, R"({"name":"x"})").status, 409);
  hub.restart();
  EXPECT_EQ(problem_of(with(key.secret, "/stock?sku=A-100")), "partners.revoked");
}

TEST_F(PartnerKeys, SurviveARestartAndAReload) {
  const Key key = server_key();
  hub.restart();
  EXPECT_EQ(with(key.secret, "/stock?sku=A-100").status, 200);
  ASSERT_TRUE(hub.reload_plugin("partners"));
  EXPECT_EQ(with(key.secret, "/stock?sku=A-100").status, 200);
}

TEST_F(PartnerKeys, ARevocationByAnotherNodeArrivesWithTheNextRefresh) {
  const Key key = server_key();
  ASSERT_TRUE(hub.store().write_and_wait([&](Session& db) -> Result<void> {
    auto done = db.run("UPDATE partners_key SET revoked_at = ?", hub.clock().now());
    if (!done) return done.error();
    return {};
  }));
  hub.advance(31s);
  EXPECT_EQ(problem_of(with(key.secret, "/stock?sku=A-100")), "partners.revoked");
}

TEST_F(PartnerKeys, TheReportCountsByDayAndStatusAndSurvivesARestart) {
  const Key key = server_key(R"(,"per_minute":4)");
  (void)with(key.secret, "/stock?sku=A-100");
  (void)with(key.secret, "/stock?sku=A-100");
  (void)with(key.secret, "/stock?sku=C-9");
  (void)with(key.secret, "/stock");
  (void)with(key.secret, "/stock?sku=A-100");
  hub.restart();
  const auto report = json_of(admin("GET", "/" + key.id + "/usage"));
  EXPECT_EQ(report["total"], 5) << report;
  ASSERT_EQ(report["days"].size(), 1u);
  const auto& day = report["days"][0];
  EXPECT_EQ(day["day"], "2026-01-05");
  EXPECT_EQ(day["ok"], 2);
  EXPECT_EQ(day["refused"], 2);
  EXPECT_EQ(day["limited"], 1);
  EXPECT_EQ(day["statuses"]["404"], 1);
  const auto csv = admin("GET", "/" + key.id + "/usage.csv");
  EXPECT_TRUE(csv.header("content-type").starts_with("text/csv"));
  EXPECT_EQ(csv.body,
            "day,status,count\r\n2026-01-05,200,2\r\n2026-01-05,400,1\r\n2026-01-05,404,1\r\n2026-01-05,429,1\r\n");
  const auto shown = json_of(admin("GET", "/" + key.id));
  EXPECT_EQ(shown["used_today"], 4) << "a refusal uses nothing up";
  EXPECT_TRUE(shown.contains("last_used_at"));
  EXPECT_EQ(admin("GET", "/" + key.id + "/usage?from=yesterday").status, 400);
}

TEST_F(PartnerKeys, AreMadeListedAndRevokedByTheOperatorsCommandToo) {
  contract::MakePartnerKey order;
  order.name = "By command";
  order.browser = true;
  EXPECT_EQ(hub.ask(order).error().name(), "partners.bad_key");
  order.origins = {kShop};
  order.skus = {"A-*"};
  const auto made = hub.ask(order);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(with(made->secret, "/stock?sku=A-100", kShop).status, 200);
  auto list = hub.ask(contract::ListPartnerKeys{});
  ASSERT_EQ(list->keys.size(), 1u);
  EXPECT_EQ(list->keys[0].prefix, made->secret.substr(0, 11));
  EXPECT_EQ(list->keys[0].kind, "browser");
  EXPECT_EQ(hub.ask(contract::RevokePartnerKey{"qk_"}).error().code, Errc::not_found);
  const auto revoked = hub.ask(contract::RevokePartnerKey{made->secret.substr(0, 11)});
  ASSERT_TRUE(revoked);
  EXPECT_EQ(revoked->state, "revoked");
  EXPECT_EQ(with(made->secret, "/stock?sku=A-100", kShop).status, 401);
  EXPECT_TRUE(hub.ask(contract::ListPartnerKeys{})->keys.empty());
  EXPECT_EQ(hub.ask(contract::ListPartnerKeys{true})->keys.size(), 1u);
}

TEST_F(PartnerKeys, EveryChangeIsInTheAuditLog) {
  const Key key = server_key();
  (void)admin("PATCH", "/" + key.id, R"({"name":"Renamed"})");
  (void)admin("POST", "/" + key.id + "/rotate", "{}");
  (void)admin("POST", "/" + key.id + "/revoke", "{}");
  (void)admin("POST", "/" + key.id + "/rotate", "{}");
  std::vector<std::string> actions;
  ASSERT_TRUE(hub.store().read([&](Session& db) {
    auto rows = db.query("SELECT action FROM hub_audit WHERE object = ? ORDER BY seq", "partner_key:" + key.id);
    while (rows->next()) actions.push_back(rows->str(0));
    return rows->status();
  }));
  EXPECT_EQ(actions, (std::vector<std::string>{"partner_key.create", "partner_key.change", "partner_key.rotate",
                                               "partner_key.revoke"}));
}

}  // namespace
}  // namespace qiao::partners
