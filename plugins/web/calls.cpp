#include "plugins/web/calls.hpp"

#include <algorithm>

#include "plugins/web/audience.hpp"
#include "plugins/web/services.hpp"
#include "qiao/contract/access.hpp"
#include "qiao/json.hpp"

namespace qiao::web {
namespace {

using namespace std::chrono_literals;
using contract::CallChanged;
using contract::CallState;

struct CallOrder {
  Id conversation;
  std::string channel;  ///< instance of the telephone exchange; empty: the only one
};
QIAO_FIELDS(CallOrder, conversation, channel)

struct CallOffer {
  std::vector<std::string> channels;  ///< that can place calls
};
QIAO_FIELDS(CallOffer, channels)

bool over(const CallChanged& event) { return event.state == CallState::ended || event.state == CallState::missed; }

void dial(const std::shared_ptr<Services>& services, const CallOrder& order, const HttpRequest& request,
          const std::function<void(Result<contract::Dialled>)>& answer) {
  services->bus.request(
      contract::GetConversation{order.conversation}, 5s,
      [services, order, who = request.principal, answer](const Result<contract::ConversationView>& c) {
        if (!c) return answer(c.error());
        if (!contract::may_see(who, *c)) return answer(Error{Errc::not_found, "there is no such conversation"});
        const auto exchanges = services->bus.servers<contract::Dial>();
        contract::Dial ask;
        ask.agent = who.id;
        const bool from_telephone = std::find(exchanges.begin(), exchanges.end(), c->channel) != exchanges.end();
        if (from_telephone) {
          ask.phone = c->user;
        } else {
          ask.contact = c->contact;
        }
        const std::string to = !order.channel.empty() ? order.channel : from_telephone ? c->channel : std::string();
        RequestOptions options(15s);
        options.to = to;
        services->bus.request(std::move(ask), options, answer);
      });
}

}  // namespace

void CallScreens::call_changed(const CallChanged& event) {
  std::set<Id> readers;
  const std::string key = event.channel + '\n' + event.call;
  {
    const std::lock_guard lock(mutex_);
    if (event.agent) readers.insert(event.agent);
    if (event.phone_only) {
      if (const auto call = shown_.find(key); call != shown_.end()) call->second.erase(event.agent);
    } else {
      // While it rings here it may ring elsewhere too; whatever comes after that is everybody's.
      if (event.state != CallState::ringing) {
        if (const auto call = shown_.find(key); call != shown_.end()) {
          for (const auto& [agent, last] : call->second) readers.insert(agent);
        }
      }
      if (over(event)) {
        shown_.erase(key);
      } else if (event.agent) {
        if (shown_.size() >= kMost) shown_.erase(shown_.begin());
        auto& phones = shown_[key];
        if (event.state != CallState::ringing) phones.clear();
        phones[event.agent] = event;
      }
    }
  }
  for (const Id reader : readers) {
    audience_->to_agent(reader, [&](const Principal& who) { return call_frame(event, reader == event.agent, who); });
  }
}

std::vector<std::string> CallScreens::frames_for(const Principal& reader) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> frames;
  for (const auto& [key, phones] : shown_) {
    if (const auto mine = phones.find(reader.id); mine != phones.end()) {
      frames.push_back(call_frame(mine->second, true, reader));
    }
  }
  return frames;
}

void add_call_routes(Http& http, const std::shared_ptr<Services>& services) {
  const Access access = Access::needs(contract::permission::kConversations);
  http.route<Nothing, CallOffer>({.method = "GET",
                                  .path = "/api/v1/calls",
                                  .access = access,
                                  .summary = "The telephone exchanges that can place calls",
                                  .run = Run::direct},
                                 [services](const Nothing&, const HttpRequest&) -> Result<CallOffer> {
                                   return CallOffer{services->bus.servers<contract::Dial>()};
                                 });
  http.route_async<CallOrder, contract::Dialled>(
      {.method = "POST",
       .path = "/api/v1/calls",
       .access = access,
       .summary = "Rings one's own phone, then the customer of a conversation",
       .run = Run::direct},
      [services](const CallOrder& order, const HttpRequest& request, const auto& answer) {
        dial(services, order, request, answer);
      });
}

}  // namespace qiao::web
