#include "plugins/web/identity.hpp"

#include <gmock/gmock.h>

namespace qiao::web {
namespace {

const Time kNow = from_micros(1'767'603'600'000'000);
constexpr const char* kSecret = "a-secret-of-the-shop";

SiteIdentity wang() {
  SiteIdentity identity;
  identity.user = "u42";
  identity.name = "王芳";
  identity.phone = "13800138000";
  identity.exp = to_micros(kNow) / 1'000'000 + 300;
  return identity;
}

TEST(SiteIdentity, IsReadWhenTheSiteSignedIt) {
  auto read = verify_identity(sign_identity(wang(), kSecret), kSecret, kNow);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->name, "王芳");
  const auto claims = claims_of(*read, true);
  ASSERT_EQ(claims.size(), 2u);
  EXPECT_EQ(claims[0].kind, contract::identity_kind::kAppUser);
  EXPECT_TRUE(claims[1].verified);
}

TEST(SiteIdentity, FitsTheSignatureThatAnyLibraryMakes) {
  // printf '%s' '{"user":"u42","exp":1767603900}' | base64url, then HMAC-SHA256 with the secret as hex
  const std::string text =
      "eyJ1c2VyIjoidTQyIiwiZXhwIjoxNzY3NjAzOTAwfQ."
      "994b258b6f361953f6739ad281cf1752e3049ba5a7e748391720e3b8c4f15e69";
  auto read = verify_identity(text, kSecret, kNow);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->user, "u42");
}

TEST(SiteIdentity, CountsForNothingWhenForgedForeignOverOrTooLong) {
  const std::string good = sign_identity(wang(), kSecret);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string forged = good;
    forged[at] = forged[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verify_identity(forged, kSecret, kNow)) << at;
  }
  EXPECT_EQ(verify_identity(good, "another-site's-secret", kNow).error().id, "web.bad_identity");
  EXPECT_EQ(verify_identity(good, "", kNow).error().id, "web.bad_identity");
  EXPECT_EQ(verify_identity(good, kSecret, kNow + std::chrono::minutes(5)).error().id, "web.identity_over");
  SiteIdentity forever = wang();
  forever.exp += 100000;
  EXPECT_EQ(verify_identity(sign_identity(forever, kSecret), kSecret, kNow).error().id, "web.bad_identity");
  for (const char* text : {"", ".", "abc", "abc.", ".abc"}) EXPECT_FALSE(verify_identity(text, kSecret, kNow)) << text;
}

// Made with another language's library: {"alg":"HS256","typ":"JWT"},
// {"sub":"u88","name":"王芳","phone":"13800138000","iat":…, "exp":1767603900,"jti":"j-1"}.
constexpr const char* kJwt =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1ODgiLCJuYW1lIjoi546L6IqzIiwicGhvbmUiOiIxMzgwMDEzODA"
    "wMCIsImlhdCI6MTc2NzYwMzYwMCwiZXhwIjoxNzY3NjAzOTAwLCJqdGkiOiJqLTEifQ.edTnAvSIGbvKLRCXGeqylGSxZOll5aAW"
    "nHLgCKr8HCU";

TEST(SiteIdentity, MayBeAJwtOfTheAppsServer) {
  auto read = verify_identity(kJwt, kSecret, kNow);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->user, "u88");
  EXPECT_EQ(read->name, "王芳");
  EXPECT_EQ(read->phone, "13800138000");
  EXPECT_EQ(verify_identity(kJwt, kSecret, kNow + std::chrono::minutes(5)).error().id, "web.identity_over");
}

TEST(SiteIdentity, AForgedJwtCountsForNothing) {
  const std::string good = kJwt;
  for (std::size_t at = 0; at + 1 < good.size(); ++at) {
    std::string forged = good;
    forged[at] = forged[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verify_identity(forged, kSecret, kNow)) << at;
  }
  EXPECT_EQ(verify_identity(good, "another", kNow).error().id, "web.bad_identity");
  for (const char* text : {"..", "a.b.", ".a.b", "a.b.c.d"}) EXPECT_FALSE(verify_identity(text, kSecret, kNow)) << text;
}

TEST(SiteIdentity, AJwtOfAnotherAlgorithmWithoutAnEndOrWithAFarOneIsRefused) {
  const char* hs512 =
      "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1ODgiLCJleHAiOjE3Njc2MDM5MDB9.TFg3Tz_pS-zFpvwFSyIWL0"
      "r65hRBAMem9FcrXoyhjFs";
  const char* none =
      "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1ODgiLCJleHAiOjE3Njc2MDM5MDB9.lQiFyf-Vjrqqex8kMBZP4k9HdWxGI5iSS_UC5cB"
      "Bfb0";
  const char* far =
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1ODgiLCJleHAiOjkyMjMzNzIwMzY4NTQ3NzU4MDd9.7OzXxbsK6m1px3Naz8T8zL5mnG"
      "L48n6fcLjx4ivfBBY";
  const char* endless = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1ODgifQ.2hejjN7JD_AADIXacReoI5OCHO6gb4zF6AwWuQQWQSg";
  for (const char* text : {hs512, none, far, endless}) {
    auto read = verify_identity(text, kSecret, kNow);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().id, "web.bad_identity") << text;
  }
}

TEST(SiteIdentity, AUserHashProvesTheUsersIdAlone) {
  const char* hash = "d287ab512c7e39ca2adc02281c149c1b7250a62980905b99105443d2311cef28";
  EXPECT_TRUE(verify_user_hash("u88", hash, kSecret));
  EXPECT_FALSE(verify_user_hash("u89", hash, kSecret));
  EXPECT_FALSE(verify_user_hash("u88", hash, "another"));
  EXPECT_FALSE(verify_user_hash("u88", "", kSecret));
  EXPECT_FALSE(verify_user_hash("", hash, kSecret));
  EXPECT_FALSE(verify_user_hash("u88", hash, ""));
}

}  // namespace
}  // namespace qiao::web
