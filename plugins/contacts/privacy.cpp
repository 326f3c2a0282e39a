#include "plugins/contacts/privacy.hpp"

#include <fmt/format.h>

#include "plugins/contacts/archive.hpp"
#include "plugins/contacts/claims.hpp"
#include "qiao/json.hpp"

namespace qiao::contacts {
namespace {

namespace fs = std::filesystem;
namespace kind = contract::identity_kind;
using contract::ErasedContact;
using contract::ExportedContact;
using contract::ExportPart;
using contract::Person;

constexpr auto kPatience = 5min;
constexpr auto kCopiesLive = 24h * 7;
constexpr int kRetiredANight = 1000;
constexpr std::int32_t kPage = 500;

RequestOptions ask_one(const std::string& instance) {
  RequestOptions options{kPatience};
  options.priority = Priority::background;
  options.to = instance;
  return options;
}

AuditEntry entry_of(const char* action, Id contact, Id by, const std::string& by_name, const std::string& remote) {
  AuditEntry entry;
  entry.action = action;
  entry.object = fmt::format("contact:{}", contact.value);
  if (by) entry.actor_type = Principal::Type::agent;
  entry.actor = by;
  entry.actor_name = by_name;
  entry.remote = remote;
  return entry;
}

std::string counts_text(const std::map<std::string, std::int64_t>& counts) {
  std::string text;
  for (const auto& [name, number] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", number, name);
  return text;
}

}  // namespace

struct ContactPart {
  contract::ContactView contact;
};
QIAO_FIELDS(ContactPart, contact)

struct CrmPart {
  std::vector<contract::CustomerCard> cards;
};
QIAO_FIELDS(CrmPart, cards)

struct MergesPart {
  std::vector<MergeView> merges;
};
QIAO_FIELDS(MergesPart, merges)

Privacy::Privacy(Database& store, Bus& bus, const Clock& clock, Logger& log, Vault& vault, Audit& audit,
                 const ContactsConfig& config, const Book& book, const Crm& crm, const Merging& merging,
                 fs::path exports)
    : store_(store),
      bus_(bus),
      clock_(clock),
      log_(log),
      vault_(vault),
      audit_(audit),
      config_(config),
      book_(book),
      crm_(crm),
      merging_(merging),
      exports_(std::move(exports)) {}

std::string Privacy::new_folder(Id contact) const {
  return (exports_ / fmt::format("{}-{}", contact.value, to_micros(clock_.now()) / 1'000'000)).string();
}

Result<Id> Privacy::resolve(const std::string& who) {
  Result<Id> found = Error{Errc::not_found, "contact.not_found", "nobody is known by that"};
  contract::Claim claim;
  for (const char* which : {kind::kPhone, kind::kEmail}) {
    const std::string prefix = std::string(which) + ":";
    if (who.starts_with(prefix)) claim = {which, who.substr(prefix.size()), false};
  }
  Id id;
  if (claim.kind.empty()) {
    auto parsed = parse_id(who);
    if (!parsed || !*parsed) {
      return Error{Errc::bad_value, "contact.bad_value", "expected a contact's id, phone:NUMBER or email:ADDRESS"};
    }
    id = *parsed;
  } else {
    auto normal = normalised(claim, book_.default_country());
    if (!normal) return normal.error();
    claim = std::move(*normal);
  }
  auto read = store_.read([&](Session& session) -> Result<void> {
    if (id) {
      found = book_.root_of(session, id);
      return {};
    }
    auto some = book_.find(session, claim, false);
    if (!some) return some.error();
    if (some->size() == 1) found = some->front();
    if (some->size() > 1) {
      std::string ids;
      for (const Id one : *some) ids += " " + one.str();
      found = Error{Errc::conflict, "contact.ambiguous", "several contacts have this, name one by its id:" + ids};
    }
    return {};
  });
  if (!read) return read.error();
  return found;
}

Result<std::vector<ExportPart>> Privacy::own_parts(Id contact) {
  std::vector<ExportPart> parts;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto view = book_.read(session, contact);
    if (!view) return view.error();
    parts.push_back({"contact", to_json(*view), {}});
    std::vector<Id> ids{view->id};
    ids.insert(ids.end(), view->merged.begin(), view->merged.end());
    auto cards = crm_.remembered(session, ids);
    if (!cards) return cards.error();
    if (!cards->empty()) parts.push_back({"crm", to_json(CrmPart{std::move(*cards)}), {}});
    auto merges = merging_.history(session, view->id);
    if (!merges) return merges.error();
    if (!merges->empty()) parts.push_back({"merges", to_json(MergesPart{std::move(*merges)}), {}});
    return {};
  });
  if (!read) return read.error();
  return parts;
}

Result<void> Privacy::gather_parts(const Person& person, std::vector<ExportPart>& parts) {
  for (const std::string& instance : bus_.servers<contract::ExportPerson>()) {
    auto answer = bus_.ask(contract::ExportPerson{person}, ask_one(instance));
    if (!answer) {
      return Error{answer.error().code, "privacy.not_asked",
                   fmt::format("{} did not say what it keeps: {}", instance, answer.error().message)};
    }
    for (ExportPart& part : answer->parts) parts.push_back(std::move(part));
  }
  return {};
}

Result<Person> Privacy::whole_person(Id contact, std::vector<ExportPart>& parts) {
  Person person;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto found = book_.person(session, contact);
    if (!found) return found.error();
    person = std::move(*found);
    return {};
  });
  if (!read) return read.error();
  contract::ConversationsOfContacts ask;
  ask.contacts = person.contacts;
  ask.limit = kPage;
  ask.by_id = true;
  for (bool more = true; more;) {
    auto page = bus_.ask(ask, RequestOptions{30s});
    if (!page) return page.error();
    for (const contract::ConversationView& c : page->conversations) {
      person.conversations.push_back(c.id);
      ask.below = c.id;
    }
    more = page->more && !page->conversations.empty();
  }
  if (auto done = gather_parts(person, parts); !done) return done.error();
  for (const ExportPart& part : parts) {
    person.files.insert(person.files.end(), part.files.begin(), part.files.end());
  }
  return person;
}

Result<ExportedContact> Privacy::make_copy(const contract::ExportContact& q) {
  auto contact = resolve(q.who);
  if (!contact) return contact.error();
  auto archive = Archive::begin(q.folder);
  if (!archive) return archive.error();
  std::vector<ExportPart> parts;
  auto own = own_parts(*contact);
  if (!own) return own.error();
  auto person = whole_person(*contact, parts);
  if (!person) return person.error();
  parts.insert(parts.begin(), own->begin(), own->end());
  std::map<std::string, std::string> files;
  for (const std::string& instance : bus_.servers<contract::CopyFiles>()) {
    auto copied = bus_.ask(contract::CopyFiles{person->files, archive->files().string()}, ask_one(instance));
    if (!copied) return copied.error();
    files.merge(copied->names);
  }
  auto view = from_json<contract::ContactView>(own->front().json);
  if (!view) return view.error();
  const std::string language = q.language.empty() ? view->language : q.language;
  if (auto done = archive->write(parts, files, view->name, language, clock_.now()); !done) return done.error();
  ExportedContact result{*contact, q.folder, {}};
  for (const ExportPart& part : parts) result.counts[part.name] += entries_of(part);
  if (!files.empty()) result.counts["files"] = static_cast<std::int64_t>(files.size());
  AuditEntry entry = entry_of("contact.export", *contact, q.by, q.by_name, q.remote);
  entry.detail = counts_text(result.counts);
  if (auto noted = audit_.record_and_wait(std::move(entry)); !noted) return noted.error();
  return result;
}

Result<ErasedContact> Privacy::erase(const contract::EraseContact& q) {
  auto contact = resolve(q.who);
  if (!contact) return contact.error();
  std::vector<ExportPart> parts;
  auto person = whole_person(*contact, parts);
  if (!person) return person.error();
  const AuditEntry entry = entry_of("contact.erase", *contact, q.by, q.by_name, q.remote);
  auto begun = store_.write_and_wait([&](Session& session) -> Result<void> {
    auto sealed = book_.seal(session, *contact, {"contacts_erasure", "person", contact->value}, to_json(*person));
    if (!sealed) return sealed.error();
    auto again =
        session.run("UPDATE contacts_erasure SET person = ? WHERE contact = ?", SqlArg::blob(*sealed), *contact);
    if (!again) return again.error();
    if (*again > 0) return {};
    auto added = session.run("INSERT INTO contacts_erasure (contact, begun_at, person) VALUES (?, ?, ?)", *contact,
                             clock_.now(), SqlArg::blob(*sealed));
    if (!added) return added.error();
    return audit_.record(session, entry);
  });
  if (!begun) return begun.error();
  return run(*contact, entry);
}

Result<ErasedContact> Privacy::run(Id contact, const AuditEntry& who) {
  Person person;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto rows = session.query("SELECT person FROM contacts_erasure WHERE contact = ?", contact);
    if (!rows->next()) {
      if (auto status = rows->status(); !status) return status;
      return Error{Errc::not_found, "contact.not_found", "this erasure is over"};
    }
    const std::string sealed = rows->str(0);
    rows.reset();
    auto plain = book_.open(session, {"contacts_erasure", "person", contact.value}, sealed);
    if (!plain) return plain.error();
    auto decoded = from_json<Person>(*plain);
    if (!decoded) return decoded.error();
    person = std::move(*decoded);
    return {};
  });
  if (!read) return read.error();
  ErasedContact result{contact, {}};
  for (const std::string& instance : bus_.servers<contract::ErasePerson>()) {
    auto erased = bus_.ask(contract::ErasePerson{person}, ask_one(instance));
    if (!erased) {
      return Error{
          erased.error().code, "privacy.not_erased",
          fmt::format("{} did not remove what it keeps, it is tried again: {}", instance, erased.error().message)};
    }
    for (const auto& [name, number] : erased->removed) result.removed[name] += number;
  }
  std::vector<ExportPart> left;
  if (auto asked = gather_parts(person, left); !asked) return asked.error();
  if (!left.empty()) {
    std::string names;
    for (const ExportPart& part : left) names += " " + part.name;
    return Error{Errc::conflict, "privacy.left", "something is still there, it is tried again:" + names};
  }
  remove_copies(person);
  AuditEntry entry = who;
  entry.action = "contact.erased";
  auto written = store_.write_and_wait([&](Session& session) -> Result<void> {
    std::map<std::string, std::int64_t> own;
    if (auto done = remove_own(session, person, own); !done) return done;
    if (auto done = vault_.forget(session, person.contacts); !done) return done;
    auto over = session.run("DELETE FROM contacts_erasure WHERE contact = ?", contact);
    if (!over) return over.error();
    std::map<std::string, std::int64_t> all = result.removed;
    for (const auto& [name, number] : own) all[name] += number;
    entry.detail = counts_text(all);
    if (auto noted = audit_.record(session, entry); !noted) return noted;
    session.on_rollback([&result, before = result.removed] { result.removed = before; });
    result.removed = std::move(all);
    return {};
  });
  if (!written) return written.error();
  log_.info("a contact was erased, contact={} {}", contact.value, counts_text(result.removed));
  return result;
}

Result<void> Privacy::remove_own(Session& session, const Person& person, std::map<std::string, std::int64_t>& removed) {
  const auto drop = [&](const char* name, const char* sql, Id id) -> Result<void> {
    auto done = session.run(sql, id);
    if (!done) return done.error();
    if (*done > 0) removed[name] += *done;
    return {};
  };
  for (const Id id : person.contacts) {
    for (const auto& [name, sql] : {std::pair{"claims", "DELETE FROM contacts_claim WHERE contact = ?"},
                                    std::pair{"identities", "DELETE FROM contacts_identity WHERE contact = ?"},
                                    std::pair{"attributes", "DELETE FROM contacts_attribute WHERE contact = ?"},
                                    std::pair{"tags", "DELETE FROM contacts_tag WHERE contact = ?"},
                                    std::pair{"crm answers", "DELETE FROM contacts_card WHERE contact = ?"},
                                    std::pair{"notes for CRMs", "DELETE FROM contacts_write_back WHERE contact = ?"},
                                    std::pair{"merges", "DELETE FROM contacts_merge WHERE from_contact = ?"},
                                    std::pair{"merges", "DELETE FROM contacts_merge WHERE into_contact = ?"},
                                    std::pair{"contacts", "DELETE FROM contacts_contact WHERE id = ?"}}) {
      if (auto done = drop(name, sql, id); !done) return done;
    }
  }
  return {};
}

void Privacy::remove_copies(const Person& person) const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(exports_, ignored)) {
    const std::string name = entry.path().filename().string();
    for (const Id id : person.contacts) {
      if (name.starts_with(id.str() + "-")) fs::remove_all(entry.path(), ignored);
    }
  }
}

void Privacy::resume() {
  std::vector<Id> open;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto rows = session.query("SELECT contact FROM contacts_erasure ORDER BY begun_at");
    while (rows->next()) open.push_back(rows->id(0));
    return rows->status();
  });
  if (!read) return log_.warn("interrupted erasures could not be read: {}", read.error().message);
  for (const Id contact : open) {
    auto done = run(contact, entry_of("contact.erase", contact, {}, {}, {}));
    if (!done) log_.error("an erasure is not over: {}, contact={}", done.error().message, contact.value);
  }
}

void Privacy::retire() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(exports_, ignored)) {
    // CONTACT-SECONDS: the hub's own time, which a copy of the folder does not change.
    const std::string name = entry.path().filename().string();
    const auto made = parse_id(std::string_view(name).substr(std::min(name.find('-') + 1, name.size())));
    if (made && from_micros(made->value * 1'000'000) + kCopiesLive < clock_.now())
      fs::remove_all(entry.path(), ignored);
  }
  if (!config_.retention.inactive) return;
  const Time before = clock_.now() - *config_.retention.inactive;
  std::vector<Id> old;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto rows = session.query(
        "SELECT k.id FROM contacts_contact k WHERE k.root = k.id AND k.last_seen_at < ? AND NOT EXISTS (SELECT 1 FROM "
        "contacts_contact m WHERE m.root = k.id AND m.last_seen_at >= ?) ORDER BY k.last_seen_at LIMIT ?",
        before, before, kRetiredANight);
    while (rows->next()) old.push_back(rows->id(0));
    return rows->status();
  });
  if (!read) return log_.warn("who was not seen for long could not be read: {}", read.error().message);
  for (const Id id : old) {
    auto done = erase({id.str(), {}, "retention", {}});
    if (!done)
      log_.error("a contact whose time is over was not erased: {}, contact={}", done.error().message, id.value);
  }
  if (!old.empty()) log_.info("erased {} contacts that were not seen for longer than retention says", old.size());
}

}  // namespace qiao::contacts
