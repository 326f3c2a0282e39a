#include "plugins/accounts/passwords.hpp"

#include <gtest/gtest.h>

#include "plugins/accounts/tokens.hpp"

namespace qiao::accounts {
namespace {

TEST(Passwords, AHashFitsItsPasswordOnly) {
  auto hash = hash_password("correct horse battery");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_TRUE(fits_password(*hash, "correct horse battery"));
  EXPECT_FALSE(fits_password(*hash, "correct horse batterz"));
}

TEST(Passwords, TheSamePasswordHashesDifferentlyEachTime) {
  auto a = hash_password("correct horse battery");
  auto b = hash_password("correct horse battery");
  ASSERT_TRUE(a && b);
  EXPECT_NE(*a, *b);
}

TEST(Passwords, NobodysAccountFitsNothing) {
  EXPECT_FALSE(fits_password("", ""));
  EXPECT_FALSE(fits_password("", "qiao-demo-2026"));
}

TEST(Passwords, LengthIsCountedInCharactersNotBytes) {
  EXPECT_FALSE(check_new_password("桥边有一只小鸭子呀", "liting"));
  EXPECT_TRUE(check_new_password("桥边有一只白色小鸭子呀", "liting"));
  EXPECT_FALSE(check_new_password("short-one", "liting"));
  EXPECT_TRUE(check_new_password(std::string(64, 'a') + "bcdefg" + std::string(58, 'h'), "liting"));
  EXPECT_FALSE(check_new_password(std::string(129, 'a') + "bcdefg", "liting"));
}

TEST(Passwords, CommonAndContextWordsAreRefusedWithASentence) {
  for (const char* bad : {"password123", "PassWord123", "1234567890", "aaaaaaaaaaaa", "woaini1314520", "qiao-demo-2026",
                          "my name is liting", "LITING-2026-x"}) {
    auto result = check_new_password(bad, "liting");
    ASSERT_FALSE(result) << bad;
    EXPECT_EQ(result.error().id, "accounts.weak_password");
    EXPECT_EQ(result.error().code, Errc::bad_value);
  }
  EXPECT_TRUE(check_new_password("three plums in a bowl", "liting"));
}

TEST(Tokens, CarryTheirPrefixAnd256Bits) {
  const std::string a = new_token(kSessionPrefix);
  EXPECT_TRUE(a.starts_with("qs_"));
  EXPECT_EQ(a.size(), 3u + 43u);
  EXPECT_NE(a, new_token(kSessionPrefix));
}

TEST(Tokens, AreStoredAsSha256) {
  EXPECT_EQ(token_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace qiao::accounts
