#include "plugins/contacts/timeline.hpp"

#include <fmt/format.h>

#include "qiao/contract/intents.hpp"

namespace qiao::contacts {

using contract::ContactView;
namespace permission = contract::permission;

struct TimelineQuery {
  Id id;
  Time before;
  std::int32_t limit = 50;
};
QIAO_FIELDS(TimelineQuery, id, before, limit)

struct CardsQuery {
  Id id;
  std::string language = "zh-CN";
};
QIAO_FIELDS(CardsQuery, id, language)

namespace {

using namespace std::chrono_literals;

constexpr std::int32_t kMostItems = 200;

std::string state_name(const contract::ConversationView& c) {
  for (const EnumName& one : type_of<contract::ConversationState>().names) {
    if (one.value == static_cast<std::int64_t>(c.state)) return std::string(one.name);
  }
  return {};
}

std::string state_name(const contract::TicketView& t) {
  for (const EnumName& one : type_of<contract::TicketState>().names) {
    if (one.value == static_cast<std::int64_t>(t.state)) return std::string(one.name);
  }
  return {};
}

/// The time that a page ends with stands in JSON in whole milliseconds.
Time whole_ms(Time at) { return Time(std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch())); }

Result<TimelineView> timeline(Bus& bus, Database& store, Crm& crm, const Merging& merging, const ContactView& contact,
                              const Principal& who, Time before, std::size_t limit) {
  TimelineView view;
  const std::vector<Id> ids = ids_of(contact);
  const bool first = before.time_since_epoch().count() <= 0;
  const auto add = [&](TimelineItem item) {
    item.at = whole_ms(item.at);
    if (first || item.at < before) view.items.push_back(std::move(item));
  };
  contract::ConversationsOfContacts talks;
  talks.contacts = ids;
  talks.before = before;
  talks.limit = static_cast<std::int32_t>(limit);
  auto conversations = bus.ask(std::move(talks), RequestOptions{3s});
  if (!conversations) return conversations.error();
  view.more = conversations->more;
  for (const contract::ConversationView& c : conversations->conversations) {
    if (!contract::may_see(who, c)) continue;
    add({"conversation", c.id, c.changed_at, c.channel, c.intent, c.preview, state_name(c), c.agent_name, {}});
  }
  contract::TicketsOfContacts asked;
  asked.contacts = ids;
  asked.before = before;
  asked.limit = static_cast<std::int32_t>(limit);
  auto tickets = bus.ask(std::move(asked), RequestOptions{3s});
  if (tickets) {
    view.more = view.more || tickets->more;
    for (const contract::TicketView& t : tickets->tickets) {
      if (!may_see(who, t)) continue;
      add({"ticket",
           t.id,
           t.created_at,
           {},
           t.subject,
           t.resolution.empty() ? t.description : t.resolution,
           state_name(t),
           t.created_by_name,
           std::to_string(t.number)});
    }
  } else if (tickets.error().id != "bus.no_server") {
    return tickets.error();
  }
  auto read = store.read([&](Session& session) -> Result<void> {
    auto cards = crm.remembered(session, ids);
    if (!cards) return cards.error();
    for (const contract::CustomerCard& card : *cards) {
      for (const contract::Order& order : card.orders) {
        std::string lines;
        for (const contract::OrderLine& line : order.lines) lines += (lines.empty() ? "" : ", ") + line.name;
        add({"order",
             {},
             order.placed_at,
             card.source,
             lines,
             fmt::format("{} {}", order.amount, order.currency),
             order.status,
             {},
             order.number});
      }
    }
    auto merges = merging.history(session, contact.id);
    if (!merges) return merges.error();
    for (const MergeView& merge : *merges) {
      add({"merge", merge.id, merge.at, {}, merge.from_name, {}, merge.undone ? "undone" : "done", merge.by_name, {}});
    }
    return {};
  });
  if (!read) return read.error();
  std::stable_sort(view.items.begin(), view.items.end(),
                   [](const TimelineItem& a, const TimelineItem& b) { return b.at < a.at; });
  if (view.items.size() > limit) {
    // The cursor is a time, so those of the same millisecond stay on one page.
    std::size_t cut = limit;
    while (cut < view.items.size() && view.items[cut].at == view.items[cut - 1].at) ++cut;
    view.more = view.more || cut < view.items.size();
    view.items.resize(cut);
  }
  return view;
}

/// The bot's keys of intents become its words for them; what it has no word for is left to what the customer wrote.
void name_intents(Bus& bus, contract::ConversationList& talks, const std::string& language) {
  contract::NameIntents q;
  for (const contract::ConversationView& c : talks.conversations) {
    if (!c.intent.empty()) q.intents.push_back(c.intent);
  }
  if (q.intents.empty()) return;
  q.language = language;
  const auto known = bus.ask(std::move(q), RequestOptions{150ms});
  for (contract::ConversationView& c : talks.conversations) {
    const auto name = known ? known->names.find(c.intent) : std::map<std::string, std::string>::const_iterator{};
    c.intent = known && name != known->names.end() ? name->second : std::string();
  }
}

}  // namespace

void add_profile_routes(Http& http, Bus& bus, Database& store, const Desk& desk, Crm& crm, const Merging& merging) {
  const Access agents = Access::needs(permission::kConversations);

  http.route<TimelineQuery, TimelineView>(
      contact_route("GET", "/api/v1/contacts/{id}/timeline", "Everything that happened with a customer, newest first",
                    agents),
      [&bus, &store, &desk, &crm, &merging](const TimelineQuery& q,
                                            const HttpRequest& request) -> Result<TimelineView> {
        auto seen = desk.work_with(q.id, request.principal);
        if (!seen) return seen.error();
        return timeline(bus, store, crm, merging, *seen, request.principal, q.before,
                        static_cast<std::size_t>(std::clamp(q.limit, 1, kMostItems)));
      });

  http.route_async<CardsQuery, CardsView>(
      contact_route("GET", "/api/v1/contacts/{id}/cards",
                    "Summary and profile cards; who does not answer in time is shown as of then", agents),
      [&bus, &desk, &crm](const CardsQuery& q, const HttpRequest& request,
                          std::function<void(Result<CardsView>)> reply) {
        auto seen = desk.work_with(q.id, request.principal);
        if (!seen) return reply(seen.error());
        contract::ConversationsOfContacts talks;
        talks.contacts = ids_of(*seen);
        talks.limit = 5;
        auto asked = bus.ask(std::move(talks), RequestOptions{150ms});
        contract::ConversationList before = asked ? std::move(*asked) : contract::ConversationList{};
        name_intents(bus, before, q.language);
        crm.ask(*seen, q.language, true,
                [&crm, contact = *seen, before, language = q.language, reply](const Known& known) {
                  reply(crm.cards(contact, known, before, language));
                });
      });

  http.route_async<ById, OrdersView>(
      contact_route("GET", "/api/v1/contacts/{id}/orders",
                    "A customer's orders as CRMs and ERP have them, newest first", agents),
      [&desk, &crm](const ById& in, const HttpRequest& request, std::function<void(Result<OrdersView>)> reply) {
        auto seen = desk.work_with(in.id, request.principal);
        if (!seen) return reply(seen.error());
        crm.ask(*seen, seen->language, false, [reply](const Known& known) { reply(Crm::orders(known)); });
      });
}

}  // namespace qiao::contacts
