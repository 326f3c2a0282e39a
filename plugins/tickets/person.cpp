#include "plugins/tickets/person.hpp"

#include <set>

#include "plugins/tickets/ticket_store.hpp"
#include "qiao/json.hpp"

namespace qiao::tickets {
namespace {

/// By their contact, or by the conversation in which they were made.
Result<std::set<Id>> tickets_of(Session& session, const contract::Person& person) {
  std::set<Id> found;
  for (const auto& [sql, ids] :
       {std::pair{"SELECT id FROM tickets_ticket WHERE contact = ?", &person.contacts},
        std::pair{"SELECT id FROM tickets_ticket WHERE conversation = ?", &person.conversations}}) {
    for (const Id id : *ids) {
      auto rows = session.query(sql, id);
      while (rows->next()) found.insert(rows->id(0));
      if (auto status = rows->status(); !status) return status.error();
    }
  }
  return found;
}

}  // namespace

Result<contract::ExportParts> export_person(Database& db, Vault& vault, const contract::Person& person) {
  contract::ExportParts parts;
  auto read = db.read([&](Session& session) -> Result<void> {
    auto found = tickets_of(session, person);
    if (!found) return found.error();
    if (found->empty()) return {};
    contract::ExportPart part{"tickets", "[", {}};
    const store::Tickets tickets(vault);
    for (const Id id : *found) {
      auto ticket = tickets.get(session, id);
      if (!ticket) return ticket.error();
      if (part.json.size() > 1) part.json += ',';
      part.json += to_json(ticket->ticket);
    }
    part.json += ']';
    parts.parts.push_back(std::move(part));
    return {};
  });
  if (!read) return read.error();
  return parts;
}

Result<contract::ErasedCount> erase_person(Database& db, const contract::Person& person) {
  contract::ErasedCount count;
  auto written = db.write_and_wait([&](Session& session) -> Result<void> {
    count = {};
    auto found = tickets_of(session, person);
    if (!found) return found.error();
    for (const Id id : *found) {
      auto events = session.run("DELETE FROM tickets_event WHERE ticket = ?", id);
      if (!events) return events.error();
      auto ticket = session.run("DELETE FROM tickets_ticket WHERE id = ?", id);
      if (!ticket) return ticket.error();
      count.removed["tickets"] += *ticket;
    }
    return {};
  });
  if (!written) return written.error();
  return count;
}

}  // namespace qiao::tickets
