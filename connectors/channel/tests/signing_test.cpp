#include "connectors/channel/signing.hpp"

#include <gtest/gtest.h>

namespace qiao::channel {
namespace {

TEST(Signing, HashesAsPublished) {
  EXPECT_EQ(hex(md5("")), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test case 2; RFC 2202, test case 2.
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha1("Jefe", "what do ya want for nothing?")), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST(Signing, WritesAndReadsBase64) {
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_url("\xFB\xFF"), "-_8");
  EXPECT_EQ(*from_base64("Zm9vYg=="), "foob");
  EXPECT_EQ(*from_base64("Zm9vYg"), "foob");
  EXPECT_EQ(*from_base64("-_8", true), "\xFB\xFF");
  EXPECT_FALSE(from_base64("Zm9v*mFy"));
  EXPECT_FALSE(from_base64("A"));
}

TEST(Signing, ComparesEqualTextsOnly) {
  EXPECT_TRUE(same("abc", "abc"));
  EXPECT_FALSE(same("abc", "abd"));
  EXPECT_FALSE(same("abc", "abcd"));
}

TEST(Signing, EncryptsInCbcWithEitherPadding) {
  const std::string key(32, 'k');
  const std::string iv(16, 'i');
  for (const int padding : {16, 32}) {
    for (const std::size_t size : {0u, 1u, 15u, 16u, 31u, 32u, 1000u}) {
      const std::string plain(size, 'x');
      auto sealed = aes_cbc_encrypt(key, iv, plain, padding);
      ASSERT_TRUE(sealed);
      EXPECT_EQ(sealed->size() % static_cast<std::size_t>(padding), 0u);
      EXPECT_EQ(*aes_cbc_decrypt(key, iv, *sealed, padding), plain);
    }
  }
  EXPECT_FALSE(aes_cbc_decrypt(key, iv, "short"));
  EXPECT_FALSE(aes_cbc_decrypt(key, iv, std::string(32, 'z')));
}

TEST(Signing, RefusesAKeyThatIsNone) {
  EXPECT_EQ(sign_jwt("RS256", "{}", "{}", "no key").error().id, "channel.key");
  EXPECT_EQ(sign_jwt("HS256", "{}", "{}", "").error().id, "channel.key");
}

TEST(Signing, SignsAndVerifiesJwtsWithBothAlgorithms) {
  // Keys made for this test alone.
  const std::string ec =
      "-----BEGIN PRIVATE KEY-----\n"
      "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgYxNMysCBg7q8mXOY\n"
      "hMOB41Frx/Gx2CcVQNqixH2ZxYChRANCAAT29AA2DfTTjR7wou9qbITSWwysO83l\n"
      "zAhkhvI+A/3QkOljYAXT6NLL6yfFFWSSIwz5rpVnkwvsnJTrM0AnoFtE\n"
      "-----END PRIVATE KEY-----\n";
  auto token = sign_jwt("ES256", R"({"alg":"ES256"})", R"({"iss":"x"})", ec);
  ASSERT_TRUE(token) << token.error().message;
  const auto last = token->rfind('.');
  EXPECT_EQ(from_base64(token->substr(last + 1), true)->size(), 64u);
  EXPECT_FALSE(sign_jwt("RS256", "{}", "{}", ec));
}

TEST(Signing, MakesTokensOfTheAskedLength) {
  EXPECT_EQ(random_token(16).size(), 16u);
  EXPECT_NE(random_token(16), random_token(16));
}

}  // namespace
}  // namespace qiao::channel
