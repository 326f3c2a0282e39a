#include "plugins/inbox/contacts.hpp"

#include "plugins/inbox/text.hpp"
#include "qiao/json.hpp"

namespace qiao::inbox {

using contract::ContactView;

struct Attributes {
  std::map<std::string, std::string> values;
};
QIAO_FIELDS(Attributes, values)

namespace {

Error no_contact(Id id) {
  return Error{Errc::not_found, "contact.not_found", fmt::format("there is no contact {}", id.value)};
}

Result<ContactView> read_contact(Session& session, Id id) {
  ContactView contact;
  {
    auto rows =
        session.query("SELECT name, phone, email, note, attributes, created_at FROM inbox_contact WHERE id = ?", id);
    if (!rows->next()) {
      if (auto status = rows->status(); !status) return status.error();
      return no_contact(id);
    }
    contact.id = id;
    contact.name = rows->str(0);
    contact.phone = rows->str(1);
    contact.email = rows->str(2);
    contact.note = rows->str(3);
    if (const auto text = rows->text(4); !text.empty()) {
      if (auto attributes = from_json<Attributes>(text)) contact.attributes = std::move(attributes->values);
    }
    contact.created_at = contact.last_seen_at = rows->time(5);
  }
  auto identities =
      session.query("SELECT channel, user_key FROM inbox_identity WHERE contact = ? ORDER BY channel", id);
  while (identities->next()) contact.identities.push_back({identities->str(0), identities->str(1)});
  if (auto status = identities->status(); !status) return status.error();
  auto seen = session.query("SELECT COUNT(*), MAX(changed_at) FROM inbox_conversation WHERE contact = ?", id);
  if (seen->next()) {
    contact.conversations = seen->integer(0);
    if (!seen->null(1)) contact.last_seen_at = seen->time(1);
  }
  if (auto status = seen->status(); !status) return status.error();
  return contact;
}

Result<void> check(std::string_view field, const std::optional<std::string>& value, std::size_t most) {
  if (!value) return {};
  if (value->size() > most) {
    return Error{Errc::bad_value, "contact.bad_value",
                 fmt::format("{}: at most {} bytes, got {}", field, most, value->size())};
  }
  if (!clean_utf8(*value))
    return Error{Errc::bad_value, "contact.bad_value", fmt::format("{}: not valid UTF-8", field)};
  return {};
}

}  // namespace

Contacts::Contacts(Database& store, Bus& bus, Logger& log, ConversationTable& table, Ledger& ledger)
    : store_(store), bus_(bus), log_(log), table_(table), ledger_(ledger) {}

Result<ContactView> Contacts::get(Id id) {
  Result<ContactView> contact = no_contact(id);
  auto read = store_.read([&](Session& session) -> Result<void> {
    contact = read_contact(session, id);
    return {};
  });
  if (!read) return read.error();
  if (!contact) return contact;
  for (const ConversationPtr& conversation : table_.of_contact(id)) {
    contact->last_seen_at = std::max(contact->last_seen_at, conversation->status().changed_at);
  }
  return contact;
}

void Contacts::patch(const ContactPatch& patch, std::function<void(Result<ContactView>)> done) {
  if (auto ok = check("name", patch.name, 200); !ok) return done(ok.error());
  if (patch.name && patch.name->empty())
    return done(Error{Errc::bad_value, "contact.bad_value", "name: must not be empty"});
  if (auto ok = check("phone", patch.phone, 64); !ok) return done(ok.error());
  if (auto ok = check("email", patch.email, 254); !ok) return done(ok.error());
  if (auto ok = check("note", patch.note, 4000); !ok) return done(ok.error());
  struct Change {
    ContactPatch patch;
    ContactView after;
  };
  auto change = std::make_shared<Change>(Change{patch, {}});
  ledger_.write(
      static_cast<std::uint64_t>(patch.id.value),
      [change](Session& session) -> Result<void> {
        auto contact = read_contact(session, change->patch.id);
        if (!contact) return contact.error();
        const ContactPatch& p = change->patch;
        if (p.name) contact->name = *p.name;
        if (p.phone) contact->phone = *p.phone;
        if (p.email) contact->email = *p.email;
        if (p.note) contact->note = *p.note;
        auto written = session.run("UPDATE inbox_contact SET name = ?, phone = ?, email = ?, note = ? WHERE id = ?",
                                   contact->name, contact->phone, contact->email, contact->note, p.id);
        if (!written) return written.error();
        if (p.name) {
          auto known = session.run("UPDATE inbox_contact SET generated = 0 WHERE id = ?", p.id);
          if (!known) return known.error();
        }
        change->after = std::move(*contact);
        return {};
      },
      [this, change, done = std::move(done)](Result<void> result) {
        if (!result) return done(result.error());
        if (change->patch.name) renamed(change->patch.id, *change->patch.name);
        done(std::move(change->after));
      },
      Priority::open);
}

void Contacts::learn_name(const ConversationPtr& conversation, std::string name) {
  // Memory first: the next message must not ask for the same again.
  conversation->rename(name);
  const Id contact = conversation->facts.contact;
  auto shared = std::make_shared<const std::string>(std::move(name));
  ledger_.write(
      static_cast<std::uint64_t>(contact.value),
      [contact, shared](Session& session) -> Result<void> {
        auto done = session.run("UPDATE inbox_contact SET name = ?, generated = 0 WHERE id = ? AND generated = 1",
                                *shared, contact);
        if (!done) return done.error();
        return {};
      },
      [this, contact, shared](Result<void> result) {
        if (result) return renamed(contact, *shared);
        log_.warn("the name of a contact could not be noted: {}, contact={}", result.error().message, contact.value);
      },
      Priority::background);
}

void Contacts::renamed(Id contact, const std::string& name) {
  for (const ConversationPtr& conversation : table_.of_contact(contact)) {
    conversation->rename(name);
    (void)bus_.publish(contract::ConversationChanged{conversation->view(), "renamed"});
  }
}

}  // namespace qiao::inbox
