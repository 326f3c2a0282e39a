#include "plugins/tickets/ticket_store.hpp"

#include <tuple>

#include "qiao/json.hpp"
#include "qiao/sql.hpp"

namespace qiao::tickets::store {
namespace {

using contract::TicketEvent;
using contract::TicketState;
using contract::TicketView;

constexpr Migration kMigrations[] = {
    {1, "tickets and their history", R"sql(
CREATE TABLE tickets_ticket (
  id BIGINT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL UNIQUE,
  conversation BIGINT NOT NULL,
  contact BIGINT,
  contact_name BLOB NOT NULL,
  department VARCHAR(40) NOT NULL,
  subject BLOB NOT NULL,
  description BLOB NOT NULL,
  fields BLOB NOT NULL,
  state INT NOT NULL,
  deadline BIGINT NOT NULL,
  overdue INT NOT NULL,
  created_by BIGINT,
  created_by_name VARCHAR(200) NOT NULL,
  resolution BLOB NOT NULL,
  created_at BIGINT NOT NULL,
  resolved_at BIGINT NOT NULL,
  language VARCHAR(20) NOT NULL,
  pending INT NOT NULL
);
CREATE INDEX tickets_by_conversation ON tickets_ticket (conversation);
CREATE INDEX tickets_by_department ON tickets_ticket (department, number);
CREATE INDEX tickets_by_creator ON tickets_ticket (created_by, number);
CREATE INDEX tickets_by_deadline ON tickets_ticket (state, overdue, deadline);
CREATE INDEX tickets_by_pending ON tickets_ticket (pending);
CREATE TABLE tickets_event (
  id BIGINT NOT NULL PRIMARY KEY,
  ticket BIGINT NOT NULL,
  happened_at BIGINT NOT NULL,
  what VARCHAR(20) NOT NULL,
  by_id BIGINT,
  by_name VARCHAR(200) NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX tickets_event_of ON tickets_event (ticket, id)
)sql"},
    {2, "tickets of a person", "CREATE INDEX tickets_by_contact ON tickets_ticket (contact)"},
};

// In the order of `from` and of the values in `insert`.
constexpr const char* kColumns =
    "id, number, conversation, contact, contact_name, department, subject, description, fields, state, deadline, "
    "overdue, "
    "created_by, created_by_name, resolution, created_at, resolved_at, language, pending";
const std::string kSelect = std::string("SELECT ") + kColumns + " FROM tickets_ticket WHERE ";
const std::string kInsert = std::string("INSERT INTO tickets_ticket (") + kColumns +
                            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// The map as a record, so that it travels as one JSON text.
struct FieldMap {
  std::map<std::string, std::string> fields;
};
QIAO_FIELDS(FieldMap, fields)

SealedPlace ticket_place(const char* column, Id ticket) { return {"tickets_ticket", column, ticket.value}; }
SealedPlace event_place(Id event) { return {"tickets_event", "body", event.value}; }

/// What was erased with its key reads as nothing.
Result<std::string> open(Vault& vault, Session& db, const SealedPlace& place, std::string_view stored) {
  auto plain = vault.open(db, place, stored);
  if (!plain && plain.error().id == "vault.erased") return std::string();
  return plain;
}

Result<Id> contact_of(Session& db, Id ticket) {
  Id contact;
  auto rows = db.query("SELECT contact FROM tickets_ticket WHERE id = ?", ticket);
  if (rows->next()) contact = rows->id(0);
  if (auto ok = rows->status(); !ok) return ok.error();
  return contact;
}

Result<std::vector<Id>> ids(std::unique_ptr<Rows> rows) {
  std::vector<Id> out;
  while (rows->next()) out.push_back(rows->id(0));
  if (auto ok = rows->status(); !ok) return ok.error();
  return out;
}

Error no_ticket(Id id) { return {Errc::not_found, "tickets.unknown", "there is no ticket " + id.str()}; }

/// An update that changed nothing: there is no such ticket, or it is not in the state for that.
Result<void> changed_one(Session& db, Id id, const Result<std::int64_t>& changed, const char* otherwise) {
  if (!changed) return changed.error();
  if (*changed > 0) return {};
  auto rows = db.query("SELECT number FROM tickets_ticket WHERE id = ?", id);
  if (!rows->next()) {
    if (auto ok = rows->status(); !ok) return ok;
    return no_ticket(id);
  }
  return Error{Errc::conflict, "tickets.wrong_state", "ticket #" + std::to_string(rows->integer(0)) + otherwise};
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

Result<std::string> Tickets::seal(Session& db, Id contact, const char* column, Id ticket,
                                  std::string_view plain) const {
  return vault_.seal(db, contact, ticket_place(column, ticket), plain);
}

Result<Stored> Tickets::from(Session& db, const Rows& row) const {
  Stored s;
  TicketView& t = s.ticket;
  t.id = row.id(0);
  t.number = row.integer(1);
  t.conversation = row.id(2);
  t.contact = row.id(3);
  t.department = row.str(5);
  std::string fields;
  const std::tuple<int, const char*, std::string*> sealed[] = {{4, "contact_name", &t.contact_name},
                                                               {6, "subject", &t.subject},
                                                               {7, "description", &t.description},
                                                               {8, "fields", &fields},
                                                               {14, "resolution", &t.resolution}};
  for (const auto& [column, name, into] : sealed) {
    auto plain = open(vault_, db, ticket_place(name, t.id), row.text(column));
    if (!plain) return plain.error();
    *into = std::move(*plain);
  }
  t.fields = from_json<FieldMap>(fields).value_or(FieldMap{}).fields;
  t.state = static_cast<TicketState>(row.integer(9));
  t.deadline = row.time(10);
  t.overdue = row.integer(11) != 0;
  t.created_by = row.id(12);
  t.created_by_name = row.str(13);
  t.created_at = row.time(15);
  t.resolved_at = row.time(16);
  s.language = row.str(17);
  s.pending = static_cast<int>(row.integer(18));
  return s;
}

Result<void> Tickets::insert(Session& db, Stored& s) const {
  TicketView& t = s.ticket;
  const auto name = seal(db, t.contact, "contact_name", t.id, t.contact_name);
  const auto subject = seal(db, t.contact, "subject", t.id, t.subject);
  const auto description = seal(db, t.contact, "description", t.id, t.description);
  const auto fields = seal(db, t.contact, "fields", t.id, to_json(FieldMap{t.fields}));
  const auto resolution = seal(db, t.contact, "resolution", t.id, t.resolution);
  for (const auto* sealed : {&name, &subject, &description, &fields, &resolution}) {
    if (!*sealed) return sealed->error();
  }
  // On one node writes come one after the other; between nodes the unique number makes the loser try the next one.
  constexpr int kAttempts = 10;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::int64_t last = 0;
    {
      auto rows = db.query("SELECT MAX(number) FROM tickets_ticket");
      if (rows->next()) last = rows->integer(0);
      if (auto ok = rows->status(); !ok) return ok;
    }
    t.number = last + 1;
    auto added = db.run(kInsert, t.id, t.number, t.conversation, t.contact, SqlArg::blob(*name), t.department,
                        SqlArg::blob(*subject), SqlArg::blob(*description), SqlArg::blob(*fields), t.state, t.deadline,
                        t.overdue, t.created_by, t.created_by_name, SqlArg::blob(*resolution), t.created_at,
                        t.resolved_at, s.language, s.pending);
    if (added) {
      for (const TicketEvent& event : t.history) {
        if (auto done = add_event(db, t.id, t.contact, event); !done) return done;
      }
      return {};
    }
    if (added.error().code != Errc::conflict) return added.error();
  }
  return Error{Errc::overloaded, "tickets.no_number", "too many tickets are being created at once; try again"};
}

Result<Stored> Tickets::get(Session& db, Id id) const {
  Stored s;
  {
    auto rows = db.query(kSelect + "id = ?", id);
    if (!rows->next()) {
      if (auto ok = rows->status(); !ok) return ok.error();
      return no_ticket(id);
    }
    auto found = from(db, *rows);
    if (!found) return found;
    s = std::move(*found);
  }
  auto rows = db.query(
      "SELECT happened_at, what, by_id, by_name, body, id FROM tickets_event WHERE ticket = ? ORDER BY id", id);
  while (rows->next()) {
    auto text = open(vault_, db, event_place(rows->id(5)), rows->text(4));
    if (!text) return text.error();
    s.ticket.history.push_back({rows->time(0), rows->str(1), rows->id(2), rows->str(3), std::move(*text)});
  }
  if (auto ok = rows->status(); !ok) return ok.error();
  return s;
}

Result<void> Tickets::resolve(Session& db, Id id, const std::string& resolution, const TicketEvent& event) const {
  const auto contact = contact_of(db, id);
  if (!contact) return contact.error();
  const auto sealed = seal(db, *contact, "resolution", id, resolution);
  if (!sealed) return sealed.error();
  auto changed = db.run(
      "UPDATE tickets_ticket SET state = ?, resolution = ?, resolved_at = ?, pending = pending + ? WHERE id = ? AND "
      "state = ?",
      TicketState::resolved, SqlArg::blob(*sealed), event.at, static_cast<int>(kResolvedMessage), id,
      TicketState::open);
  if (auto ok = changed_one(db, id, changed, " is not open"); !ok) return ok;
  return add_event(db, id, *contact, event);
}

Result<void> Tickets::reopen(Session& db, Id id, Time deadline, const TicketEvent& event) const {
  // Not while the customer has yet to hear of the resolution: two of them would share one message.
  auto changed = db.run(
      "UPDATE tickets_ticket SET state = ?, resolved_at = 0, deadline = ?, overdue = 0 WHERE id = ? AND state = ? AND "
      "pending = 0",
      TicketState::open, deadline, id, TicketState::resolved);
  if (auto ok = changed_one(db, id, changed, " is not resolved"); !ok) return ok;
  return add_event(db, id, event);
}

Result<void> Tickets::add_event(Session& db, Id id, const TicketEvent& e) const {
  const auto contact = contact_of(db, id);
  if (!contact) return contact.error();
  return add_event(db, id, *contact, e);
}

Result<void> Tickets::add_event(Session& db, Id id, Id contact, const TicketEvent& e) const {
  const Id event = new_id();
  const auto text = vault_.seal(db, contact, event_place(event), e.text);
  if (!text) return text.error();
  auto done = db.run(
      "INSERT INTO tickets_event (id, ticket, happened_at, what, by_id, by_name, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
      event, id, e.at, e.what, e.by, e.by_name, SqlArg::blob(*text));
  if (!done) return done.error();
  return {};
}

Result<void> clear_pending(Session& db, Id id, int which) {
  auto rows = db.query("SELECT pending FROM tickets_ticket WHERE id = ?", id);
  if (!rows->next()) return rows->status();
  const int left = static_cast<int>(rows->integer(0)) & ~which;
  rows.reset();
  auto done = db.run("UPDATE tickets_ticket SET pending = ? WHERE id = ?", left, id);
  if (!done) return done.error();
  return {};
}

Result<std::vector<Id>> overdue(Session& db, Time now) {
  return ids(db.query("SELECT id FROM tickets_ticket WHERE state = ? AND overdue = 0 AND deadline > 0 AND deadline < ?",
                      TicketState::open, now));
}

Result<void> Tickets::mark_overdue(Session& db, Id id, Time now) const {
  auto marked =
      db.run("UPDATE tickets_ticket SET overdue = 1 WHERE id = ? AND state = ? AND overdue = 0", id, TicketState::open);
  if (!marked) return marked.error();
  if (*marked == 0) return {};
  return add_event(db, id, {now, "overdue", {}, "", ""});
}

Result<std::vector<Id>> with_pending(Session& db) {
  return ids(db.query("SELECT id FROM tickets_ticket WHERE pending > 0 ORDER BY id LIMIT 1000"));
}

Result<std::vector<TicketView>> Tickets::list(Session& db, const Filter& f) const {
  std::string sql = kSelect + "1 = 1";
  std::vector<SqlArg> args;
  if (!f.all) {
    sql += " AND (";
    if (f.creator) {
      sql += "created_by = ?";
      args.emplace_back(f.creator);
    } else {
      sql += "1 = 0";
    }
    if (!f.departments.empty()) {
      sql += " OR department IN (" + placeholders(f.departments.size()) + ")";
      args.insert(args.end(), f.departments.begin(), f.departments.end());
    }
    sql += ")";
  }
  switch (f.state) {
    case Filter::State::any:
      break;
    case Filter::State::overdue:
      sql += " AND state = ? AND overdue = 1";
      args.emplace_back(TicketState::open);
      break;
    default:
      sql += " AND state = ?";
      args.emplace_back(static_cast<int>(f.state) - static_cast<int>(Filter::State::open));
  }
  if (f.conversation) {
    sql += " AND conversation = ?";
    args.emplace_back(f.conversation);
  }
  if (!f.contacts.empty()) {
    sql += " AND contact IN (" + placeholders(f.contacts.size()) + ")";
    args.insert(args.end(), f.contacts.begin(), f.contacts.end());
  }
  if (f.before > 0) {
    sql += " AND number < ?";
    args.emplace_back(f.before);
  }
  if (f.before_time != Time{}) {
    sql += " AND created_at < ?";
    args.emplace_back(f.before_time);
  }
  sql += " ORDER BY number DESC LIMIT ?";
  args.emplace_back(f.limit);
  std::vector<TicketView> out;
  auto rows = db.select(sql, args);
  while (rows->next()) {
    auto found = from(db, *rows);
    if (!found) return found.error();
    out.push_back(std::move(found->ticket));
  }
  if (auto ok = rows->status(); !ok) return ok.error();
  return out;
}

}  // namespace qiao::tickets::store
