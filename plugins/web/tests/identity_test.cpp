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

}  // namespace
}  // namespace qiao::web
