#include "plugins/inbox/contacts.hpp"

#include "plugins/inbox/records.hpp"
#include "plugins/inbox/state_machine.hpp"
#include "qiao/sql.hpp"

namespace qiao::inbox {
namespace {

using contract::ContactChanged;
using contract::ContactMerged;
using contract::ConversationList;
using contract::IdentityList;
using contract::IdentitySeen;

constexpr std::int32_t kMostRows = 500;

/// What the table says about a contact; empty when it is not there.
Result<std::optional<Conversation::Customer>> read_contact(Session& session, const Records& records, Id contact) {
  auto rows = session.query("SELECT name, invented, blocked FROM inbox_contact WHERE id = ?", contact);
  std::optional<Conversation::Customer> found;
  if (rows->next()) {
    auto name = records.open_name(session, contact, rows->text(0));
    if (!name) return name.error();
    found = Conversation::Customer{contact, std::move(*name), rows->integer(1) != 0, rows->integer(2) != 0, false};
  }
  if (auto status = rows->status(); !status) return status.error();
  return found;
}

/// `contact` as it is from now on the one of some identities; made after `like` when nobody has written as it yet.
Result<Conversation::Customer> ensure_contact(Session& session, const Records& records, Id contact, Id like, Time now) {
  auto known = read_contact(session, records, contact);
  if (!known) return known.error();
  if (*known) return **known;
  auto other = read_contact(session, records, like);
  if (!other) return other.error();
  Conversation::Customer made = other->value_or(Conversation::Customer{});
  made.contact = contact;
  auto name = records.seal_name(session, contact, made.name);
  if (!name) return name.error();
  auto added = session.run("INSERT INTO inbox_contact (id, name, invented, blocked, created_at) VALUES (?, ?, ?, ?, ?)",
                           contact, SqlArg::blob(*name), made.generated, made.blocked, now);
  if (!added) return added.error();
  return made;
}

Result<void> point(Session& session, const Records& records, const contract::Identity& identity, Id contact) {
  auto known = records.contact_of(session, identity.channel, identity.user);
  if (!known) return known.error();
  if (!*known || (*known)->id == contact) return {};
  auto moved = session.run("UPDATE inbox_identity SET contact = ? WHERE channel = ? AND user_key = ?", contact,
                           identity.channel, identity.user);
  if (!moved) return moved.error();
  auto conversations =
      session.run("UPDATE inbox_conversation SET contact = ? WHERE contact = ? AND channel = ? AND user_key = ?",
                  contact, (*known)->id, identity.channel, identity.user);
  if (!conversations) return conversations.error();
  return {};
}

}  // namespace

Contacts::Contacts(Database& store, Bus& bus, const Clock& clock, Logger& log, ConversationTable& table, Ledger& ledger)
    : store_(store), bus_(bus), clock_(clock), log_(log), table_(table), ledger_(ledger) {}

void Contacts::learn_name(const ConversationPtr& conversation, std::string name) {
  // Memory first: the next message must not ask for the same again.
  conversation->rename(name);
  const Id contact = conversation->contact();
  auto shared = std::make_shared<const std::string>(std::move(name));
  ledger_.write(
      static_cast<std::uint64_t>(contact.value),
      [contact, shared, &records = table_.records()](Session& session) -> Result<void> {
        auto sealed = records.seal_name(session, contact, *shared);
        if (!sealed) return sealed.error();
        auto done = session.run("UPDATE inbox_contact SET name = ?, invented = 0 WHERE id = ? AND invented = 1",
                                SqlArg::blob(*sealed), contact);
        if (!done) return done.error();
        return {};
      },
      [this, conversation, contact, shared](Result<void> result) {
        if (!result) {
          log_.warn("the name of a contact could not be noted: {}, contact={}", result.error().message, contact.value);
          return;
        }
        for (const ConversationPtr& other : table_.of_contact(contact)) {
          other->rename(*shared);
          (void)bus_.publish(contract::ConversationChanged{other->view(), "renamed"});
        }
        const Facts& f = conversation->facts;
        (void)bus_.publish(IdentitySeen{contact, f.channel, f.user, *shared, f.site, f.language, clock_.now(), false});
      },
      Priority::background);
}

Result<IdentityList> Contacts::identities(const contract::ListIdentities& q) {
  IdentityList list;
  const auto limit = static_cast<std::size_t>(std::clamp(q.limit, 1, kMostRows));
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto rows = session.query(
        "SELECT k.id, i.channel, i.user_key, k.name, k.created_at, k.invented FROM inbox_contact k JOIN "
        "inbox_identity i ON i.contact = k.id WHERE k.id > ? ORDER BY k.id LIMIT ?",
        q.after.value, limit + 1);
    while (rows->next()) {
      auto name = table_.records().open_name(session, rows->id(0), rows->text(3));
      if (!name) return name.error();
      list.identities.push_back(
          {rows->id(0), rows->str(1), rows->str(2), std::move(*name), {}, {}, rows->time(4), rows->integer(5) != 0});
    }
    return rows->status();
  });
  if (!read) return read.error();
  // The cursor is the contact, so a page ends between two of them.
  list.more = list.identities.size() > limit;
  if (list.more && list.identities.front().contact != list.identities.back().contact) {
    const Id last = list.identities.back().contact;
    std::erase_if(list.identities, [&](const IdentitySeen& one) { return one.contact == last; });
  }
  return list;
}

Result<ConversationList> Contacts::conversations(const contract::ConversationsOfContacts& q) {
  ConversationList list;
  if (q.contacts.empty()) return list;
  if (q.contacts.size() > static_cast<std::size_t>(kMostRows)) {
    return Error{Errc::bad_value, fmt::format("contacts: at most {}, got {}", kMostRows, q.contacts.size())};
  }
  const auto limit = static_cast<std::size_t>(std::clamp(q.limit, 1, kMostRows));
  const std::string these = placeholders(q.contacts.size());
  std::vector<SqlArg> args(q.contacts.begin(), q.contacts.end());
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto total = session.select("SELECT COUNT(*) FROM inbox_conversation c WHERE c.contact IN (" + these + ")", args);
    if (total->next()) list.total = total->integer(0);
    if (auto status = total->status(); !status) return status;
    std::string before;
    if (!never(q.before)) {
      before = " AND c.changed_at < ?";
      args.emplace_back(q.before);
    }
    if (q.by_id && q.below) {
      before += " AND c.id < ?";
      args.emplace_back(q.below);
    }
    args.emplace_back(limit + 1);
    auto rows = session.select(
        fmt::format("SELECT {} FROM inbox_conversation c JOIN inbox_contact k ON k.id = c.contact WHERE c.contact IN "
                    "({}){} ORDER BY {} DESC LIMIT ?",
                    records::kConversationColumns, these, before, q.by_id ? "c.id" : "c.changed_at"),
        args);
    while (rows->next()) {
      if (list.conversations.size() == limit) {
        list.more = true;
        break;
      }
      const auto row = table_.records().read_conversation(session, *rows);
      if (!row) return row.error();
      const ConversationPtr newer = table_.peek(row->facts.id);
      list.conversations.push_back(newer && newer->stored() ? newer->view() : records::to_view(*row));
    }
    return rows->status();
  });
  if (!read) return read.error();
  return list;
}

void Contacts::follow(const ConversationPtr& conversation, const Conversation::Customer& now) {
  if (!conversation->set_customer(now.contact, now.name, now.generated, now.blocked)) return;
  if (!conversation->stored()) return;
  (void)bus_.publish(contract::ConversationChanged{conversation->view(), "renamed"});
}

Result<void> Contacts::merged(const ContactMerged& event) {
  const Id contact = event.undone ? event.from : event.into;
  const Id other = event.undone ? event.into : event.from;
  Conversation::Customer now;
  auto written = store_.write_and_wait([&](Session& session) -> Result<void> {
    auto customer = ensure_contact(session, table_.records(), contact, other, clock_.now());
    if (!customer) return customer.error();
    now = std::move(*customer);
    for (const contract::Identity& identity : event.identities) {
      if (auto done = point(session, table_.records(), identity, contact); !done) return done;
    }
    return {};
  });
  if (!written) return written;
  table_.contacts_moved();
  for (const contract::Identity& identity : event.identities) {
    for (const ConversationPtr& conversation : table_.of_identity(identity)) follow(conversation, now);
  }
  return {};
}

Result<void> Contacts::changed(const ContactChanged& event) {
  Conversation::Customer now{event.contact, event.name, false, event.blocked, false};
  std::vector<Id> open;
  bool known = false;
  auto written = store_.write_and_wait([&](Session& session) -> Result<void> {
    open.clear();
    auto before = read_contact(session, table_.records(), event.contact);
    if (!before) return before.error();
    known = before->has_value();
    if (!known) return {};
    if (event.name.empty()) now.name = (*before)->name;
    now.generated = (*before)->generated && (*before)->name == now.name;
    auto name = table_.records().seal_name(session, event.contact, now.name);
    if (!name) return name.error();
    auto done = session.run("UPDATE inbox_contact SET name = ?, invented = ?, blocked = ? WHERE id = ?",
                            SqlArg::blob(*name), now.generated, now.blocked, event.contact);
    if (!done) return done.error();
    if (!event.blocked) return {};
    auto rows =
        session.query("SELECT id FROM inbox_conversation WHERE contact = ? AND state IN (0, 1, 2, 3)", event.contact);
    while (rows->next()) open.push_back(rows->id(0));
    return rows->status();
  });
  if (!written) return written;
  if (!known) return {};
  table_.contacts_moved();
  for (const ConversationPtr& conversation : table_.of_contact(event.contact)) follow(conversation, now);
  for (const Id id : open) {
    auto conversation = table_.fetch(id);
    if (!conversation) continue;
    ledger_.change(
        *conversation, {},
        [](Draft& draft, Time at) -> Result<void> {
          shut(draft, at);
          return {};
        },
        [this, id](const Result<Outcome>& outcome) {
          if (outcome) return;
          log_.warn("a blocked contact's conversation could not be ended: {}, conversation={}", outcome.error().message,
                    id.value);
        });
  }
  return {};
}

}  // namespace qiao::inbox
