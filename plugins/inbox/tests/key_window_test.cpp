#include "plugins/inbox/key_window.hpp"

#include <gtest/gtest.h>

#include <string>

namespace qiao::inbox {
namespace {

TEST(KeyWindow, KnowsTheLatestKeysAndForgetsTheOldest) {
  KeyWindow keys;
  EXPECT_FALSE(keys.may_have("web:1"));
  for (std::size_t i = 0; i < KeyWindow::kMost; ++i) keys.add("web:" + std::to_string(i));
  EXPECT_TRUE(keys.may_have("web:0"));
  EXPECT_TRUE(keys.may_have("web:4095"));
  keys.add("web:new");
  EXPECT_FALSE(keys.may_have("web:0"));
  EXPECT_TRUE(keys.may_have("web:1"));
  EXPECT_TRUE(keys.may_have("web:new"));
  EXPECT_EQ(keys.size(), KeyWindow::kMost);
}

TEST(KeyWindow, KnowsExactlyTheLatestAfterManyTurnsOfTheRing) {
  KeyWindow keys;
  constexpr std::size_t kAll = 5 * KeyWindow::kMost + 123;
  for (std::size_t i = 0; i < kAll; ++i) keys.add("web:" + std::to_string(i));
  for (std::size_t i = 0; i < kAll; ++i) {
    EXPECT_EQ(keys.may_have("web:" + std::to_string(i)), i >= kAll - KeyWindow::kMost) << i;
  }
}

}  // namespace
}  // namespace qiao::inbox
