#include "plugins/bot/brain.hpp"

#include <gtest/gtest.h>

#include "plugins/bot/knowledge_file.hpp"

namespace qiao::bot {
namespace {

using contract::Author;
using contract::BotAnswer;
using contract::BotOutcome;

/// The bot with the demo shop's knowledge: what is promised to customers is tested on what they really get.
struct BrainTest : testing::Test {
  static const Matcher& shop() {
    static const Matcher matcher = [] {
      auto entries = read_knowledge_file(QIAO_SOURCE_DIR "/plugins/demo/knowledge.yaml");
      if (!entries) throw std::runtime_error(entries.error().message);
      auto background = Background::read(QIAO_SOURCE_DIR "/plugins/bot");
      if (!background) throw std::runtime_error(background.error().message);
      auto learned = Understanding::learn(*entries, *background);
      return Matcher(std::move(*entries), std::move(learned));
    }();
    return matcher;
  }
  contract::AskBot ask;
  BotAnswer say(const std::string& text, const std::string& language = "zh-CN") {
    ask.text = text;
    ask.language = language;
    BotAnswer answer = Brain(shop(), {}).answer(ask);
    ask.recent.push_back({Author::customer, text});
    if (answer.outcome == BotOutcome::answer) ask.recent.push_back({Author::bot, answer.content.text});
    return answer;
  }
};

TEST_F(BrainTest, S1_ExplainsTheReturnAndLeavesTheStuckOneToAfterSales) {
  const BotAnswer first = say("退货流程");
  EXPECT_EQ(first.outcome, BotOutcome::answer);
  EXPECT_EQ(first.entry, "return_process");
  EXPECT_NE(first.content.text.find("申请售后"), std::string::npos);

  const BotAnswer second = say("我的退货审核3天了没动静");
  EXPECT_EQ(second.outcome, BotOutcome::decline);
  EXPECT_EQ(second.reason, "complaint");
  EXPECT_EQ(second.intent, "return_status");
  EXPECT_EQ(second.group, "after-sales");
  EXPECT_FALSE(second.content.text.empty());
}

TEST_F(BrainTest, S2_PriceAndWhereaboutsOfADeliveryAreTwoThings) {
  const BotAnswer price = say("快递费多少钱");
  EXPECT_EQ(price.outcome, BotOutcome::answer);
  EXPECT_EQ(price.entry, "delivery_fee");
  const BotAnswer where = say("快递咋还没到");
  EXPECT_EQ(where.outcome, BotOutcome::decline);
  EXPECT_EQ(where.intent, "delivery_status");
  EXPECT_EQ(where.group, "logistics");
}

TEST_F(BrainTest, S3_ALostParcelGoesToLogistics) {
  const BotAnswer answer = say("快递丢了要赔偿");
  EXPECT_EQ(answer.outcome, BotOutcome::decline);
  EXPECT_EQ(answer.intent, "parcel_lost");
  EXPECT_EQ(answer.group, "logistics");
}

TEST_F(BrainTest, S5_OpeningHoursAreAnsweredAtNight) {
  const BotAnswer answer = say("你们店几点关门");
  EXPECT_EQ(answer.outcome, BotOutcome::answer);
  EXPECT_EQ(answer.entry, "opening_hours");
  EXPECT_NE(answer.content.text.find("22:00"), std::string::npos);
}

TEST_F(BrainTest, S12_GroupsByWhatIsNeeded) {
  EXPECT_EQ(say("配送延迟").group, "logistics");
  EXPECT_EQ(say("课程报名").group, "sales");
  EXPECT_EQ(say("系统报错").group, "tech");
  for (const char* text : {"配送延迟", "课程报名", "系统报错"})
    EXPECT_EQ(say(text).outcome, BotOutcome::decline) << text;

  const BotAnswer refund = say("退款");
  EXPECT_EQ(refund.outcome, BotOutcome::answer);
  ASSERT_FALSE(refund.content.buttons.empty());
  EXPECT_EQ(refund.content.buttons[0].url, "/#refund");
}

TEST_F(BrainTest, RefundKeywordBringsTheLinkInASentenceToo) {
  EXPECT_EQ(say("昨天那单我要退款").entry, "refund");
  EXPECT_EQ(say("退款多久到账").entry, "refund_time");
  EXPECT_EQ(say("退款几天能到我卡里").entry, "refund_time");
}

struct Expected {
  const char* text;
  const char* entry;
};

TEST_F(BrainTest, UnderstandsHowCustomersReallyAsk) {
  const Expected list[] = {
      {"请问怎么退货呀", "return_process"},
      {"退貨流程", "return_process"},
      {"东西不想要了咋退", "return_process"},
      {"運費怎麼算", "delivery_fee"},
      {"满多少包邮啊", "delivery_fee"},
      {"下单之后多久可以送到", "delivery_time"},
      {"周末开不开门", "opening_hours"},
      {"你们几点下班", "opening_hours"},
      {"草莓坏了怎么办", "freshness_guarantee"},
      {"能不能开个发票", "invoice"},
      {"APP登不上了", "login_problem"},
      {"账号登不上", "login_problem"},
      {"没收到验证码", "verification_code"},
      {"有没有水果礼盒", "gift_box"},
      {"可以用微信付款吗", "payment_methods"},
      {"会员怎么收费", "membership"},
      {"你好", "greeting"},
      {"好的，谢谢啦", "thanks"},
      {"能送到门口吗，我不在家", "not_at_home"},
      {"我想取消订单", "cancel_order"},
      {"烹饪课多少钱一节", "cooking_course"},
  };
  for (const Expected& e : list) {
    ask.recent.clear();
    const BotAnswer answer = say(e.text);
    EXPECT_EQ(answer.outcome, BotOutcome::answer) << e.text << " score " << answer.score << " " << answer.reason;
    EXPECT_EQ(answer.entry, e.entry) << e.text << " score " << answer.score << " " << answer.reason;
  }
}

TEST_F(BrainTest, UnderstandsEnglishAndAnswersInIt) {
  const Expected list[] = {
      {"How do I return an item?", "return_process"},
      {"what are your opening hours", "opening_hours"},
      {"Is shipping free?", "delivery_fee"},
      {"I'd like a refund please", "refund"},
      {"how long until I get my money back?", "refund_time"},
      {"can't log in to my account", "login_problem"},
      {"the strawberries were rotten", "freshness_guarantee"},
      {"do you have gift boxes?", "gift_box"},
      {"Hi", "greeting"},
      {"Can I pay by credit card?", "payment_methods"},
  };
  for (const Expected& e : list) {
    ask.recent.clear();
    const BotAnswer answer = say(e.text, "en");
    EXPECT_EQ(answer.outcome, BotOutcome::answer) << e.text << " score " << answer.score << " " << answer.reason;
    EXPECT_EQ(answer.entry, e.entry) << e.text << " score " << answer.score << " " << answer.reason;
    EXPECT_FALSE(make_plain(answer.content.text).han) << e.text;
  }
}

TEST_F(BrainTest, DoesNotAnswerWhatItDoesNotKnow) {
  for (const char* text : {"粉底有没有象牙白", "口红有没有豆沙色", "今天天气怎么样", "帮我写一首诗", "股票明天会涨吗",
                           "你觉得人生的意义是什么", "1+1等于几", "asdfgh", "推荐一部电影", "我家的猫不吃饭",
                           "What is the capital of France?", "write me a poem about autumn"}) {
    ask.recent.clear();
    const BotAnswer answer = say(text);
    EXPECT_EQ(answer.outcome, BotOutcome::decline) << text << " → " << answer.entry << " score " << answer.score;
    EXPECT_TRUE(answer.reason == "no_match" || answer.reason == "low_score") << text << " " << answer.reason;
    EXPECT_TRUE(answer.group.empty());
  }
}

TEST_F(BrainTest, GivesWayWhenAPersonIsAskedFor) {
  for (const char* text : {"人工", "转人工", "我要找人工客服", "能不能让真人来", "轉人工", "有人吗", "客服"}) {
    const BotAnswer answer = say(text);
    EXPECT_EQ(answer.outcome, BotOutcome::handoff) << text;
    EXPECT_EQ(answer.reason, "asked");
  }
  for (const char* text :
       {"human please", "I want to talk to a real person", "agent", "can I speak to someone?", "Representative!"}) {
    const BotAnswer answer = say(text, "en");
    EXPECT_EQ(answer.outcome, BotOutcome::handoff) << text;
    EXPECT_FALSE(make_plain(answer.content.text).han);
  }
}

TEST_F(BrainTest, AskingForAPersonKeepsTheTopicOfTheTalk) {
  say("退货流程");
  EXPECT_EQ(say("转人工").group, "after-sales");
  ask.recent.clear();
  EXPECT_EQ(say("转人工").group, "");
  EXPECT_EQ(say("系统报错，请帮我转人工").group, "tech");
}

TEST_F(BrainTest, QuestionsAboutPeopleAreNotRequestsForOne) {
  EXPECT_EQ(say("你是机器人吗").entry, "are_you_a_robot");
  EXPECT_EQ(say("客服电话是多少").entry, "contact_phone");
}

struct Mood {
  const char* text;
  const char* intent;
  const char* group;
};

TEST_F(BrainTest, LeavesComplaintsAndWaitingToPeople) {
  const Mood list[] = {
      {"退款一直没到账", "refund_status", "finance"},
      {"都5天了退款还没到", "refund_status", "finance"},
      {"我的订单等了两个小时了", "delivery_status", "logistics"},
      {"包裹迟迟不发货", "delivery_status", "logistics"},
      {"快递员把我东西弄丢了快递公司不认", "parcel_lost", "logistics"},
      {"我要投诉你们", "complaint", "after-sales"},
      {"服务太差了", "complaint", "after-sales"},
      {"发票申请一周了还没开", "invoice_status", "finance"},
      {"系统登录不了已经三天了", "tech_problem", "tech"},
      {"My return has been pending for 3 days already", "return_status", "after-sales"},
      {"Where is my order?", "delivery_status", "logistics"},
      {"I still haven't received my refund", "refund_status", "finance"},
      {"you lost my parcel", "parcel_lost", "logistics"},
      {"I want to file a complaint", "complaint", "after-sales"},
  };
  for (const Mood& m : list) {
    ask.recent.clear();
    const BotAnswer answer = say(m.text);
    EXPECT_EQ(answer.outcome, BotOutcome::decline) << m.text << " → " << answer.entry;
    EXPECT_EQ(answer.reason, "complaint") << m.text << " " << answer.entry;
    EXPECT_EQ(answer.intent, m.intent) << m.text;
    EXPECT_EQ(answer.group, m.group) << m.text;
  }
}

TEST_F(BrainTest, QuestionsAboutTheRulesAreNoComplaints) {
  for (const char* text : {"退款多久到账", "下单后几天能到", "退货要几天", "快递几天能到", "坏了有赔偿吗",
                           "how long does a refund take", "do you deliver within 2 days"}) {
    ask.recent.clear();
    EXPECT_EQ(say(text).outcome, BotOutcome::answer) << text;
  }
}

TEST_F(BrainTest, NeverGivesTheSameAnswerTwiceInARow) {
  EXPECT_EQ(say("退货流程").outcome, BotOutcome::answer);
  const BotAnswer again = say("怎么退货");
  EXPECT_EQ(again.outcome, BotOutcome::decline);
  EXPECT_EQ(again.reason, "repeated");
  EXPECT_EQ(again.group, "after-sales");
}

TEST_F(BrainTest, GreetsAsOftenAsItIsGreeted) {
  EXPECT_EQ(say("你好").outcome, BotOutcome::answer);
  EXPECT_EQ(say("你好").outcome, BotOutcome::answer);
}

TEST_F(BrainTest, SaysSorryWhenItsAnswerWasNoHelp) {
  say("账号登不上");
  const BotAnswer answer = say("没用，还是不行");
  EXPECT_EQ(answer.outcome, BotOutcome::decline);
  EXPECT_EQ(answer.reason, "not_helped");
  EXPECT_EQ(answer.group, "tech");
}

TEST_F(BrainTest, APictureAloneIsForAPerson) {
  const BotAnswer answer = say("");
  EXPECT_EQ(answer.outcome, BotOutcome::decline);
  EXPECT_EQ(answer.reason, "no_text");
}

TEST_F(BrainTest, TheLanguageOfTheTextWinsOverTheBrowsers) {
  EXPECT_TRUE(make_plain(say("退货流程", "en").content.text).han);
  ask.recent.clear();
  EXPECT_FALSE(make_plain(say("how do I return something", "zh-CN").content.text).han);
  EXPECT_TRUE(Brain::speaks_chinese(make_plain("ok"), "zh-CN"));
  EXPECT_FALSE(Brain::speaks_chinese(make_plain("ok"), "en"));
}

TEST_F(BrainTest, EveryQuestionOfTheShopFindsItsOwnEntry) {
  for (const KnowledgeEntry& entry : shop().entries()) {
    for (const std::string& question : entry.questions) {
      const auto best = shop().best(make_plain(question), "", 1);
      ASSERT_FALSE(best.empty()) << question;
      EXPECT_EQ(best[0].entry->key, entry.key) << question;
    }
  }
}

TEST_F(BrainTest, NoEntryOfTheShopIsMistakenForAComplaint) {
  for (const KnowledgeEntry& entry : shop().entries()) {
    ask.recent.clear();
    const BotAnswer answer = say(entry.questions.front());
    EXPECT_EQ(answer.entry, entry.key) << entry.questions.front() << " " << answer.reason;
  }
}

}  // namespace
}  // namespace qiao::bot
