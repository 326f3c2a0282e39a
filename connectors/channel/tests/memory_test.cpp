#include "connectors/channel/memory.hpp"

#include <gmock/gmock.h>

#include "connectors/channel/tests/memory_context.hpp"
#include "connectors/channel/token_keeper.hpp"

namespace qiao::channel {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Pair;

TEST(Memory, KeepsValuesUntilTheyExpire) {
  MemoryHub hub;
  Memory& memory = hub.memory();
  EXPECT_FALSE(memory.get("cursor")->has_value());
  ASSERT_TRUE(memory.put("cursor", "7"));
  ASSERT_TRUE(memory.put("cursor", "8"));
  EXPECT_EQ(*memory.get("cursor"), "8");
  ASSERT_TRUE(memory.put("short", "x", 60s));
  hub.clock().advance(61s);
  EXPECT_FALSE(memory.get("short")->has_value());
  EXPECT_EQ(*memory.get("cursor"), "8");
  ASSERT_TRUE(memory.erase("cursor"));
  EXPECT_FALSE(memory.get("cursor")->has_value());
}

TEST(Memory, ListsAndErasesByPrefix) {
  MemoryHub hub;
  Memory& memory = hub.memory();
  for (const char* name : {"user:1:a", "user:1:b", "user:12:a", "user:2:a"}) ASSERT_TRUE(memory.put(name, "v"));
  EXPECT_THAT(*memory.list("user:1:"), ElementsAre(Pair("user:1:a", "v"), Pair("user:1:b", "v")));
  EXPECT_EQ(*memory.erase_all("user:1:"), 2);
  EXPECT_EQ(memory.list("user:")->size(), 2u);
}

TEST(Memory, IsALockForWhoeverComesFirst) {
  MemoryHub hub;
  Memory& memory = hub.memory();
  EXPECT_TRUE(*memory.claim("lease", "a", 30s));
  EXPECT_FALSE(*memory.claim("lease", "b", 30s));
  hub.clock().advance(31s);
  EXPECT_TRUE(*memory.claim("lease", "b", 30s));
}

TEST(TokenKeeper, FetchesOnceAndRenewsAhead) {
  MemoryHub hub;
  int fetched = 0;
  TokenKeeper keeper(hub.memory(), hub.clock(), "t", [&](const std::string&) -> Result<FreshToken> {
    return FreshToken{"token-" + std::to_string(++fetched), 7200s, ""};
  });
  EXPECT_EQ(*keeper.get(), "token-1");
  EXPECT_EQ(*keeper.get(), "token-1");
  hub.clock().advance(7200s - 4min);
  EXPECT_EQ(*keeper.get(), "token-2");
}

TEST(TokenKeeper, SharesATokenBetweenNodes) {
  MemoryHub hub;
  int fetched = 0;
  const auto fetch = [&](const std::string&) -> Result<FreshToken> {
    return FreshToken{"token-" + std::to_string(++fetched), 7200s, ""};
  };
  TokenKeeper one(hub.memory(), hub.clock(), "t", fetch);
  TokenKeeper other(hub.memory(), hub.clock(), "t", fetch);
  EXPECT_EQ(*one.get(), "token-1");
  EXPECT_EQ(*other.get(), "token-1");
  other.reject("token-1");
  EXPECT_EQ(*other.get(), "token-2");
  one.reject("token-1");
  EXPECT_EQ(*one.get(), "token-2") << "what another node fetched meanwhile is taken, not fetched again";
  EXPECT_EQ(fetched, 2);
}

TEST(TokenKeeper, RenewsOnceForAllWhoseTokenWasRefused) {
  MemoryHub hub;
  int fetched = 0;
  TokenKeeper keeper(hub.memory(), hub.clock(), "t", [&](const std::string&) -> Result<FreshToken> {
    return FreshToken{"token-" + std::to_string(++fetched), 7200s, ""};
  });
  const std::string first = *keeper.get();
  hub.clock().advance(30min);
  for (int customer = 0; customer < 100; ++customer) keeper.reject(first);
  for (int customer = 0; customer < 100; ++customer) EXPECT_EQ(*keeper.get(), "token-2");
  keeper.reject();
  EXPECT_EQ(*keeper.get(), "token-3");
}

TEST(TokenKeeper, StopsAskingAPlatformThatRefusesWhatItHasJustGiven) {
  MemoryHub hub;
  int fetched = 0;
  TokenKeeper keeper(hub.memory(), hub.clock(), "t", [&](const std::string&) -> Result<FreshToken> {
    return FreshToken{"token-" + std::to_string(++fetched), 7200s, ""};
  });
  const auto refused = [&] {
    auto token = keeper.get();
    if (token) keeper.reject(*token);
    return token ? std::string("refused by the platform") : std::string(token.error().name());
  };
  for (int customer = 0; customer < 100; ++customer) (void)refused();
  EXPECT_EQ(refused(), "channel.token");
  EXPECT_EQ(fetched, 3);
  hub.clock().advance(61s);
  for (int customer = 0; customer < 100; ++customer) (void)refused();
  EXPECT_EQ(fetched, 4) << "once for all of them";
  keeper.begin_anew();
  EXPECT_EQ(*keeper.get(), "token-5") << "other credentials are tried at once";
  hub.clock().advance(30min);
  keeper.reject("token-5");
  EXPECT_EQ(*keeper.get(), "token-6") << "what was good for a while is renewed at once";
}

TEST(TokenKeeper, KeepsAGoodTokenWhenItCannotBeRenewed) {
  MemoryHub hub;
  bool works = true;
  TokenKeeper keeper(hub.memory(), hub.clock(), "t", [&](const std::string&) -> Result<FreshToken> {
    if (!works) return Error{Errc::unavailable, "down"};
    return FreshToken{"good", 7200s, ""};
  });
  EXPECT_EQ(*keeper.get(), "good");
  works = false;
  hub.clock().advance(7200s - 2min);
  EXPECT_EQ(*keeper.get(), "good");
  hub.clock().advance(3min);
  EXPECT_EQ(keeper.get().error().code, Errc::unavailable);
}

TEST(TokenKeeper, RemembersTheRefreshToken) {
  MemoryHub hub;
  std::vector<std::string> refreshes;
  const auto fetch = [&](const std::string& refresh) -> Result<FreshToken> {
    refreshes.push_back(refresh);
    return FreshToken{"t" + std::to_string(refreshes.size()), 7200s, "r" + std::to_string(refreshes.size())};
  };
  ASSERT_TRUE(TokenKeeper(hub.memory(), hub.clock(), "t", fetch).get());
  hub.clock().advance(7200s);
  ASSERT_TRUE(TokenKeeper(hub.memory(), hub.clock(), "t", fetch).get());
  EXPECT_THAT(refreshes, ElementsAre("", "r1"));
}

}  // namespace
}  // namespace qiao::channel
