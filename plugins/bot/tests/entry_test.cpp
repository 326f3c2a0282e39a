#include "plugins/bot/entry.hpp"

#include <gtest/gtest.h>

#include "plugins/bot/intent_names.hpp"

namespace qiao::bot {
namespace {

KnowledgeEntry delivery() {
  KnowledgeEntry e;
  e.key = "delivery";
  e.questions = {"多久送到"};
  e.answer_zh = "一小时";
  e.answer_en = "One hour";
  return e;
}

TEST(Entry, TheVariantThatFitsBestIsGiven) {
  KnowledgeEntry e = delivery();
  e.variants.push_back({"wechat", "", "微信：一小时", "", {}, {}});
  e.variants.push_back({"", "north", "北店：两小时", "", {}, {}});
  e.variants.push_back({"wechat", "north", "北店微信：三小时", "", {}, {}});
  EXPECT_EQ(content_of(e, true, "web", "").text, "一小时");
  EXPECT_EQ(content_of(e, true, "wechat", "south").text, "微信：一小时");
  EXPECT_EQ(content_of(e, true, "web", "north").text, "北店：两小时");
  EXPECT_EQ(content_of(e, true, "wechat", "north").text, "北店微信：三小时");
  EXPECT_EQ(content_of(e, false, "web", "").text, "One hour");
}

TEST(Entry, AVariantWithoutWordsKeepsThoseOfTheEntry) {
  KnowledgeEntry e = delivery();
  contract::Card card;
  card.kind = "mini_program";
  card.title = "查订单";
  e.variants.push_back({"wechat", "", "", "", card, {}});
  const contract::Content content = content_of(e, true, "wechat", "");
  EXPECT_EQ(content.text, "一小时");
  ASSERT_EQ(content.cards.size(), 1U);
  EXPECT_EQ(content.cards[0].title, "查订单");
}

TEST(Entry, DocumentsComeAsLinks) {
  KnowledgeEntry e = delivery();
  e.attachments = {{"配送范围.pdf", "https://example.com/a.pdf"}};
  const contract::Content content = content_of(e, true, "web", "");
  ASSERT_EQ(content.cards.size(), 1U);
  EXPECT_EQ(content.cards[0].kind, "link");
  EXPECT_EQ(content.cards[0].url, "https://example.com/a.pdf");
}

TEST(Entry, IsLiveFromItsBeginUntilBeforeItsEnd) {
  KnowledgeEntry e = delivery();
  EXPECT_TRUE(is_live(e, from_micros(5)));
  e.valid_from = from_micros(10);
  e.valid_until = from_micros(20);
  EXPECT_FALSE(is_live(e, from_micros(9)));
  EXPECT_TRUE(is_live(e, from_micros(10)));
  EXPECT_TRUE(is_live(e, from_micros(19)));
  EXPECT_FALSE(is_live(e, from_micros(20)));
  e.enabled = false;
  EXPECT_FALSE(is_live(e, from_micros(15)));
}

TEST(Entry, AnIntentIsCalledByTheTitleInTheLanguageOfWhoReads) {
  KnowledgeEntry order = delivery();
  order.key = "order_status";
  order.questions = {"我的订单到哪了", "Where is my order?"};
  KnowledgeEntry other = delivery();
  other.intent = "speed";
  const std::vector<KnowledgeEntry> entries{order, other};
  EXPECT_EQ(name_of_intent(entries, "order_status", true), "我的订单到哪了");
  EXPECT_EQ(name_of_intent(entries, "order_status", false), "Where is my order?");
  EXPECT_EQ(name_of_intent(entries, "speed", false), "多久送到");
  EXPECT_EQ(name_of_intent(entries, "delivery", true), "");
  EXPECT_EQ(name_of_intent(entries, "return_status", true), "退货进度");
  EXPECT_EQ(name_of_intent({}, "ask_person", false), "Wants a person");
}

TEST(Entry, WhatIsWrongIsNamed) {
  const auto problem = [](auto change) {
    KnowledgeEntry e = delivery();
    change(e);
    const auto ok = check_entry(e);
    return ok ? std::string() : ok.error().message;
  };
  EXPECT_EQ(problem([](KnowledgeEntry&) {}), "");
  EXPECT_NE(problem([](KnowledgeEntry& e) { e.card.title = "x"; }).find("card: a kind"), std::string::npos);
  EXPECT_NE(problem([](KnowledgeEntry& e) {
              e.card.kind = "link";
              e.card.title = "x";
              e.card.url = "javascript:alert(1)";
            }).find("card: url"),
            std::string::npos);
  EXPECT_NE(problem([](KnowledgeEntry& e) {
              e.variants.push_back({"", "", "x", "", {}, {}});
            }).find("variants"),
            std::string::npos);
  EXPECT_NE(problem([](KnowledgeEntry& e) { e.related = {"delivery"}; }).find("related"), std::string::npos);
  EXPECT_NE(problem([](KnowledgeEntry& e) {
              e.valid_from = from_micros(20);
              e.valid_until = from_micros(20);
            }).find("valid_until"),
            std::string::npos);
  EXPECT_NE(problem([](KnowledgeEntry& e) {
              e.attachments = {{"a", "file:///etc/passwd"}};
            }).find("attachments"),
            std::string::npos);
}

}  // namespace
}  // namespace qiao::bot
