#include "plugins/partners/key.hpp"

#include <gtest/gtest.h>

#include "plugins/partners/gatekeeper.hpp"
#include "plugins/partners/secret.hpp"
#include "qiao/testkit/manual_clock.hpp"

namespace qiao::partners {
namespace {

using namespace std::chrono_literals;

KeyRecord server_key() {
  KeyRecord key;
  key.id = Id{1};
  key.name = "A partner";
  key.scopes = {"stock.read"};
  key.per_minute = 10;
  key.per_day = 100;
  return key;
}

KeyRecord browser_key() {
  KeyRecord key = server_key();
  key.id = Id{2};
  key.kind = KeyKind::browser;
  key.origins = {"https://shop.example.org"};
  key.skus = {"A-100", "B-*"};
  return key;
}

TEST(Secret, Has256BitsAndIsNeverTheSameTwice) {
  const std::string one = new_secret();
  EXPECT_TRUE(looks_like_secret(one)) << one;
  EXPECT_EQ(one.size(), 3u + 43u);
  EXPECT_NE(one, new_secret());
  EXPECT_EQ(one.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
}

TEST(Secret, IsKeptAsSha256) {
  EXPECT_EQ(secret_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Secret, TheIntegrityOfAScriptIsSha384InBase64) {
  EXPECT_EQ(sha384_base64("abc"), "ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn");
}

TEST(Key, OriginsAreBroughtIntoTheFormThatBrowsersSend) {
  EXPECT_EQ(normal_origin("https://Shop.Example.org/"), "https://shop.example.org");
  EXPECT_EQ(normal_origin("https://shop.example.org:443"), "https://shop.example.org");
  EXPECT_EQ(normal_origin("http://127.0.0.1:8081"), "http://127.0.0.1:8081");
  EXPECT_EQ(normal_origin("http://[::1]:80"), "http://[::1]");
  EXPECT_EQ(normal_origin("https://[::1]"), "https://[::1]");
  for (const char* wrong :
       {"shop.example.org", "https://", "https://shop.example.org/path", "*", "null", "https://*.example.org",
        "https://a b", "ftp://a", "https://a:0x", "https://a:", "https://u@a"})
    EXPECT_FALSE(normal_origin(wrong)) << wrong;
}

TEST(Key, ABrowserKeyIsRefusedUnlessItIsNarrow) {
  KeyRecord key = browser_key();
  EXPECT_TRUE(check_key(key));
  key.origins.clear();
  EXPECT_EQ(check_key(key).error().name(), "partners.bad_key");
  key = browser_key();
  key.skus.clear();
  EXPECT_FALSE(check_key(key));
  key = browser_key();
  key.skus = {"*"};
  EXPECT_FALSE(check_key(key));
  key = browser_key();
  key.scopes = {"stock.read", "product.read"};
  EXPECT_FALSE(check_key(key));
}

TEST(Key, ScopesThatDoNotExistAndOriginsOfServersAreRefused) {
  KeyRecord key = server_key();
  EXPECT_TRUE(check_key(key));
  key.scopes = {"conversations"};
  EXPECT_FALSE(check_key(key));
  key = server_key();
  key.origins = {"https://shop.example.org"};
  EXPECT_FALSE(check_key(key));
  key = server_key();
  key.per_minute = 0;
  EXPECT_FALSE(check_key(key));
}

TEST(Key, AnEntryOpensOneSkuOrABeginning) {
  const KeyRecord key = browser_key();
  EXPECT_TRUE(key.allows_sku("A-100"));
  EXPECT_FALSE(key.allows_sku("A-1001"));
  EXPECT_FALSE(key.allows_sku("a-100"));
  EXPECT_TRUE(key.allows_sku("B-"));
  EXPECT_TRUE(key.allows_sku("B-77"));
  EXPECT_FALSE(key.allows_sku("XB-77"));
  EXPECT_TRUE(server_key().allows_sku("anything"));
}

struct Gate : testing::Test {
  testkit::ManualClock clock;
  KeyRing ring;
  Gatekeeper gate{ring, clock, 3};
  std::string secret = new_secret();

  void put(KeyRecord key) {
    key.hash = secret_hash(secret);
    ring.put(std::move(key));
  }
  std::string refused(std::string_view origin = {}, std::string_view address = "10.0.0.1",
                      std::string_view scope = kStockRead) {
    Visit visit;
    const auto done = gate.admit(secret, origin, address, scope, visit);
    return done ? "" : std::string(done.error().name());
  }
};

TEST_F(Gate, WithoutAKeyOrWithAWrongOneNobodyEnters) {
  Visit visit;
  EXPECT_EQ(gate.admit("", "", "", kStockRead, visit).error().name(), "partners.no_key");
  EXPECT_EQ(gate.admit("qs_agent_session", "", "", kStockRead, visit).error().name(), "partners.wrong_key");
  EXPECT_EQ(refused(), "partners.wrong_key");
  EXPECT_FALSE(visit.key.record);
}

TEST_F(Gate, AServerKeyWorksWithoutAPageOnly) {
  put(server_key());
  EXPECT_EQ(refused(), "");
  EXPECT_EQ(refused("https://shop.example.org"), "partners.origin");
}

TEST_F(Gate, ABrowserKeyWorksOnItsPagesOnly) {
  put(browser_key());
  EXPECT_EQ(refused("https://shop.example.org"), "");
  EXPECT_EQ(refused("https://evil.example.org"), "partners.origin");
  EXPECT_EQ(refused(), "partners.origin");
}

TEST_F(Gate, OnlyTheScopesOfTheKeyAreOpen) {
  put(server_key());
  EXPECT_EQ(refused({}, {}, kProductRead), "partners.scope");
}

TEST_F(Gate, AnExpiredAndARevokedKeyAreRefusedAndCountedAsTheirs) {
  KeyRecord key = server_key();
  key.expires_at = clock.now() + 1h;
  put(key);
  EXPECT_EQ(refused(), "");
  clock.advance(1h);
  EXPECT_EQ(refused(), "partners.expired");
  key.revoked_at = clock.now();
  put(key);
  Visit visit;
  EXPECT_EQ(gate.admit(secret, "", "", kStockRead, visit).error().name(), "partners.revoked");
  EXPECT_EQ(visit.key.record->id, Id{1});
}

TEST_F(Gate, AReplacedSecretWorksUntilItsGraceIsOver) {
  KeyRecord key = server_key();
  put(key);
  const std::string old = secret;
  key.previous_hash = secret_hash(old);
  key.previous_until = clock.now() + 10min;
  secret = new_secret();
  put(key);
  Visit visit;
  EXPECT_EQ(refused(), "");
  EXPECT_TRUE(gate.admit(old, "", "", kStockRead, visit));
  clock.advance(10min);
  EXPECT_EQ(refused(), "");
  EXPECT_EQ(gate.admit(old, "", "", kStockRead, visit).error().name(), "partners.replaced");
}

TEST_F(Gate, OneVisitorCannotUseUpABrowserKey) {
  put(browser_key());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(refused("https://shop.example.org", "10.0.0.1"), "");
  EXPECT_EQ(refused("https://shop.example.org", "10.0.0.1"), "partners.quota");
  EXPECT_EQ(refused("https://shop.example.org", "10.0.0.2"), "");
}

}  // namespace
}  // namespace qiao::partners
