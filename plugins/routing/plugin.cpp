#include <optional>

#include "plugins/routing/config.hpp"
#include "plugins/routing/handling_time.hpp"
#include "plugins/routing/router.hpp"
#include "qiao/contract/accounts.hpp"
#include "qiao/plugin.hpp"

namespace qiao::routing {

class RoutingPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("Chooses the group and the agent for a conversation that needs a person");
    m.config<RoutingConfig>();
    m.serves<contract::DecideRoute>();
    m.asks<contract::ListAgents>();
    m.subscribes<contract::ConversationChanged>();
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<RoutingConfig>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    return {};
  }

  Result<void> start(Context& host) override {
    RoutingConfig config = config_;
    if (host.demo() && config.languages.empty()) config.languages = {{"emma", {"en"}}};  // of the demo's staff
    router_.emplace(std::move(config));
    handling_.emplace(config_.handling_time);
    Bus& bus = host.bus();
    // Router and HandlingTime are touched on the main lane only; the callback of the request runs there too.
    bus.serve<contract::DecideRoute>([this, &host, &bus](const contract::DecideRoute& question, const Headers&,
                                                         Responder<contract::RouteDecision> respond) {
      bus.request(contract::ListAgents{}, std::chrono::milliseconds(500),
                  [this, &host, question, respond](Result<contract::AgentList> people) {
                    if (!people) {
                      // The conversation must not wait for nothing: it goes into its group's queue.
                      host.log().warn("routing without knowing who is online: {}, conversation={}",
                                      people.error().message, question.conversation.id.str());
                      people = contract::AgentList{};
                    }
                    respond(router_->decide(question, *people, handling_->mean(), host.clock().now()));
                  });
    });
    bus.subscribe<contract::ConversationChanged>(
        [this](const contract::ConversationChanged& change, const Headers&) { handling_->note(change); });
    return {};
  }

  void stop() noexcept override {
    handling_.reset();
    router_.reset();
  }

 private:
  RoutingConfig config_;
  std::optional<Router> router_;
  std::optional<HandlingTime> handling_;
};

}  // namespace qiao::routing

using qiao::routing::RoutingPlugin;
QIAO_PLUGIN(RoutingPlugin, "routing", "routing", "0.1.0")
