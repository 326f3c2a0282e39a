#include "qiao/contract/accounts.hpp"
#include "qiao/contract/routing.hpp"
#include "qiao/testkit/conformance.hpp"

using namespace qiao::contract;
using qiao::Id;
using qiao::testkit::TestHub;

namespace {

AgentView agent(std::int64_t id, Presence presence) {
  AgentView a;
  a.id = Id{id};
  a.name = "agent " + std::to_string(id);
  a.groups = {"sales"};
  a.capacity = 2;
  a.presence = presence;
  return a;
}

/// Stands in for accounts: 1 and 3 are there, 2 is not.
void with_agents(TestHub& hub) {
  hub.serve<ListAgents>([](const ListAgents&, const qiao::Headers&) -> qiao::Result<AgentList> {
    return AgentList{{agent(1, Presence::online), agent(2, Presence::offline), agent(3, Presence::online)}, {}};
  });
}

}  // namespace

TEST(SampleRouting, AgentsTakeTurnsAndWhoIsAwayIsPassedOver) {
  TestHub hub;
  with_agents(hub);
  hub.start_plugin("sample-routing", "default_group: sales\n");
  EXPECT_EQ(hub.ask(DecideRoute{})->agent, Id{1});
  EXPECT_EQ(hub.ask(DecideRoute{})->agent, Id{3});
  EXPECT_EQ(hub.ask(DecideRoute{})->agent, Id{1});
}

TEST(SampleRouting, WhoIsFullGetsNothingAndWithoutAnybodyItIsQueued) {
  TestHub hub;
  with_agents(hub);
  hub.start_plugin("sample-routing", "default_group: sales\n");
  DecideRoute question;
  question.loads = {{Id{1}, 2}};
  EXPECT_EQ(hub.ask(question)->agent, Id{3});
  question.loads = {{Id{1}, 2}, {Id{3}, 2}};
  const auto queued = hub.ask(question);
  ASSERT_TRUE(queued) << queued.error().message;
  EXPECT_TRUE(queued->agent.empty());
  EXPECT_EQ(queued->group, "sales");
}

TEST(SampleRouting, AHintComesBeforeTheDefaultGroup) {
  TestHub hub;
  with_agents(hub);
  hub.start_plugin("sample-routing", "default_group: sales\n");
  DecideRoute question;
  question.group_hint = "finance";
  EXPECT_EQ(hub.ask(question)->group, "finance");
  EXPECT_TRUE(hub.ask(question)->agent.empty());
}

QIAO_CONFORMANCE("sample-routing", "default_group: sales\n", with_agents)
