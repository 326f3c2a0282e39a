#pragma once

#include "qiao/contract/conversation.hpp"

namespace qiao::contract {

enum class TicketState : std::uint8_t { open, resolved, closed };
QIAO_ENUM(TicketState, open, resolved, closed)

struct TicketEvent {
  Time at;
  std::string what;  ///< created, assigned, commented, deadline_moved, overdue, resolved, reopened, closed
  Id by;
  std::string by_name;
  std::string text;
};
QIAO_FIELDS(TicketEvent, at, what, by, by_name, text)

struct TicketView {
  Id id;
  std::int64_t number = 0;  ///< 1, 2, 3 …: what people say on the phone
  Id conversation;
  Id contact;
  std::string contact_name;
  std::string department;  ///< group key
  std::string subject;
  std::string description;
  std::map<std::string, std::string> fields;  ///< order_number, lost_at, wish …
  TicketState state = TicketState::open;
  Time deadline;  ///< 1970: none
  bool overdue = false;
  Id created_by;
  std::string created_by_name;
  std::string resolution;
  Time created_at;
  Time resolved_at;
  std::vector<TicketEvent> history;
};
QIAO_FIELDS(TicketView, id, number, conversation, contact, contact_name, department, subject, description, fields,
            state, deadline, overdue, created_by, created_by_name, resolution, created_at, resolved_at, history)

struct CreateTicket {
  Id conversation;
  std::string department;
  std::string subject;      ///< at most 200 bytes
  std::string description;  ///< at most 8 KiB
  std::map<std::string, std::string> fields;
  Time deadline;  ///< 1970: the department's default
  Id by;
  std::string by_name;
};
QIAO_FIELDS(CreateTicket, conversation, department, subject, description, fields, deadline, by, by_name)
QIAO_REQUEST(CreateTicket, TicketView, "tickets.create", 1)

/// The customer is told in the channel they wrote from, the agent is told and asked whether to follow up.
struct ResolveTicket {
  Id ticket;
  std::string resolution;  ///< what the customer reads, at most 4 KiB
  Id by;
  std::string by_name;
};
QIAO_FIELDS(ResolveTicket, ticket, resolution, by, by_name)
QIAO_REQUEST(ResolveTicket, TicketView, "tickets.resolve", 1)

struct TicketList {
  std::vector<TicketView> tickets;  ///< without their history
  bool more = false;
};
QIAO_FIELDS(TicketList, tickets, more)

/// The tickets about these contacts, newest first.
struct TicketsOfContacts {
  std::vector<Id> contacts;  ///< at most 500
  Time before;               ///< `created_at` of the last one of the page before; 1970: from the newest
  std::int32_t limit = 50;   ///< at most 500
};
QIAO_FIELDS(TicketsOfContacts, contacts, before, limit)
QIAO_REQUEST(TicketsOfContacts, TicketList, "tickets.of_contacts", 1)

struct TicketChanged {
  TicketView ticket;
  std::string what;  ///< as TicketEvent::what
};
QIAO_FIELDS(TicketChanged, ticket, what)
QIAO_EVENT(TicketChanged, "tickets.changed", 1)

}  // namespace qiao::contract
