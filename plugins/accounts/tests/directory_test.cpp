#include "plugins/accounts/directory.hpp"

#include <gtest/gtest.h>

#include "qiao/contract/access.hpp"

namespace qiao::accounts {
namespace {

using contract::AgentView;
using contract::Presence;
using contract::Role;

AgentRecord agent(std::int64_t id, const std::string& login, Role role = Role::agent) {
  AgentRecord record;
  record.view.id = Id{id};
  record.view.login = login;
  record.view.name = login;
  record.view.role = role;
  record.view.groups = {"after-sales"};
  record.password = "hash";
  return record;
}

Principal as(const AgentView& view) {
  Principal who;
  who.type = Principal::Type::agent;
  who.id = view.id;
  who.permissions = permissions_of(view);
  return who;
}

struct DirectoryTest : testing::Test {
  Directory directory{{{"after-sales", "售后组", "After-sales", true}, {"sales", "销售组", "Sales", false}}};
  DirectoryTest() { directory.put(agent(1, "liting")); }
  Presence set(Presence presence, std::int64_t screen = 0) {
    return directory.set_presence({Id{1}, presence, Id{screen}})->agent.presence;
  }
};

TEST_F(DirectoryTest, TheFirstScreenBringsAnAgentOnlineAndTheLastTakesThemOffline) {
  EXPECT_EQ(set(Presence::online, 11), Presence::online);
  EXPECT_EQ(set(Presence::online, 12), Presence::online);
  EXPECT_EQ(set(Presence::offline, 11), Presence::online);
  EXPECT_EQ(set(Presence::offline, 12), Presence::offline);
}

TEST_F(DirectoryTest, SayingTheSameTwiceChangesNothing) {
  set(Presence::online, 11);
  EXPECT_FALSE(directory.set_presence({Id{1}, Presence::online, Id{11}})->changed);
  set(Presence::offline, 11);
  EXPECT_FALSE(directory.set_presence({Id{1}, Presence::offline, Id{11}})->changed);
}

TEST_F(DirectoryTest, AwayHoldsWhileAnotherScreenCloses) {
  set(Presence::online, 11);
  set(Presence::online, 12);
  set(Presence::away, 12);
  EXPECT_EQ(set(Presence::offline, 11), Presence::away);
}

TEST_F(DirectoryTest, WithoutAScreenThePresenceIsSetOutright) {
  set(Presence::online, 11);
  EXPECT_EQ(set(Presence::offline), Presence::offline);
  EXPECT_EQ(set(Presence::online), Presence::online);
}

TEST_F(DirectoryTest, ChangedDataKeepsThePresence) {
  set(Presence::online, 11);
  AgentRecord changed = agent(1, "liting");
  changed.view.name = "李婷";
  directory.put(changed);
  EXPECT_EQ(directory.find(Id{1})->view.presence, Presence::online);
  EXPECT_EQ(directory.find_login("liting")->view.name, "李婷");
}

TEST_F(DirectoryTest, ADeactivatedAgentIsOfflineAndStaysSo) {
  set(Presence::online, 11);
  AgentRecord gone = agent(1, "liting");
  gone.view.active = false;
  directory.put(gone);
  EXPECT_EQ(directory.find(Id{1})->view.presence, Presence::offline);
  EXPECT_EQ(set(Presence::online, 12), Presence::offline);
}

TEST_F(DirectoryTest, AnUnknownAgentHasNoPresence) {
  auto result = directory.set_presence({Id{99}, Presence::online, {}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::not_found);
}

TEST_F(DirectoryTest, CountsAdministratorsWhoMayLogIn) {
  EXPECT_EQ(directory.active_admins(), 0);
  directory.put(agent(2, "admin", Role::admin));
  EXPECT_EQ(directory.active_admins(), 1);
  AgentRecord gone = agent(2, "admin", Role::admin);
  gone.view.active = false;
  directory.put(gone);
  EXPECT_EQ(directory.active_admins(), 0);
}

TEST(Permissions, FollowTheRole) {
  namespace may = contract::permission;
  const Principal clerk = as(agent(1, "a").view);
  EXPECT_TRUE(clerk.may(may::kConversations));
  EXPECT_TRUE(clerk.may(may::kTickets));
  EXPECT_TRUE(clerk.may(may::kKnowledgeRead));
  EXPECT_FALSE(clerk.may(may::kKnowledgeEdit));
  EXPECT_FALSE(clerk.may(may::kConversationsAll));
  EXPECT_FALSE(clerk.may(may::kAgentsManage));

  const Principal worker = as(agent(2, "w", Role::worker).view);
  EXPECT_TRUE(worker.may(may::kTickets));
  EXPECT_FALSE(worker.may(may::kConversations));
  EXPECT_FALSE(worker.may(may::kKnowledgeRead));

  const Principal supervisor = as(agent(3, "s", Role::supervisor).view);
  EXPECT_TRUE(supervisor.may(may::kKnowledgeEdit));
  EXPECT_FALSE(supervisor.may(may::kConversationsAll));
  EXPECT_FALSE(supervisor.may(may::kAgentsManage));

  const Principal admin = as(agent(4, "x", Role::admin).view);
  EXPECT_TRUE(admin.may(may::kAgentsManage));
  EXPECT_TRUE(admin.may(may::kConversationsAll));
}

TEST(Permissions, MembershipIsAPermissionOfItsOwn) {
  const Principal clerk = as(agent(1, "a").view);
  EXPECT_TRUE(contract::in_group(clerk, "after-sales"));
  EXPECT_FALSE(contract::in_group(clerk, "sales"));
  EXPECT_TRUE(contract::in_group(as(agent(4, "x", Role::admin).view), "sales"));
}

}  // namespace
}  // namespace qiao::accounts
