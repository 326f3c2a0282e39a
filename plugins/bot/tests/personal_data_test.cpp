#include "plugins/bot/personal_data.hpp"

#include <gtest/gtest.h>

#include "plugins/bot/suggestion.hpp"
#include "plugins/bot/topics.hpp"

namespace qiao::bot {
namespace {

TEST(PersonalData, IsTakenOutOfWhatCustomersAndAgentsWrite) {
  const PersonalData personal;
  const std::pair<const char*, const char*> cases[] = {
      {"我的电话是13812345678，请回电", "我的电话是[电话]，请回电"},
      {"打 138 1234 5678 或 +86 139-1234-5678", "打 [电话] 或 [电话]"},
      {"座机 021-61234567", "座机 [电话]"},
      {"call me at +44 20 7946 0958 please", "call me at [phone] please"},
      {"my number is (415) 555-0100", "my number is [phone]"},
      {"邮箱ming.wang+shop@example.co.uk谢谢", "邮箱[邮箱]谢谢"},
      {"身份证11010519491231002X", "身份证[证件号]"},
      {"卡号 6222 0212 3456 7890 123", "卡号 [卡号]"},
      {"订单20261102001到哪了", "订单[号码]到哪了"},
      {"顺丰 SF1234567890 没动", "顺丰 [号码] 没动"},
      {"order SO-2026-00455 is late", "order [number] is late"},
      {"我叫王小明，想退货", "我叫[姓名]，想退货"},
      {"收件人：欧阳震华 电话13812345678", "收件人：[姓名] 电话[电话]"},
      {"我是李婷，为您服务", "我是[姓名]，为您服务"},
      {"张先生您好", "[姓名]先生您好"},
      {"我叫王𬭎，想退货", "我叫[姓名]，想退货"},
      {"My name is Anna Schmidt and I wait", "My name is [name] and I wait"},
      {"Dear Ms Brown, it is in stock", "Dear [name], it is in stock"},
      {"寄到上海市浦东新区世纪大道100号3楼302室", "[地址]"},
      {"地址：朝阳区建国路88号院2号楼1单元501", "地址：[地址]"},
      {"send it to 12 Baker Street, please", "send it to [address], please"},
      {"手机１３８１２３４５６７８", "手机[电话]"},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(personal.removed(text), wanted) << text;
}

TEST(PersonalData, WhatIsNobodysStays) {
  const PersonalData personal;
  for (const char* text :
       {"象牙白有货，链接 https://shop.example/p/884512345?c=2", "K-201 还有货吗", "满 199 减 30，共 1299.00 元",
        "2026-11-22 前有效", "营业时间 9:00-21:00", "7天无理由退货", "客服热线 400 800", "我是会员吗", "第 3 号柜台",
        "open from 9 to 5", "iPhone 15 Pro", "这条路怎么走", "7 Am Stöckl", "ÉMr Bean", "生产日期 2026-11-02"}) {
    EXPECT_EQ(personal.removed(text), text);
  }
}

TEST(PersonalData, NamesOfThePeopleWhoTakePartAreTakenOutWhereverTheyStand) {
  const PersonalData personal;
  const std::string names[] = {"王小明", "Emma", "A"};
  EXPECT_EQ(personal.removed("王小明您好，Emma 会联系 A 组", names), "[姓名]您好，[姓名] 会联系 A 组");
}

TEST(PersonalData, AHostileTextEndsInTime) {
  const PersonalData personal;
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "路a路1-";
  EXPECT_FALSE(personal.removed(text).empty());
}

TEST(Suggestion, GreetingsAndQuestionsBackAreNoAnswers) {
  for (const char* text :
       {"您好", "您好，我是李婷，很高兴为您服务", "请稍等，我帮您查一下", "好的，收到", "Hello, one moment please",
        "请问您的订单号是多少？", "Which size do you need?", "在的亲亲"}) {
    EXPECT_FALSE(is_answer(text)) << text;
  }
  for (const char* text : {"象牙白有货", "您好，象牙白有货，链接 https://x.example/1", "不支持退换",
                           "It is in stock again", "https://shop.example/p/1"}) {
    EXPECT_TRUE(is_answer(text)) << text;
  }
}

TEST(Topics, GatherWhatIsAboutTheSameAndNameIt) {
  std::vector<OpenQuestion> questions;
  const auto ask = [&](const char* text) { questions.push_back({new_id(), new_id(), text, {}}); };
  for (int i = 0; i < 6; ++i) ask("粉底色号有哪些");
  ask("粉底的色号怎么选");
  ask("宠物可以进店吗");
  ask("宠物能带进店里吗");
  ask("do you have gift wrapping");
  const auto topics = topics_of(questions);
  ASSERT_GE(topics.size(), 3U);
  EXPECT_EQ(topics[0].questions.size(), 7U);
  EXPECT_NE(topics[0].name.find("粉底"), std::string::npos) << topics[0].name;
  EXPECT_EQ(topics[1].questions.size(), 2U);
  EXPECT_NE(topics[1].name.find("宠物"), std::string::npos) << topics[1].name;
  EXPECT_TRUE(topics_of({}).empty());
}

}  // namespace
}  // namespace qiao::bot
