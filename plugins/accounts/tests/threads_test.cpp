#include <gtest/gtest.h>

#include <thread>

#include "plugins/accounts/directory.hpp"
#include "plugins/accounts/login_guard.hpp"
#include "plugins/accounts/session_table.hpp"
#include "plugins/accounts/tokens.hpp"

namespace qiao::accounts {
namespace {

using namespace std::chrono_literals;

/// Runs `work(0)` … `work(3)` at once.
template <class F>
void at_once(F work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([=] { work(i); });
  for (std::thread& t : threads) t.join();
}

TEST(Threads, SessionsAreOpenedUsedAndEndedAtTheSameTime) {
  SessionTable table(system_clock(), 30min, 12h);
  at_once([&table](int who) {
    for (int i = 0; i < 200; ++i) {
      const std::string token = "t" + std::to_string(who) + "-" + std::to_string(i);
      table.put(
          {Id{who * 1000 + i + 1}, Id{who + 1}, token_hash(token), "", "", system_clock().now(), system_clock().now()});
      EXPECT_TRUE(table.use(token));
      if (i % 2 == 0) table.remove(Id{who * 1000 + i + 1});
      (void)table.take_used();
      (void)table.take_expired();
      (void)table.of(Id{1});
    }
  });
  EXPECT_EQ(table.size(), 400u);
}

TEST(Threads, AgentsComeAndGoWhileTheyAreListed) {
  Directory directory({{"sales", "销售组", "Sales", false}});
  for (int who = 0; who < 4; ++who) {
    AgentRecord agent;
    agent.view.id = Id{who + 1};
    agent.view.login = "agent" + std::to_string(who);
    directory.put(agent);
  }
  at_once([&directory](int who) {
    for (int i = 0; i < 200; ++i) {
      const contract::Presence presence = i % 2 == 0 ? contract::Presence::online : contract::Presence::offline;
      EXPECT_TRUE(directory.set_presence({Id{who + 1}, presence, Id{77}}));
      EXPECT_EQ(directory.list().agents.size(), 4u);
      directory.put(*directory.find(Id{who + 1}));
    }
  });
  for (const auto& agent : directory.list().agents) EXPECT_EQ(agent.presence, contract::Presence::offline);
}

TEST(Threads, TheGuardLetsFiveGuessesThroughHoweverManyComeAtOnce) {
  LoginGuard guard(1000, 5min);
  std::atomic<int> passed{0};
  const SteadyTime now = system_clock().steady();
  at_once([&](int who) {
    for (int i = 0; i < 50; ++i) passed += guard.begin("liting", "address" + std::to_string(who), now) ? 1 : 0;
  });
  EXPECT_EQ(passed, 5);
}

}  // namespace
}  // namespace qiao::accounts
