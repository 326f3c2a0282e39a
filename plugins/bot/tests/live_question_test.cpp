#include <gtest/gtest.h>

#include "plugins/bot/live_answer.hpp"

namespace qiao::bot {
namespace {

using contract::AskBot;
using contract::Author;

LiveQuestion named_in(const std::string& text, const std::string& before = {}) {
  AskBot ask;
  ask.text = text;
  if (!before.empty()) ask.recent = {{Author::customer, before}, {Author::bot, "…"}};
  return live_question(ask);
}

struct Named {
  const char* text;
  const char* words;
};

TEST(LiveQuestion, LeavesTheProductWhenTheAskingIsTakenAway) {
  const Named list[] = {
      {"豆沙色口红有货吗", "豆沙色口红"},
      {"请问口红还有货吗？", "口红"},
      {"你们有没有象牙白粉底", "象牙白粉底"},
      {"草莓库存还有多少", "草莓"},
      {"Do you have strawberries in stock?", "strawberries"},
      {"is the ivory foundation available", "ivory foundation"},
      {"還有貨嗎", ""},
      {"现在有现货吗", ""},
  };
  for (const Named& n : list) EXPECT_EQ(named_in(n.text).words, n.words) << n.text;
}

TEST(LiveQuestion, TakesWhatLooksLikeANumberAsACode) {
  EXPECT_EQ(named_in("A-7 还有货吗").codes, std::vector<std::string>{"A-7"});
  EXPECT_EQ(named_in("K201和K-202.有货没").codes, (std::vector<std::string>{"K201", "K-202"}));
  EXPECT_EQ(named_in("订单 20261102001 到哪了").codes, std::vector<std::string>{"20261102001"});
  EXPECT_TRUE(named_in("3 个苹果有货吗").codes.empty()) << "a count is no code";
}

TEST(LiveQuestion, LooksAtWhatWasWrittenBeforeWhenTheTextNamesNothing) {
  EXPECT_EQ(named_in("还有货吗", "豆沙色口红多少钱").words, "豆沙色口红 钱");
  EXPECT_EQ(named_in("有现货吗", "A-7 怎么样").codes, std::vector<std::string>{"A-7"});
}

TEST(OrderSlots, AreTakenFromThisTextAndFromWhatWasAnsweredBefore) {
  AskBot ask;
  ask.text = "订单 20261102001，手机 138 0013 8000";
  EXPECT_EQ(order_slots(ask).number, "20261102001");
  EXPECT_EQ(order_slots(ask).phone, "+8613800138000");
  ask.text = "+44 20 7946 0958";
  EXPECT_EQ(order_slots(ask).phone, "+442079460958");
  EXPECT_EQ(order_slots(ask).number, "");
  ask.text = "SO-2026-00455 please";
  EXPECT_EQ(order_slots(ask).number, "SO-2026-00455");
  ask.text = "我的订单到哪了";
  EXPECT_EQ(order_slots(ask).number + order_slots(ask).phone, "");
}

}  // namespace
}  // namespace qiao::bot
