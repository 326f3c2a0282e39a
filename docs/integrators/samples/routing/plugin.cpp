// Agents of the group take turns; who is offline or full is passed over.
#include <algorithm>
#include <map>

#include "qiao/contract/accounts.hpp"
#include "qiao/contract/routing.hpp"
#include "qiao/plugin.hpp"

namespace qiao::samples {

using namespace std::chrono_literals;

struct Config {
  std::string default_group;
};
void describe(Schema<Config>& s) {
  s.required("default_group", &Config::default_group).doc("Key of the group that gets what nobody hinted at");
}

/// Who is next in each group. One thread at a time; knows no hub.
class Turns {
 public:
  contract::RouteDecision decide(const contract::DecideRoute& q, const std::string& group,
                                 std::vector<contract::AgentView> agents) {
    std::sort(agents.begin(), agents.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    contract::RouteDecision decision;
    decision.group = group;
    decision.rank = q.in_app ? 0 : 1;
    Id& last = last_[group];
    const contract::AgentView* first = nullptr;
    const contract::AgentView* next = nullptr;  // the first behind the last one; else from the beginning
    for (const contract::AgentView& agent : agents) {
      if (!free(agent, group, q.loads)) continue;
      if (!first) first = &agent;
      if (!next && agent.id > last) next = &agent;
    }
    if (!next) next = first;
    if (!next) {
      decision.reason = "nobody is free: queued";
      return decision;
    }
    last = next->id;
    decision.agent = next->id;
    decision.agent_name = next->name;
    decision.reason = "next in turn";
    return decision;
  }

 private:
  static bool free(const contract::AgentView& agent, const std::string& group,
                   const std::vector<contract::AgentLoad>& loads) {
    if (!agent.active || agent.presence != contract::Presence::online) return false;
    if (std::find(agent.groups.begin(), agent.groups.end(), group) == agent.groups.end()) return false;
    const auto load = std::find_if(loads.begin(), loads.end(), [&](const auto& l) { return l.agent == agent.id; });
    return (load == loads.end() ? 0 : load->open) < agent.capacity;
  }

  std::map<std::string, Id> last_;
};

class RoutingPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.config<Config>().serves<contract::DecideRoute>().asks<contract::ListAgents>();
    m.summary("Agents take turns");
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<Config>();
    if (!bound) return bound.error();
    config_ = *bound;
    return {};
  }

  // The question is answered later, from the callback: the lane is free meanwhile. The callback runs on the lane that
  // asked, so `turns_` is only ever touched from one lane and needs no mutex.
  Result<void> start(Context& host) override {
    Bus& bus = host.bus();
    bus.serve<contract::DecideRoute>(
        [this, &bus](const contract::DecideRoute& q, const Headers&, Responder<contract::RouteDecision> answer) {
          bus.request(contract::ListAgents{}, 500ms,
                      [this, q, answer = std::move(answer)](Result<contract::AgentList> list) {
                        if (!list) return answer(list.error());
                        const std::string& group = q.group_hint.empty() ? config_.default_group : q.group_hint;
                        answer(turns_.decide(q, group, std::move(list->agents)));
                      });
        });
    return {};
  }

  void stop() noexcept override {}

 private:
  Config config_;
  Turns turns_;
};

}  // namespace qiao::samples

QIAO_PLUGIN(qiao::samples::RoutingPlugin, "sample-routing", "routing", "1.0.0")
