#pragma once

#include "plugins/contacts/crm.hpp"
#include "plugins/contacts/rest.hpp"

namespace qiao::contacts {

/// Something that happened with a contact.
struct TimelineItem {
  std::string kind;  ///< conversation, ticket, order, merge
  Id id;
  Time at;
  std::string channel;
  std::string title;
  std::string text;
  std::string state;
  std::string agent;
  std::string number;  ///< of a ticket or an order
};
QIAO_FIELDS(TimelineItem, kind, id, at, channel, title, text, state, agent, number)

struct TimelineView {
  std::vector<TimelineItem> items;
  bool more = false;
};
QIAO_FIELDS(TimelineView, items, more)

/// What stands beside a conversation: summary, profile cards, orders, and everything that happened before.
void add_profile_routes(Http& http, Bus& bus, Database& store, const Desk& desk, Crm& crm, const Merging& merging);

}  // namespace qiao::contacts
