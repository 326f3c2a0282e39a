#include "plugins/tickets/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "plugins/tickets/ticket_rules.hpp"

namespace qiao::tickets {
namespace {

using contract::TicketView;
namespace may = contract::permission;

struct ListTickets {
  std::string view = "all";
  std::string state;
  std::optional<Id> conversation;
  std::string before;  ///< number or time of creation of the last ticket that the asker has
  std::int32_t limit = 50;
};
QIAO_FIELDS(ListTickets, view, state, conversation, before, limit)

struct TicketList {
  std::vector<TicketView> tickets;
  bool more = false;
};
QIAO_FIELDS(TicketList, tickets, more)

struct NewTicket {
  Id conversation;
  std::string department;
  std::string subject;
  std::string description;
  std::map<std::string, std::string> fields;
  std::optional<Time> deadline;
};
QIAO_FIELDS(NewTicket, conversation, department, subject, description, fields, deadline)

struct TicketPath {
  Id id;
};
QIAO_FIELDS(TicketPath, id)

struct TicketText {
  Id id;
  std::string text;
};
QIAO_FIELDS(TicketText, id, text)

struct TicketResolution {
  Id id;
  std::string resolution;
};
QIAO_FIELDS(TicketResolution, id, resolution)

Error no_ticket(Id id) { return {Errc::not_found, "tickets.unknown", "there is no ticket " + id.str()}; }

/// The ticket, if the asker may see it.
Result<TicketView> visible(Desk& desk, Id id, const Principal& who) {
  auto ticket = desk.get(id);
  if (!ticket || may_see(who, *ticket)) return ticket;
  auto about = desk.conversation(ticket->conversation);
  if (about && contract::may_see(who, *about)) return ticket;
  return no_ticket(id);
}

/// The ticket, if the asker's department works on it.
Result<TicketView> workable(Desk& desk, Id id, const Principal& who) {
  auto ticket = visible(desk, id, who);
  if (!ticket || may_work_on(who, *ticket)) return ticket;
  return Error{Errc::forbidden, "tickets.other_department",
               fmt::format("ticket #{} is worked on by the department {}", ticket->number, ticket->department)};
}

std::vector<std::string> groups_of(const Principal& who) {
  constexpr std::string_view kGroup = "group:";
  std::vector<std::string> out;
  for (const std::string& permission : who.permissions) {
    if (permission.starts_with(kGroup)) out.push_back(permission.substr(kGroup.size()));
  }
  return out;
}

Result<store::Filter> filter_of(Desk& desk, const ListTickets& in, const Principal& who) {
  using State = store::Filter::State;
  store::Filter f;
  const bool everything = who.may(may::kTicketsAll);
  if (in.view == "mine") {
    f.creator = who.id;
  } else if (in.view == "department") {
    f.departments = groups_of(who);
    f.all = everything;
  } else if (in.view == "all") {
    f.creator = who.id;
    f.departments = groups_of(who);
    f.all = everything;
  } else {
    return Error{Errc::bad_value, "view: expected mine, department or all, got \"" + in.view + "\""};
  }
  constexpr std::pair<const char*, State> kStates[] = {{"", State::any},
                                                       {"open", State::open},
                                                       {"resolved", State::resolved},
                                                       {"closed", State::closed},
                                                       {"overdue", State::overdue}};
  const auto* state =
      std::find_if(std::begin(kStates), std::end(kStates), [&](const auto& s) { return in.state == s.first; });
  if (state == std::end(kStates)) {
    return Error{Errc::bad_value, "state: expected open, resolved, closed or overdue, got \"" + in.state + "\""};
  }
  f.state = state->second;
  f.conversation = in.conversation.value_or(Id{});
  if (f.conversation && !f.all) {
    // Who may see the conversation sees what was promised in it, whoever promised it.
    auto about = desk.conversation(f.conversation);
    f.all = about && contract::may_see(who, *about);
  }
  if (!in.before.empty()) {
    const char* end = in.before.data() + in.before.size();
    if (const auto read = std::from_chars(in.before.data(), end, f.before); read.ec != std::errc{} || read.ptr != end) {
      auto time = from_iso8601(in.before);
      if (!time)
        return Error{Errc::bad_value,
                     "before: expected a ticket's number or its created_at, got \"" + in.before + "\""};
      f.before = 0;
      f.before_time = *time;
    }
  }
  f.limit = std::clamp(in.limit, 1, 200);
  return f;
}

void add_reading(Http& http, Desk& desk) {
  http.route<ListTickets, TicketList>({.method = "GET",
                                       .path = "/api/v1/tickets",
                                       .access = Access::needs(may::kTickets),
                                       .summary = "Tickets, newest first; `view` is mine, department or all, `before` "
                                                  "the number or created_at of the last one",
                                       .tag = "tickets"},
                                      [&](const ListTickets& in, const HttpRequest& request) -> Result<TicketList> {
                                        auto filter = filter_of(desk, in, request.principal);
                                        if (!filter) return filter.error();
                                        ++filter->limit;
                                        auto found = desk.list(*filter);
                                        if (!found) return found.error();
                                        TicketList out{std::move(*found)};
                                        if (out.tickets.size() == static_cast<std::size_t>(filter->limit)) {
                                          out.tickets.pop_back();
                                          out.more = true;
                                        }
                                        return out;
                                      });
  http.route<TicketPath, TicketView>(
      {.method = "GET",
       .path = "/api/v1/tickets/{id}",
       .access = Access::needs(may::kTickets),
       .summary = "A ticket with its history",
       .tag = "tickets"},
      [&](const TicketPath& in, const HttpRequest& request) { return visible(desk, in.id, request.principal); });
}

void add_working(Http& http, Desk& desk) {
  http.route<NewTicket, TicketView>(
      {.method = "POST",
       .path = "/api/v1/tickets",
       .access = Access::needs(may::kTickets),
       .summary = "Open a ticket from a conversation; without a deadline the department's own holds",
       .tag = "tickets"},
      [&](const NewTicket& in, const HttpRequest& request) -> Result<TicketView> {
        auto about = desk.conversation(in.conversation);
        if (!about && about.error().code != Errc::not_found) return about.error();
        if (!about || !contract::may_see(request.principal, *about)) {
          return Error{Errc::not_found, "tickets.unknown_conversation",
                       "there is no conversation " + in.conversation.str()};
        }
        return desk.create({in.conversation, in.department, in.subject, in.description, in.fields,
                            in.deadline.value_or(Time{}), request.principal.id, request.principal.name});
      });
  http.route<TicketText, TicketView>({.method = "POST",
                                      .path = "/api/v1/tickets/{id}/comment",
                                      .access = Access::needs(may::kTickets),
                                      .summary = "Add a comment to the ticket's history; the customer does not see it",
                                      .tag = "tickets"},
                                     [&](const TicketText& in, const HttpRequest& request) -> Result<TicketView> {
                                       const Principal& who = request.principal;
                                       if (auto ticket = visible(desk, in.id, who); !ticket) return ticket;
                                       return desk.comment(in.id, in.text, who.id, who.name);
                                     });
  http.route<TicketResolution, TicketView>(
      {.method = "POST",
       .path = "/api/v1/tickets/{id}/resolve",
       .access = Access::needs(may::kTickets),
       .summary = "Resolve the ticket; the customer reads `resolution` in the channel they wrote from",
       .tag = "tickets"},
      [&](const TicketResolution& in, const HttpRequest& request) -> Result<TicketView> {
        const Principal& who = request.principal;
        if (auto ticket = workable(desk, in.id, who); !ticket) return ticket;
        return desk.resolve({in.id, in.resolution, who.id, who.name});
      });
  http.route<TicketText, TicketView>({.method = "POST",
                                      .path = "/api/v1/tickets/{id}/reopen",
                                      .access = Access::needs(may::kTickets),
                                      .summary = "Open a resolved ticket again, with a new deadline",
                                      .tag = "tickets"},
                                     [&](const TicketText& in, const HttpRequest& request) -> Result<TicketView> {
                                       const Principal& who = request.principal;
                                       if (auto ticket = visible(desk, in.id, who); !ticket) return ticket;
                                       return desk.reopen(in.id, in.text, who.id, who.name);
                                     });
}

}  // namespace

void add_routes(Http& http, Desk& desk) {
  add_reading(http, desk);
  add_working(http, desk);
}

}  // namespace qiao::tickets
