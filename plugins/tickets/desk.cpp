#include "plugins/tickets/desk.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plugins/tickets/ticket_rules.hpp"

namespace qiao::tickets {
namespace {

using contract::TicketView;

constexpr auto kAskInbox = std::chrono::seconds(3);

// The first resolution keeps the short id; one after a reopening is news of its own.
std::string resolved_id(const TicketView& ticket) {
  const auto times =
      std::count_if(ticket.history.begin(), ticket.history.end(), [](const auto& e) { return e.what == "resolved"; });
  return times <= 1 ? fmt::format("ticket:{}:resolved", ticket.id.value)
                    : fmt::format("ticket:{}:resolved:{}", ticket.id.value, times);
}

}  // namespace

Lane desk_lane() { return {.kind = Lane::blocking, .capacity = 512, .concurrency = 2, .name = "desk"}; }
Lane writer_lane() {
  return {
      .kind = Lane::blocking, .capacity = 4096, .concurrency = 1, .name = "writer", .budget = std::chrono::seconds(20)};
}

std::vector<contract::GroupView> Desk::groups() {
  auto people = bus_.ask(contract::ListAgents{}, std::chrono::milliseconds(1000));
  return people ? people->groups : std::vector<contract::GroupView>{};
}

Result<contract::ConversationView> Desk::conversation(Id id) {
  if (id.empty()) return Error{Errc::bad_value, "conversation: is needed"};
  return bus_.ask(contract::GetConversation{id}, {kAskInbox});
}

Result<TicketView> Desk::create(const contract::CreateTicket& wanted) {
  const Time now = clock_.now();
  if (auto ok = check_new(wanted, groups(), now); !ok) return ok.error();
  auto about = conversation(wanted.conversation);
  if (!about) return about.error();

  store::Stored fresh;
  TicketView& t = fresh.ticket;
  t.id = new_id();
  t.conversation = wanted.conversation;
  t.contact = about->contact;
  t.contact_name = about->contact_name;
  t.department = wanted.department;
  t.subject = wanted.subject;
  t.description = wanted.description;
  t.fields = wanted.fields;
  t.deadline = wanted.deadline == Time{} ? deadline_for(config_, wanted.department, now) : wanted.deadline;
  t.created_by = wanted.by;
  t.created_by_name = wanted.by_name;
  t.created_at = now;
  t.history = {{now, "created", wanted.by, wanted.by_name, ""}};
  fresh.language = about->language;
  fresh.pending = store::kCreatedNote;
  auto done = db_.write_and_wait([&](Session& db) { return tickets_.insert(db, fresh); });
  if (!done) return done.error();
  return tell(t.id, "created");
}

Result<TicketView> Desk::resolve(const contract::ResolveTicket& wanted) {
  if (wanted.resolution.empty() || wanted.resolution.size() > 4 * 1024) {
    return Error{Errc::bad_value, "resolution: 1 byte to 4 KiB are needed; the customer reads it"};
  }
  const contract::TicketEvent event{clock_.now(), "resolved", wanted.by, wanted.by_name, wanted.resolution};
  auto done =
      db_.write_and_wait([&](Session& db) { return tickets_.resolve(db, wanted.ticket, wanted.resolution, event); });
  if (!done) return done.error();
  return tell(wanted.ticket, "resolved");
}

Result<TicketView> Desk::reopen(Id ticket, const std::string& text, Id by, const std::string& by_name) {
  if (text.size() > 4 * 1024) return Error{Errc::bad_value, "text: more than 4 KiB"};
  const Time now = clock_.now();
  const contract::TicketEvent event{now, "reopened", by, by_name, text};
  auto done = db_.write_and_wait([&](Session& db) -> Result<void> {
    auto known = tickets_.get(db, ticket);
    if (!known) return known.error();
    return tickets_.reopen(db, ticket, deadline_for(config_, known->ticket.department, now), event);
  });
  if (!done) return done.error();
  return tell(ticket, "reopened");
}

Result<TicketView> Desk::comment(Id ticket, const std::string& text, Id by, const std::string& by_name) {
  if (text.empty() || text.size() > 4 * 1024) return Error{Errc::bad_value, "text: 1 byte to 4 KiB are needed"};
  const contract::TicketEvent event{clock_.now(), "commented", by, by_name, text};
  auto done = db_.write_and_wait([&](Session& db) -> Result<void> {
    auto known = tickets_.get(db, ticket);
    if (!known) return known.error();
    return tickets_.add_event(db, ticket, event);
  });
  if (!done) return done.error();
  return tell(ticket, "commented");
}

Result<TicketView> Desk::get(Id ticket) {
  TicketView out;
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto found = tickets_.get(db, ticket);
    if (!found) return found.error();
    out = std::move(found->ticket);
    return {};
  });
  if (!done) return done.error();
  return out;
}

Result<std::vector<TicketView>> Desk::list(const store::Filter& filter) {
  std::vector<TicketView> out;
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto found = tickets_.list(db, filter);
    if (!found) return found.error();
    out = std::move(*found);
    return {};
  });
  if (!done) return done.error();
  return out;
}

Result<TicketView> Desk::tell(Id ticket, const char* what) {
  auto now = get(ticket);
  if (!now) return now;
  write_later(ticket);
  if (auto told = bus_.publish(contract::TicketChanged{*now, what}); !told) {
    log_.warn("not everybody heard of a ticket: {}, ticket={}", told.error().message, ticket.str());
  }
  return now;
}

void Desk::write_later(Id ticket) {
  // Refused or forgotten: retry_pending finds it in the table.
  (void)bus_.post(writer_lane(), [this, ticket] { write_pending(ticket); });
}

void Desk::write_pending(Id id) {
  store::Stored stored;
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto found = tickets_.get(db, id);
    if (!found) return found.error();
    stored = std::move(*found);
    return {};
  });
  if (!done) return log_.warn("cannot read a ticket: {}, ticket={}", done.error().message, id.str());
  const TicketView& t = stored.ticket;
  contract::WriteMessage message;
  message.conversation = t.conversation;
  message.author = contract::Author::system;
  if ((stored.pending & store::kCreatedNote) != 0) {
    std::string name = t.department;
    for (const contract::GroupView& g : groups()) {
      if (g.key == t.department) name = g.name_zh;
    }
    message.note = true;
    message.content.text = created_note(t, name);
    message.client_id = fmt::format("ticket:{}:created", t.id.value);
    if (!write(stored, store::kCreatedNote, message)) return;
  }
  if ((stored.pending & store::kResolvedMessage) != 0) {
    message.note = false;
    message.content.text = resolved_text(t, stored.language);
    message.content.notice = "ticket.resolved";
    message.content.values = resolved_values(t, stored.language);
    message.client_id = resolved_id(t);
    message.author_id = t.created_by;  // who tells the customer when no channel can
    (void)write(stored, store::kResolvedMessage, message);
  }
}

bool Desk::write(const store::Stored& stored, store::Pending which, contract::WriteMessage message) {
  const Id id = stored.ticket.id;
  auto written = bus_.ask(std::move(message), {kAskInbox});
  if (!written) {
    const Errc code = written.error().code;
    const bool hopeless = code == Errc::not_found || code == Errc::bad_value || code == Errc::too_large;
    if (!hopeless) {
      log_.warn("the conversation of a ticket could not be told yet: {}, ticket={}", written.error().message, id.str());
      return false;
    }
    log_.error("the conversation of a ticket cannot be told: {}, ticket={}", written.error().message, id.str());
  }
  auto cleared = db_.write_and_wait([&](Session& db) { return store::clear_pending(db, id, which); });
  if (!cleared) log_.warn("a ticket's message will be sent again: {}, ticket={}", cleared.error().message, id.str());
  return cleared.ok();
}

void Desk::check_deadlines() {
  std::vector<Id> late;
  const Time now = clock_.now();
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto found = store::overdue(db, now);
    if (!found) return found.error();
    late = std::move(*found);
    return {};
  });
  // Most of the time nothing is late and nothing is written.
  if (done && !late.empty()) {
    done = db_.write_and_wait([&](Session& db) -> Result<void> {
      for (Id ticket : late) {
        if (auto marked = tickets_.mark_overdue(db, ticket, now); !marked) return marked;
      }
      return {};
    });
  }
  if (!done) return log_.warn("cannot look for overdue tickets: {}", done.error().message);
  for (Id ticket : late) {
    if (auto told = tell(ticket, "overdue"); !told) {
      log_.warn("cannot read a ticket: {}, ticket={}", told.error().message, ticket.str());
    }
  }
}

void Desk::retry_pending() {
  std::vector<Id> waiting;
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto found = store::with_pending(db);
    if (!found) return found.error();
    waiting = std::move(*found);
    return {};
  });
  if (!done) return log_.warn("cannot look for unsent ticket messages: {}", done.error().message);
  for (Id ticket : waiting) write_pending(ticket);
}

}  // namespace qiao::tickets
