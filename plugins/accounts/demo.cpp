#include "plugins/accounts/demo.hpp"

#include <algorithm>

namespace qiao::accounts {
namespace {

using contract::Role;

// argon2id of kDemoPassword, computed once: the first start of a demo does not wait for it. Everybody knows the
// password.
constexpr const char* kDemoHash =
    "$argon2id$v=19$m=19456,t=2,p=1$LAuQ12Nkrj4XU2MS/26Kxg$TfBn1aHsJDnTR8lljy16V1pNrWC1uc9fat2B5hiE94E";

struct Person {
  const char* login;
  const char* name;
  Role role;
  std::vector<std::string> groups;
};

}  // namespace

bool has_demo_password(const AgentRecord& agent) { return agent.password == kDemoHash; }

std::vector<AgentRecord> demo_staff(const std::vector<contract::GroupView>& groups) {
  std::vector<std::string> all;
  for (const contract::GroupView& group : groups) all.push_back(group.key);
  const std::vector<Person> people = {
      {"liting", "李婷", Role::agent, {"after-sales"}}, {"wangqiang", "王强", Role::agent, {"logistics"}},
      {"chenchen", "陈晨", Role::agent, {"sales"}},     {"zhaolei", "赵磊", Role::agent, {"tech"}},
      {"sunmin", "孙敏", Role::agent, {"finance"}},     {"emma", "Emma", Role::agent, {"after-sales", "sales"}},
      {"zhouxue", "周雪", Role::supervisor, all},       {"admin", "管理员", Role::admin, {}},
  };
  std::vector<AgentRecord> out;
  for (const Person& person : people) {
    AgentRecord agent;
    agent.view.id = new_id();
    agent.view.login = person.login;
    agent.view.name = person.name;
    agent.view.role = person.role;
    for (const std::string& key : person.groups) {
      if (std::find(all.begin(), all.end(), key) != all.end()) agent.view.groups.push_back(key);
    }
    agent.password = kDemoHash;
    out.push_back(std::move(agent));
  }
  return out;
}

}  // namespace qiao::accounts
