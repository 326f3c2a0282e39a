#include "plugins/web/receipts.hpp"

#include <algorithm>

#include "qiao/contract/visitors.hpp"

namespace qiao::web {
namespace {

using namespace std::chrono_literals;

void report(Services& services, Id conversation, std::int64_t seq, contract::Delivery state) {
  services.bus.request(contract::ReportDelivery{conversation, seq, state, ""}, 10s, [](auto&&) {});
}

}  // namespace

void serve_receipts(Bus& bus, const std::shared_ptr<Services>& services) {
  const auto& sites = services->settings.sites;
  const bool push = std::any_of(sites.begin(), sites.end(), [](const auto& site) { return site.second.push; });
  bus.subscribe<contract::MessageOutgoing>([services, push](const contract::MessageOutgoing& e, const Headers&) {
    if (e.channel != services->channel) return;
    const Id conversation = e.message.conversation;
    const std::int64_t seq = e.message.seq;
    if (!push) return report(*services, conversation, seq, contract::Delivery::sent);
    services->bus.request(contract::GetConversation{conversation}, 10s,
                          [services, conversation, seq](const Result<contract::ConversationView>& c) {
                            if (!c) return;  // asked again with the next MessageOutgoing
                            const auto site = services->settings.sites.find(c->site);
                            if (site != services->settings.sites.end() && site->second.push) return;
                            report(*services, conversation, seq, contract::Delivery::sent);
                          });
  });
  bus.serve<contract::VerifyVisitor>(
      Lane{.kind = Lane::direct},
      [services](const contract::VerifyVisitor& q, const Headers&) -> Result<contract::VerifiedVisitor> {
        auto pass = services->visitor(q.token);
        if (!pass) return pass.error();
        return contract::VerifiedVisitor{services->channel, pass->visitor.str(), pass->site};
      });
}

void report_delivered(Services& services, Id conversation, std::int64_t seq) {
  report(services, conversation, seq, contract::Delivery::delivered);
}

}  // namespace qiao::web
