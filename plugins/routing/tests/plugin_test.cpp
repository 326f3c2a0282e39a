#include <gtest/gtest.h>

#include "qiao/contract/accounts.hpp"
#include "qiao/contract/routing.hpp"
#include "qiao/testkit/conformance.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::routing {
namespace {

using namespace std::chrono_literals;
using contract::Presence;

struct RoutingPlugin : testing::Test {
  testkit::TestHub hub;
  contract::AgentList people;
  bool reachable = true;

  RoutingPlugin() {
    contract::AgentView agent;
    agent.id = Id{2};
    agent.login = "wangqiang";
    agent.name = "王强";
    agent.groups = {"logistics"};
    agent.presence = Presence::online;
    agent.capacity = 1;
    people.agents = {agent};
    hub.serve<contract::ListAgents>([this](const contract::ListAgents&, const Headers&) -> Result<contract::AgentList> {
      if (!reachable) return Error{Errc::unavailable, "away"};
      return people;
    });
  }
  contract::RouteDecision decide(const std::string& text, std::int32_t open = 0) {
    contract::DecideRoute q;
    q.conversation.id = Id{100};
    q.text = text;
    q.loads = {{Id{2}, open}};
    auto decision = hub.ask(q);
    EXPECT_TRUE(decision) << (decision ? "" : decision.error().message);
    return decision ? *decision : contract::RouteDecision{};
  }
};

TEST_F(RoutingPlugin, GivesAConversationToWhoIsThere) {
  hub.start_plugin("routing");
  const auto d = decide("配送延迟");
  EXPECT_EQ(d.group, "logistics");
  EXPECT_EQ(d.agent, Id{2});
  EXPECT_EQ(d.agent_name, "王强");
}

TEST_F(RoutingPlugin, RulesComeFromTheConfiguration) {
  hub.start_plugin("routing", "rules:\n  - {keywords: [草莓], group: logistics}\ndefault_group: sales\n");
  EXPECT_EQ(decide("草莓呢").group, "logistics");
  EXPECT_EQ(decide("配送延迟").group, "sales");
}

TEST_F(RoutingPlugin, ARuleWithoutAConditionIsAMistake) {
  auto started = hub.try_start_plugin("routing", "rules:\n  - {group: logistics}\n");
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("default_group"), std::string::npos) << started.error().message;
}

TEST_F(RoutingPlugin, WithoutAccountsAConversationWaitsInItsGroup) {
  hub.start_plugin("routing");
  reachable = false;
  const auto d = decide("配送延迟");
  EXPECT_EQ(d.group, "logistics");
  EXPECT_FALSE(d.agent);
}

TEST_F(RoutingPlugin, TheEstimateFollowsWhatConversationsTake) {
  hub.start_plugin("routing");
  EXPECT_EQ(decide("配送延迟", 1).estimate_s, 180);
  contract::ConversationChanged change;
  change.conversation.id = Id{50};
  change.conversation.changed_at = hub.clock().now();
  change.what = "assigned";
  ASSERT_TRUE(hub.publish(change));
  change.conversation.changed_at += 1180s;
  change.what = "resolved";
  ASSERT_TRUE(hub.publish(change));
  EXPECT_EQ(decide("配送延迟", 1).estimate_s, 280);
}

}  // namespace
}  // namespace qiao::routing

QIAO_CONFORMANCE("routing", "")
