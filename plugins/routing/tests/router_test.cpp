#include "plugins/routing/router.hpp"

#include <gtest/gtest.h>

#include "plugins/routing/handling_time.hpp"

namespace qiao::routing {
namespace {

using contract::AgentView;
using contract::ConversationState;
using contract::DecideRoute;
using contract::Presence;
using contract::Role;
using contract::RouteDecision;

AgentView agent(std::int64_t id, const std::string& login, std::vector<std::string> groups) {
  AgentView a;
  a.id = Id{id};
  a.login = a.name = login;
  a.groups = std::move(groups);
  a.presence = Presence::online;
  return a;
}

struct RouterTest : testing::Test {
  RoutingConfig config;
  contract::AgentList people;
  DecideRoute q;
  RouterTest() {
    people.agents = {agent(1, "liting", {"after-sales"}), agent(2, "wangqiang", {"logistics"}),
                     agent(3, "chenchen", {"sales"}),     agent(4, "zhaolei", {"tech"}),
                     agent(5, "sunmin", {"finance"}),     agent(6, "emma", {"after-sales", "sales"})};
    q.conversation.id = Id{100};
    q.conversation.channel = "web";
    q.conversation.language = "zh-CN";
  }
  RouteDecision decide() const { return Router(config).decide(q, people, 180s); }
  RouteDecision decide(const std::string& text, const std::string& hint = "") {
    q.text = text;
    q.group_hint = hint;
    return decide();
  }
  void load(std::int64_t id, std::int32_t open) { q.loads.push_back({Id{id}, open}); }
};

TEST_F(RouterTest, S12_KeywordsFindTheGroup) {
  EXPECT_EQ(decide("配送延迟").group, "logistics");
  EXPECT_EQ(decide("课程报名").group, "sales");
  EXPECT_EQ(decide("系统报错").group, "tech");
  EXPECT_EQ(decide("发票抬头写错了").group, "finance");
  EXPECT_EQ(decide("我要投诉").group, "after-sales");
}

TEST_F(RouterTest, S3_ALostParcelIsForLogistics) {
  const RouteDecision d = decide("快递丢了要赔偿");
  EXPECT_EQ(d.group, "logistics");
  EXPECT_EQ(d.agent, Id{2});
  EXPECT_NE(d.reason.find("快递"), std::string::npos);
}

TEST_F(RouterTest, S1_TheBotsHintDecidesWhereNoKeywordDoes) {
  EXPECT_EQ(decide("我的退货审核3天了没动静", "after-sales").group, "after-sales");
  EXPECT_EQ(decide("一直没人回复我", "tech").group, "tech");
}

TEST_F(RouterTest, TheHintWinsOverKeywordsBecauseATransferLooksTheSame) {
  EXPECT_EQ(decide("快递还没到", "after-sales").group, "after-sales");
}

TEST_F(RouterTest, EnglishKeywordsAreWholeWordsInAnyCase) {
  EXPECT_EQ(decide("There was an ERROR").group, "tech");
  EXPECT_EQ(decide("the terror of it").group, "after-sales");
  EXPECT_EQ(decide("APP报错了").group, "tech");
}

TEST_F(RouterTest, RulesByIntentChannelAndLanguageHoldTogether) {
  config.rules = {{{}, {"vip"}, {"web"}, {"en"}, "sales"}, {{}, {}, {"douyin"}, {}, "tech"}};
  q.conversation.intent = "vip";
  EXPECT_EQ(decide("hello").group, "after-sales");
  q.conversation.language = "en-GB";
  EXPECT_EQ(decide("hello").group, "sales");
  EXPECT_EQ(decide("hello", "finance").group, "finance");
  q.conversation.channel = "douyin";
  EXPECT_EQ(decide("hello").group, "tech");
}

TEST_F(RouterTest, TheFirstFittingRuleDecides) {
  config.rules = {{{"退货"}, {}, {}, {}, "sales"}, {{"退货"}, {}, {}, {}, "tech"}};
  EXPECT_EQ(decide("退货").group, "sales");
}

TEST_F(RouterTest, QueuedConversationsKeepTheirGroupUnlessAnotherIsAskedFor) {
  q.conversation.state = ConversationState::queued;
  q.conversation.group = "finance";
  EXPECT_EQ(decide("快递").group, "finance");
  EXPECT_EQ(decide("快递", "sales").group, "sales");
  q.conversation.state = ConversationState::bot;
  EXPECT_EQ(decide("快递").group, "logistics");
}

TEST_F(RouterTest, TheLeastLoadedGetsIt) {
  load(1, 3);
  load(6, 2);
  EXPECT_EQ(decide("投诉").agent, Id{6});
  q.loads = {{Id{1}, 2}, {Id{6}, 2}};
  EXPECT_EQ(decide("投诉").agent, Id{1});
}

TEST_F(RouterTest, LoadCountsAsShareOfTheCapacity) {
  people.agents[0].capacity = 10;
  people.agents[5].capacity = 2;
  load(1, 3);
  load(6, 1);
  EXPECT_EQ(decide("投诉").agent, Id{1});
}

TEST_F(RouterTest, OnlyThoseWhoAreThereAndHaveRoom) {
  people.agents[0].presence = Presence::away;
  load(6, 8);
  const RouteDecision d = decide("投诉");
  EXPECT_FALSE(d.agent);
  EXPECT_EQ(d.group, "after-sales");
  EXPECT_GT(d.estimate_s, 0);
  people.agents[0].presence = Presence::online;
  people.agents[0].active = false;
  EXPECT_FALSE(decide("投诉").agent);
}

TEST_F(RouterTest, SupervisorsTakeConversationsOnlyThemselves) {
  people.agents = {agent(7, "zhouxue", {"after-sales"})};
  people.agents[0].role = Role::supervisor;
  EXPECT_FALSE(decide("投诉").agent);
  config.assign_to = {Role::agent, Role::supervisor};
  EXPECT_EQ(decide("投诉").agent, Id{7});
}

TEST_F(RouterTest, ThePreviousAgentComesFirstIfFree) {
  load(6, 5);
  q.previous_agent = Id{6};
  EXPECT_EQ(decide("投诉").agent, Id{6});
  q.loads = {{Id{6}, 8}};
  EXPECT_EQ(decide("投诉").agent, Id{1});
  q.loads.clear();
  people.agents[5].presence = Presence::offline;
  EXPECT_EQ(decide("投诉").agent, Id{1});
  q.previous_agent = Id{2};
  EXPECT_EQ(decide("投诉").agent, Id{1});
}

TEST_F(RouterTest, WhoSpeaksTheLanguageComesBeforeTheLeastLoaded) {
  config.languages["emma"] = {"en"};
  load(6, 3);
  EXPECT_EQ(decide("投诉").agent, Id{1});
  q.conversation.language = "en-US";
  EXPECT_EQ(decide("a complaint").agent, Id{6});
}

TEST_F(RouterTest, InAppCustomersRankBeforeOthers) {
  const auto others = decide("投诉").rank;
  q.in_app = true;
  EXPECT_LT(decide("投诉").rank, others);
}

TEST_F(RouterTest, TheEstimateGrowsWithThePlaceAndShrinksWithThePeople) {
  load(1, 8);
  load(6, 8);
  q.ahead = 0;
  const auto first = decide("投诉").estimate_s;
  q.ahead = 7;
  const auto eighth = decide("投诉").estimate_s;
  EXPECT_EQ(first, 180 / 16);
  EXPECT_EQ(eighth, 8 * 180 / 16);
  people.agents[5].presence = Presence::offline;
  EXPECT_EQ(decide("投诉").estimate_s, 180);
  people.agents[0].presence = Presence::offline;
  EXPECT_EQ(decide("投诉").estimate_s, 0);
}

contract::ConversationChanged change(const std::string& what, std::int64_t second, std::int64_t agent_id = 1) {
  contract::ConversationChanged c;
  c.what = what;
  c.conversation.id = Id{100};
  c.conversation.agent = Id{agent_id};
  c.conversation.changed_at = from_micros(second * 1'000'000);
  return c;
}

TEST(HandlingTime, FollowsWhatIsMeasured) {
  HandlingTime time(180s);
  EXPECT_EQ(time.mean(), 180s);
  time.note(change("assigned", 1000));
  time.note(change("resolved", 1280));
  EXPECT_EQ(time.mean(), 190s);
}

TEST(HandlingTime, IgnoresMisclicksAndWhatItDidNotSeeBegin) {
  HandlingTime time(180s);
  time.note(change("resolved", 5000));
  time.note(change("assigned", 6000));
  time.note(change("resolved", 6003));
  EXPECT_EQ(time.mean(), 180s);
}

TEST(HandlingTime, BackInTheQueueIsNotHandling) {
  HandlingTime time(180s);
  time.note(change("assigned", 1000));
  time.note(change("queued", 1100));
  time.note(change("resolved", 9000));
  EXPECT_EQ(time.mean(), 180s);
}

TEST(HandlingTime, OneOpenOverNightCountsAsFourHours) {
  HandlingTime time(0s);
  time.note(change("assigned", 0));
  time.note(change("resolved", 100 * 3600));
  EXPECT_EQ(time.mean(), std::chrono::seconds(4 * 3600 / 10));
}

}  // namespace
}  // namespace qiao::routing
