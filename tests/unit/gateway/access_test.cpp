#include <gtest/gtest.h>

#include "front_fixture.hpp"

namespace qiao::test {
namespace {

/// Tokens "agent" and "admin" by bearer or cookie; "expired" is refused with a reason.
Result<Principal> who_is(const HttpRequest& request) {
  std::string_view token = request.header("authorization");
  token = token.starts_with("Bearer ") ? token.substr(7) : request.cookie("qiao");
  Principal who;
  if (token == "expired") return Error{Errc::unauthorized, "session.expired", "the session has expired; log in again"};
  if (token != "agent" && token != "admin") return who;
  who.type = Principal::Type::agent;
  who.id = {7};
  who.session = {token == "agent" ? 70 : 71};
  who.permissions = {token == "agent" ? "tickets.read" : "*"};
  return who;
}

struct AccessFront : testing::Test {
  void start(core::GatewayOptions options = quick_options()) {
    front = std::make_unique<FrontFixture>(std::move(options));
    front->http->authenticator(who_is);
    const auto add = [&](const char* method, const char* path, Access access) {
      front->http->raw(
          {.method = method, .path = path, .access = std::move(access), .run = qiao::Run::direct},
          [](const auto& request, const HttpReply& reply) {
            reply({.content_type = "text/plain",
                   .body = request->principal.id.str() + " " + request->remote + (request->secure ? " secure" : ""),
                   .headers = {{"Cache-Control", "public"}}});
          });
    };
    for (const char* method : {"GET", "POST"}) {
      add(method, "/open", Access::anyone());
      add(method, "/mine", Access::signed_in());
      add(method, "/tickets", Access::needs("tickets.read"));
      add(method, "/admin", Access::needs("admin"));
    }
    ASSERT_TRUE(front->http->activate());
  }
  [[nodiscard]] RawClient::Response ask(const std::string& bytes) const {
    RawClient client(front->port());
    return client.ask(bytes).value_or(RawClient::Response{});
  }
  std::unique_ptr<FrontFixture> front;
};

TEST_F(AccessFront, LetsNobodyInWhereALoginIsNeeded) {
  start();
  EXPECT_EQ(ask(get("/open")).status, 200);
  const auto refused = ask(get("/mine"));
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.header("www-authenticate"), "Bearer");
  EXPECT_EQ(refused.header("cache-control"), "no-store");
  EXPECT_EQ(refused.header("content-type"), "application/problem+json");
  EXPECT_EQ(ask(get("/mine", "Authorization: Bearer wrong\r\n")).status, 401);
  EXPECT_EQ(front->refused("not_logged_in"), 2u);
}

TEST_F(AccessFront, ChecksThePermission) {
  start();
  const std::string agent = "Authorization: Bearer agent\r\n";
  EXPECT_EQ(ask(get("/mine", agent)).body, "7 127.0.0.1");
  EXPECT_EQ(ask(get("/tickets", agent)).status, 200);
  const auto refused = ask(get("/admin", agent));
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("needs the permission admin"), std::string::npos);
  EXPECT_EQ(ask(get("/admin", "Cookie: a=b; qiao=admin\r\n")).status, 200);
}

TEST_F(AccessFront, SaysWhyACredentialIsRefusedButStillServesOpenRoutes) {
  start();
  const auto refused = ask(get("/mine", "Cookie: qiao=expired\r\n"));
  EXPECT_EQ(refused.status, 401);
  EXPECT_NE(refused.body.find("session.expired"), std::string::npos);
  EXPECT_EQ(ask(get("/open", "Cookie: qiao=expired\r\n")).status, 200);
}

TEST_F(AccessFront, ForbidsCachingBehindALogin) {
  start();
  EXPECT_EQ(ask(get("/open")).header("cache-control"), "public");
  EXPECT_EQ(ask(get("/mine", "Cookie: qiao=agent\r\n")).header("cache-control"), "no-store");
  EXPECT_EQ(ask(get("/open", "Cookie: qiao=agent\r\n")).header("cache-control"), "no-store");
}

TEST_F(AccessFront, RefusesCrossSiteChangesThatRideOnACookie) {
  start();
  const std::string cookie = "Cookie: qiao=agent\r\n";
  const auto status = [&](const std::string& headers) { return ask(post("/mine", "", cookie + headers)).status; };
  EXPECT_EQ(status("Origin: http://localhost\r\n"), 200);
  EXPECT_EQ(status("Sec-Fetch-Site: same-origin\r\n"), 200);
  EXPECT_EQ(status("Sec-Fetch-Site: none\r\n"), 200);
  EXPECT_EQ(status(""), 403) << "neither header: no browser of today";
  EXPECT_EQ(status("Origin: null\r\n"), 403);
  EXPECT_EQ(status("Origin: http://evil.example\r\n"), 403);
  EXPECT_EQ(status("Origin: http://localhost.evil.example\r\n"), 403);
  EXPECT_EQ(status("Origin: http://localhost:81\r\n"), 403) << "another port is another origin";
  EXPECT_EQ(status("Sec-Fetch-Site: cross-site\r\n"), 403);
  EXPECT_EQ(status("Sec-Fetch-Site: same-site\r\n"), 403);
  EXPECT_EQ(status("Sec-Fetch-Site: cross-site\r\nOrigin: http://localhost\r\n"), 403);
  EXPECT_EQ(front->refused("cross_site"), 8u);
  EXPECT_EQ(ask(post("/mine", "", "Authorization: Bearer agent\r\nOrigin: http://evil.example\r\n")).status, 200)
      << "a bearer token is never sent by accident";
  EXPECT_EQ(ask(post("/open", "", "Origin: http://evil.example\r\n")).status, 200)
      << "without a login there is nothing to ride on";
  EXPECT_EQ(ask(get("/mine", cookie + "Sec-Fetch-Site: cross-site\r\n")).status, 200) << "reading changes nothing";
}

TEST_F(AccessFront, BelievesForwardedHeadersOnlyFromItsProxies) {
  const std::string forwarded = "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n";
  start();
  EXPECT_EQ(ask(get("/open", forwarded)).body, "0 127.0.0.1");
  auto options = quick_options();
  options.trusted_proxies = {"127.0.0.0/8", "10.0.0.0/8"};
  start(options);
  EXPECT_EQ(ask(get("/open", forwarded)).body, "0 203.0.113.9 secure") << "the rightmost is the proxy's own word";
  EXPECT_EQ(ask(get("/open", "X-Forwarded-For: 203.0.113.9, 10.1.1.1\r\n")).body, "0 203.0.113.9")
      << "past further proxies";
  EXPECT_EQ(ask(get("/open", "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 198.51.100.1\r\n")).body,
            "0 198.51.100.1");
  EXPECT_EQ(ask(get("/open", "X-Forwarded-For: nonsense\r\n")).body, "0 127.0.0.1");
  EXPECT_EQ(ask(get("/open", forwarded)).header("strict-transport-security"), "max-age=31536000");
}

TEST_F(AccessFront, LimitsRequestsByAddress) {
  auto options = quick_options();
  options.trusted_proxies = {"127.0.0.1"};
  options.unlimited = {};
  options.limits.requests_per_second = 0.5;
  options.limits.connections_per_second = 1000;
  start(options);
  const auto from = [&](const char* address) {
    return ask(get("/open", std::string("X-Forwarded-For: ") + address + "\r\n"));
  };
  EXPECT_EQ(from("203.0.113.9").status, 200);
  const auto refused = from("203.0.113.9");
  EXPECT_EQ(refused.status, 429);
  EXPECT_GE(std::stoi(refused.header("retry-after")), 1);
  EXPECT_EQ(from("203.0.113.10").status, 200) << "others are not affected";
  EXPECT_EQ(front->refused("address_rate"), 1u);
}

TEST_F(AccessFront, LimitsRequestsBySession) {
  auto options = quick_options();
  options.limits.session_requests_per_second = 0.5;
  start(options);
  EXPECT_EQ(ask(get("/mine", "Cookie: qiao=agent\r\n")).status, 200);
  EXPECT_EQ(ask(get("/mine", "Cookie: qiao=agent\r\n")).status, 429);
  EXPECT_EQ(ask(get("/mine", "Cookie: qiao=admin\r\n")).status, 200);
  EXPECT_EQ(front->refused("session_rate"), 1u);
}

TEST_F(AccessFront, LimitsOpenConnections) {
  auto options = quick_options();
  options.max_connections = 3;
  start(options);
  std::vector<std::unique_ptr<RawClient>> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(std::make_unique<RawClient>(front->port()));
    EXPECT_EQ(open.back()->ask(get("/open"))->status, 200);
  }
  RawClient fourth(front->port());
  EXPECT_TRUE(fourth.closed_by_server());
  EXPECT_EQ(front->refused("connections"), 1u);
  open.pop_back();
  EXPECT_TRUE(FrontFixture::eventually([&] {
    RawClient again(front->port());
    return again.ask(get("/open")).has_value();
  }));
}

TEST_F(AccessFront, LimitsConnectionsOfOneAddress) {
  auto options = quick_options();
  options.unlimited = {};
  options.limits.connections_per_address = 2;
  start(options);
  RawClient one(front->port());
  RawClient two(front->port());
  EXPECT_EQ(one.ask(get("/open"))->status, 200);
  EXPECT_EQ(two.ask(get("/open"))->status, 200);
  RawClient three(front->port());
  EXPECT_TRUE(three.closed_by_server());
}

TEST_F(AccessFront, AnswersFiveHundredWhenAnAuthenticatorThrows) {
  front = std::make_unique<FrontFixture>();
  front->http->authenticator([](const HttpRequest&) -> Result<Principal> { throw std::runtime_error("lost the key"); });
  front->http->raw({.method = "GET", .path = "/mine", .access = Access::signed_in()},
                   [](const auto&, const HttpReply&) {});
  ASSERT_TRUE(front->http->activate());
  EXPECT_EQ(ask(get("/mine")).status, 500);
  EXPECT_TRUE(front->log.contains("lost the key"));
}

TEST(GatewayOptions, RefusesNetworksThatAreNone) {
  CapturingLogger log;
  core::MetricsRegistry metrics;
  auto options = quick_options();
  options.trusted_proxies = {"10.0.0.0/33"};
  core::Gateway gateway(options, {log, metrics, [](const std::function<void()>&) { return false; }, {}});
  const auto started = gateway.start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("trusted_proxies: \"10.0.0.0/33\""), std::string::npos);
}

}  // namespace
}  // namespace qiao::test
