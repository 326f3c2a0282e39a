#include "plugins/web/tokens.hpp"

#include <gtest/gtest.h>

namespace qiao::web {
namespace {

using namespace std::chrono_literals;

const Time kNow = *from_iso8601("2026-11-22T08:00:00Z");

TEST(Tokens, AVisitorTokenComesBackWithItsVisitor) {
  const Tokens tokens("secret");
  const auto pass = tokens.verify_visitor(tokens.visitor_token({Id{42}, "demo", kNow}), "demo", kNow + 1h, 24h);
  ASSERT_TRUE(pass);
  EXPECT_EQ(pass->visitor, Id{42});
  EXPECT_EQ(pass->issued, kNow);
}

TEST(Tokens, ATokenOfAnotherSiteIsRefused) {
  const Tokens tokens("secret");
  EXPECT_FALSE(tokens.verify_visitor(tokens.visitor_token({Id{42}, "demo", kNow}), "other", kNow, 24h));
}

TEST(Tokens, AnOldTokenIsRefused) {
  const Tokens tokens("secret");
  const auto pass = tokens.verify_visitor(tokens.visitor_token({Id{42}, "demo", kNow}), "demo", kNow + 25h, 24h);
  ASSERT_FALSE(pass);
  EXPECT_EQ(pass.error().name(), "web.token_over");
}

TEST(Tokens, EveryChangedCharacterIsNoticed) {
  const Tokens tokens("secret");
  const std::string token = tokens.visitor_token({Id{42}, "demo", kNow});
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == '1' ? '2' : '1';
    EXPECT_FALSE(tokens.verify_visitor(forged, "demo", kNow, 24h)) << forged;
  }
}

TEST(Tokens, GarbageIsRefusedWithoutHarm) {
  const Tokens tokens("secret");
  for (const char* text : {"", ".", "..", "v1", "v1.", "v1..", "v1.1.1", "v1.1.1.", "v1.x.y.z", "v2.42.1.abc"}) {
    EXPECT_FALSE(tokens.verify_visitor(text, "demo", kNow, 24h)) << text;
  }
  EXPECT_FALSE(tokens.verify_visitor(std::string(100000, '.'), "demo", kNow, 24h));
}

TEST(Tokens, ALinkToAFileIsForThatFileAndThatTime) {
  const Tokens tokens("secret");
  const std::string link = tokens.file_link(Id{7}, kNow + 5min);
  const std::string expires = link.substr(2, link.find('&') - 2);
  const std::string signature = link.substr(link.find("s=") + 2);
  EXPECT_TRUE(tokens.file_link_ok(Id{7}, expires, signature, kNow));
  EXPECT_FALSE(tokens.file_link_ok(Id{8}, expires, signature, kNow));
  EXPECT_FALSE(tokens.file_link_ok(Id{7}, expires, signature, kNow + 6min));
  EXPECT_FALSE(tokens.file_link_ok(Id{7}, "9999999999", signature, kNow));
  EXPECT_FALSE(Tokens("other").file_link_ok(Id{7}, expires, signature, kNow));
}

}  // namespace
}  // namespace qiao::web
