#include "plugins/contacts/book.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "plugins/contacts/claims.hpp"
#include "qiao/utf8.hpp"

namespace qiao::contacts {
namespace {

namespace kind = contract::identity_kind;
using contract::Claim;
using contract::ContactView;

constexpr std::size_t kMostTags = 50;
constexpr std::size_t kMostAttributes = 50;
constexpr int kMostSteps = 64;  // of a chain of merges

Error bad(std::string_view field, std::string_view what) {
  return Error{Errc::bad_value, "contact.bad_value", fmt::format("{}: {}", field, what)};
}

Result<void> check_text(std::string_view field, const std::string& value, std::size_t most) {
  if (value.size() > most) return bad(field, fmt::format("at most {} bytes, got {}", most, value.size()));
  if (!clean_text(value)) return bad(field, "not valid UTF-8");
  return {};
}

Result<std::vector<Id>> ids(std::unique_ptr<Rows> rows) {
  std::vector<Id> found;
  while (rows->next()) found.push_back(rows->id(0));
  if (auto status = rows->status(); !status) return status.error();
  return found;
}

}  // namespace

Result<void> check(const ContactPatch& patch, std::string_view default_country) {
  if (patch.name) {
    if (patch.name->empty()) return bad("name", "must not be empty");
    if (auto ok = check_text("name", *patch.name, 200); !ok) return ok;
  }
  if (patch.phone && !patch.phone->empty() && normal_phone(*patch.phone, default_country).empty()) {
    return bad("phone", "not a phone number; digits with an optional + and country code are expected");
  }
  if (patch.email && !patch.email->empty() && normal_email(*patch.email).empty()) {
    return bad("email", "not an e-mail address");
  }
  if (patch.note) {
    if (auto ok = check_text("note", *patch.note, 4000); !ok) return ok;
  }
  if (patch.language) {
    if (auto ok = check_text("language", *patch.language, 16); !ok) return ok;
  }
  if (patch.tier) {
    if (auto ok = check_text("tier", *patch.tier, 60); !ok) return ok;
  }
  if (patch.company) {
    if (auto ok = check_text("company", *patch.company, 200); !ok) return ok;
  }
  if (patch.tags) {
    if (patch.tags->size() > kMostTags) return bad("tags", fmt::format("at most {}", kMostTags));
    for (const std::string& tag : *patch.tags) {
      if (tag.empty()) return bad("tags", "a tag must not be empty");
      if (auto ok = check_text("tags", tag, 60); !ok) return ok;
    }
  }
  if (patch.attributes) {
    if (patch.attributes->size() > kMostAttributes)
      return bad("attributes", fmt::format("at most {}", kMostAttributes));
    for (const auto& [name, value] : *patch.attributes) {
      if (name.empty()) return bad("attributes", "a name must not be empty");
      if (auto ok = check_text("attributes", name, 64); !ok) return ok;
      if (auto ok = check_text("attributes." + name, value, 2000); !ok) return ok;
    }
  }
  return {};
}

Book::Book(Vault& vault, std::string default_country) : vault_(vault), country_(std::move(default_country)) {}

Result<std::string> Book::seal(Session& session, Id subject, const SealedPlace& place, std::string_view plain) const {
  return vault_.seal(session, subject, place, plain);
}

Result<std::string> Book::seal_name(Session& session, Id contact, std::string_view name) const {
  return seal(session, contact, {"contacts_contact", "name", contact.value}, name);
}

Result<std::string> Book::open_name(Session& session, Id contact, std::string_view sealed) const {
  return open(session, {"contacts_contact", "name", contact.value}, sealed);
}

Result<std::string> Book::open(Session& session, const SealedPlace& place, std::string_view sealed) const {
  if (sealed.empty()) return std::string{};
  auto plain = vault_.open(session, place, sealed);
  if (!plain && plain.error().id == "vault.erased") return std::string{};
  return plain;
}

std::string Book::blind(const Claim& normal) const { return vault_.blind("contacts." + normal.kind, normal.value); }

std::string Book::blind_attribute(std::string_view name, std::string_view value) const {
  return vault_.blind(fmt::format("contacts.attribute.{}", name), value);
}

Result<Id> Book::root_of(Session& session, Id contact) const {
  Id at = contact;
  for (int step = 0; step < kMostSteps; ++step) {
    auto rows = session.query("SELECT root FROM contacts_contact WHERE id = ?", at);
    if (!rows->next()) {
      if (auto status = rows->status(); !status) return status.error();
      return Error{Errc::not_found, "contact.not_found", fmt::format("there is no contact {}", contact.value)};
    }
    const Id root = rows->id(0);
    if (root == at) return root;
    at = root;
  }
  return Error{Errc::internal, "contact.chain", fmt::format("contact {} belongs to nobody", contact.value)};
}

Result<std::vector<Id>> Book::members(Session& session, Id root) const {
  auto found = ids(session.query("SELECT id FROM contacts_contact WHERE root = ? AND id <> ? ORDER BY id", root, root));
  if (!found) return found;
  found->insert(found->begin(), root);
  return found;
}

Result<void> Book::read_claims(Session& session, Id member, bool root, ContactView& view) const {
  struct Kept {
    Id id;
    Claim claim;
    std::string sealed;
    bool main = false;
  };
  std::vector<Kept> kept;
  {
    auto rows = session.query(
        "SELECT id, kind, value, verified, main FROM contacts_claim WHERE contact = ? ORDER BY id", member);
    while (rows->next()) {
      kept.push_back({rows->id(0), {rows->str(1), {}, rows->integer(3) != 0}, rows->str(2), rows->integer(4) != 0});
    }
    if (auto status = rows->status(); !status) return status;
  }
  for (Kept& k : kept) {
    auto value = open(session, {"contacts_claim", "value", k.id.value}, k.sealed);
    if (!value) return value.error();
    if (value->empty()) continue;
    k.claim.value = std::move(*value);
    std::string* shown = k.claim.kind == kind::kPhone   ? &view.phone
                         : k.claim.kind == kind::kEmail ? &view.email
                                                        : nullptr;
    if (shown && (shown->empty() || (k.main && root))) *shown = k.claim.value;
    const bool there = std::any_of(view.claims.begin(), view.claims.end(), [&](Claim& c) {
      if (c.kind != k.claim.kind || c.value != k.claim.value) return false;
      c.verified = c.verified || k.claim.verified;
      return true;
    });
    if (!there) view.claims.push_back(std::move(k.claim));
  }
  return {};
}

Result<ContactView> Book::read(Session& session, Id contact) const {
  auto root = root_of(session, contact);
  if (!root) return root.error();
  auto all = members(session, *root);
  if (!all) return all.error();
  ContactView view;
  view.id = *root;
  bool generated = true;
  Time note_at;
  std::set<std::string> tags;
  for (const Id member : *all) {
    const bool first = member == *root;
    std::string note;
    {
      auto rows = session.query(
          "SELECT k.name, k.invented, c.name, k.tier, k.lang, k.note, k.blocked, k.created_at, k.last_seen_at, "
          "k.merged_at, k.note_at FROM "
          "contacts_contact k LEFT JOIN contacts_company c ON c.id = k.company WHERE k.id = ?",
          member);
      if (!rows->next()) {
        if (auto status = rows->status(); !status) return status.error();
        continue;
      }
      if (first || (generated && rows->integer(1) == 0)) {
        auto name = open_name(session, member, rows->text(0));
        if (!name) return name.error();
        view.name = std::move(*name);
        generated = rows->integer(1) != 0;
      }
      if (view.company.empty()) view.company = rows->str(2);
      if (view.tier.empty()) view.tier = rows->str(3);
      if (view.language.empty()) view.language = rows->str(4);
      // A note that was written after the merge was written with all of them in sight and stands for them.
      if (first) note_at = rows->time(10);
      if (first || rows->time(9) >= note_at) note = rows->str(5);
      if (first) view.blocked = rows->integer(6) != 0;
      const Time created = rows->time(7);
      if (first || created < view.created_at) view.created_at = created;
      view.last_seen_at = std::max(view.last_seen_at, rows->time(8));
    }
    if (!note.empty()) {
      auto plain = open(session, {"contacts_contact", "note", member.value}, note);
      if (!plain) return plain.error();
      if (!plain->empty()) view.note += (view.note.empty() ? "" : "\n") + *plain;
    }
    if (!first) view.merged.push_back(member);
    {
      auto rows = session.query(
          "SELECT channel, user_key FROM contacts_identity WHERE contact = ? ORDER BY channel, user_key", member);
      while (rows->next()) view.identities.push_back({rows->str(0), rows->str(1)});
      if (auto status = rows->status(); !status) return status.error();
    }
    if (auto done = read_claims(session, member, first, view); !done) return done.error();
    {
      auto rows = session.query("SELECT tag FROM contacts_tag WHERE contact = ?", member);
      while (rows->next()) tags.insert(rows->str(0));
      if (auto status = rows->status(); !status) return status.error();
    }
    std::vector<std::tuple<Id, std::string, std::string>> attributes;
    {
      auto rows =
          session.query("SELECT id, name, value FROM contacts_attribute WHERE contact = ? ORDER BY name", member);
      while (rows->next()) attributes.emplace_back(rows->id(0), rows->str(1), rows->str(2));
      if (auto status = rows->status(); !status) return status.error();
    }
    for (const auto& [id, name, sealed] : attributes) {
      if (view.attributes.contains(name)) continue;
      auto plain = open(session, {"contacts_attribute", "value", id.value}, sealed);
      if (!plain) return plain.error();
      if (!plain->empty()) view.attributes[name] = std::move(*plain);
    }
  }
  view.tags.assign(tags.begin(), tags.end());
  return view;
}

Result<contract::Person> Book::person(Session& session, Id contact) const {
  auto view = read(session, contact);
  if (!view) return view.error();
  contract::Person person;
  person.contacts.push_back(view->id);
  person.contacts.insert(person.contacts.end(), view->merged.begin(), view->merged.end());
  person.identities = std::move(view->identities);
  person.claims = std::move(view->claims);
  return person;
}

Result<std::optional<Id>> Book::find(Session& session, const contract::Identity& identity) const {
  Id contact;
  {
    auto rows = session.query("SELECT contact FROM contacts_identity WHERE channel = ? AND user_key = ?",
                              identity.channel, identity.user);
    if (rows->next()) contact = rows->id(0);
    if (auto status = rows->status(); !status) return status.error();
  }
  if (!contact) return std::optional<Id>{};
  auto root = root_of(session, contact);
  if (!root) return root.error();
  return std::optional(*root);
}

Result<std::vector<Id>> Book::find(Session& session, const Claim& normal, bool verified) const {
  auto found = ids(session.query(
      "SELECT DISTINCT k.root FROM contacts_claim c JOIN contacts_contact k ON k.id = c.contact WHERE c.blind = ? AND "
      "c.kind = ? AND c.verified >= ? ORDER BY k.root",
      blind(normal), normal.kind, verified));
  return found;
}

Result<void> Book::add(Session& session, Id id, std::string_view name, bool generated, std::string_view language,
                       Time now) const {
  auto sealed = seal_name(session, id, utf8_head(name, 200));
  if (!sealed) return sealed.error();
  auto done = session.run(
      "INSERT INTO contacts_contact (id, root, merged_at, name, invented, tier, lang, note_at, blocked, created_at, "
      "last_seen_at, changed_at) VALUES (?, ?, 0, ?, ?, '', ?, 0, 0, ?, ?, ?)",
      id, id, SqlArg::blob(*sealed), generated, utf8_head(language, 16), now, now, now);
  if (!done) return done.error();
  return {};
}

Result<void> Book::add_identity(Session& session, Id contact, const contract::Identity& identity) const {
  auto done = session.run("INSERT INTO contacts_identity (channel, user_key, contact) VALUES (?, ?, ?)",
                          identity.channel, identity.user, contact);
  if (!done) return done.error();
  return {};
}

Result<bool> Book::put_claim(Session& session, Id root, const Claim& normal, std::string_view source, bool main,
                             Time now) const {
  auto all = members(session, root);
  if (!all) return all.error();
  const std::string index = blind(normal);
  for (const Id member : *all) {
    Id known;
    bool verified = false;
    {
      auto rows = session.query("SELECT id, verified FROM contacts_claim WHERE contact = ? AND kind = ? AND blind = ?",
                                member, normal.kind, index);
      if (rows->next()) {
        known = rows->id(0);
        verified = rows->integer(1) != 0;
      }
      if (auto status = rows->status(); !status) return status.error();
    }
    if (!known) continue;
    if (main && member != root) break;  // shown by the root: it gets a row of its own
    if (verified || !normal.verified) {
      if (!main) return false;
      auto done = session.run("UPDATE contacts_claim SET main = 1 WHERE id = ? AND main = 0", known);
      if (!done) return done.error();
      return *done > 0;
    }
    auto done = session.run("UPDATE contacts_claim SET verified = 1, source = ? WHERE id = ?", source, known);
    if (!done) return done.error();
    return true;
  }
  const Id id = new_id();
  auto sealed = seal(session, root, {"contacts_claim", "value", id.value}, normal.value);
  if (!sealed) return sealed.error();
  auto done = session.run(
      "INSERT INTO contacts_claim (id, contact, kind, blind, value, verified, main, source, created_at) VALUES (?, ?, "
      "?, ?, ?, ?, ?, ?, ?)",
      id, root, normal.kind, index, SqlArg::blob(*sealed), normal.verified, main, utf8_head(source, 64), now);
  if (!done) return done.error();
  return true;
}

/// The phone number or address that is shown. What was shown before goes, unless somebody has proven it.
Result<bool> Book::set_main(Session& session, Id root, std::string_view which, const std::string& value,
                            Time now) const {
  Claim claim{std::string(which), value, false};
  if (!value.empty()) {
    auto normal = normalised(std::move(claim), country_);
    if (!normal) return normal.error();
    claim = std::move(*normal);
  }
  auto before = read(session, root);
  if (!before) return before.error();
  const std::string& shown = which == kind::kPhone ? before->phone : before->email;
  if (shown == claim.value) return false;
  if (!shown.empty()) {
    const std::string old = blind({std::string(which), shown, false});
    auto all = members(session, root);
    if (!all) return all.error();
    for (const Id member : *all) {
      // One that was joined keeps its own while another one is shown, so that undoing the merge finds it again.
      if (member != root && !value.empty()) continue;
      auto gone =
          session.run("DELETE FROM contacts_claim WHERE contact = ? AND kind = ? AND blind = ? AND verified = 0",
                      member, which, old);
      if (!gone) return gone.error();
      auto hidden = session.run("UPDATE contacts_claim SET main = 0 WHERE contact = ? AND kind = ? AND blind = ?",
                                member, which, old);
      if (!hidden) return hidden.error();
    }
  }
  if (value.empty()) return true;
  auto done = put_claim(session, root, claim, "agent", true, now);
  if (!done) return done;
  return true;
}

Result<bool> Book::set_tags(Session& session, Id root, std::vector<std::string> tags) const {
  auto before = read(session, root);
  if (!before) return before.error();
  const std::set<std::string> wanted(tags.begin(), tags.end());
  const std::set<std::string> had(before->tags.begin(), before->tags.end());
  if (wanted == had) return false;
  auto all = members(session, root);
  if (!all) return all.error();
  for (const std::string& tag : had) {
    if (wanted.contains(tag)) continue;
    for (const Id member : *all) {
      auto done = session.run("DELETE FROM contacts_tag WHERE contact = ? AND tag = ?", member, tag);
      if (!done) return done.error();
    }
  }
  for (const std::string& tag : wanted) {
    if (had.contains(tag)) continue;
    auto done = session.run("INSERT INTO contacts_tag (contact, tag) VALUES (?, ?)", root, tag);
    if (!done) return done.error();
  }
  return true;
}

Result<bool> Book::put_attribute(Session& session, Id root, const std::string& name, const std::string& value) const {
  const std::string index = blind_attribute(name, value);
  auto all = members(session, root);
  if (!all) return all.error();
  if (value.empty()) {
    bool gone = false;
    for (const Id member : *all) {
      auto done = session.run("DELETE FROM contacts_attribute WHERE contact = ? AND name = ?", member, name);
      if (!done) return done.error();
      gone = gone || *done > 0;
    }
    return gone;
  }
  Id known;
  {
    auto rows = session.query("SELECT id, blind FROM contacts_attribute WHERE contact = ? AND name = ?", root, name);
    if (rows->next()) {
      known = rows->id(0);
      if (rows->text(1) == index) return false;
    }
    if (auto status = rows->status(); !status) return status.error();
  }
  const Id id = known ? known : new_id();
  auto sealed = seal(session, root, {"contacts_attribute", "value", id.value}, value);
  if (!sealed) return sealed.error();
  auto done =
      known ? session.run("UPDATE contacts_attribute SET blind = ?, value = ? WHERE id = ?", index,
                          SqlArg::blob(*sealed), known)
            : session.run("INSERT INTO contacts_attribute (id, contact, name, blind, value) VALUES (?, ?, ?, ?, ?)", id,
                          root, name, index, SqlArg::blob(*sealed));
  if (!done) return done.error();
  return true;
}

Result<Id> Book::company(Session& session, std::string_view name, Time now) const {
  if (name.empty()) return Id{};
  {
    auto rows = session.query("SELECT id FROM contacts_company WHERE name = ?", name);
    if (rows->next()) return rows->id(0);
    if (auto status = rows->status(); !status) return status.error();
  }
  const Id id = new_id();
  auto done = session.run("INSERT INTO contacts_company (id, name, created_at) VALUES (?, ?, ?)", id, name, now);
  if (!done) return done.error();
  return id;
}

Result<bool> Book::rename(Session& session, Id root, std::string_view name) const {
  std::string before;
  bool generated = false;
  {
    auto rows = session.query("SELECT name, invented FROM contacts_contact WHERE id = ?", root);
    if (!rows->next()) {
      if (auto status = rows->status(); !status) return status.error();
      return false;
    }
    auto opened = open_name(session, root, rows->text(0));
    if (!opened) return opened.error();
    before = std::move(*opened);
    generated = rows->integer(1) != 0;
  }
  if (before == name && !generated) return false;
  auto sealed = seal_name(session, root, name);
  if (!sealed) return sealed.error();
  auto done =
      session.run("UPDATE contacts_contact SET name = ?, invented = 0 WHERE id = ?", SqlArg::blob(*sealed), root);
  if (!done) return done.error();
  return *done > 0;
}

Result<bool> Book::apply(Session& session, Id root, const ContactPatch& patch, Time now) const {
  bool any = false;
  const auto column = [&](const char* sql, const auto& value) -> Result<void> {
    auto done = session.run(sql, value, root, value);
    if (!done) return done.error();
    any = any || *done > 0;
    return {};
  };
  if (patch.name) {
    auto changed = rename(session, root, *patch.name);
    if (!changed) return changed;
    any = any || *changed;
  }
  if (patch.language) {
    if (auto ok = column("UPDATE contacts_contact SET lang = ? WHERE id = ? AND lang <> ?", *patch.language); !ok)
      return ok.error();
  }
  if (patch.tier) {
    if (auto ok = column("UPDATE contacts_contact SET tier = ? WHERE id = ? AND tier <> ?", *patch.tier); !ok)
      return ok.error();
  }
  if (patch.company) {
    auto of = company(session, *patch.company, now);
    if (!of) return of.error();
    auto before = session.query("SELECT company FROM contacts_contact WHERE id = ?", root);
    const bool same = before->next() && before->id(0) == *of;
    if (auto status = before->status(); !status) return status.error();
    before.reset();
    if (!same) {
      auto done = session.run("UPDATE contacts_contact SET company = ? WHERE id = ?", *of, root);
      if (!done) return done.error();
      any = true;
    }
  }
  if (patch.note) {
    auto view = read(session, root);
    if (!view) return view.error();
    if (view->note != *patch.note) {
      std::string sealed;
      if (!patch.note->empty()) {
        auto bytes = seal(session, root, {"contacts_contact", "note", root.value}, *patch.note);
        if (!bytes) return bytes.error();
        sealed = std::move(*bytes);
      }
      auto done = session.run("UPDATE contacts_contact SET note = ?, note_at = ? WHERE id = ?",
                              sealed.empty() ? SqlArg(nullptr) : SqlArg::blob(sealed), now, root);
      if (!done) return done.error();
      any = true;
    }
  }
  const auto also = [&](const Result<bool>& done) -> Result<void> {
    if (!done) return done.error();
    any = any || *done;
    return {};
  };
  if (patch.phone) {
    if (auto ok = also(set_main(session, root, kind::kPhone, *patch.phone, now)); !ok) return ok.error();
  }
  if (patch.email) {
    if (auto ok = also(set_main(session, root, kind::kEmail, *patch.email, now)); !ok) return ok.error();
  }
  if (patch.tags) {
    if (auto ok = also(set_tags(session, root, *patch.tags)); !ok) return ok.error();
  }
  if (patch.attributes) {
    for (const auto& [name, value] : *patch.attributes) {
      if (auto ok = also(put_attribute(session, root, name, value)); !ok) return ok.error();
    }
  }
  if (any) {
    auto done = session.run("UPDATE contacts_contact SET changed_at = ? WHERE id = ?", now, root);
    if (!done) return done.error();
  }
  return any;
}

Result<bool> Book::learn_name(Session& session, Id root, std::string_view name) const {
  if (name.empty()) return false;
  auto sealed = seal_name(session, root, utf8_head(name, 200));
  if (!sealed) return sealed.error();
  auto done = session.run("UPDATE contacts_contact SET name = ?, invented = 0 WHERE id = ? AND invented = 1",
                          SqlArg::blob(*sealed), root);
  if (!done) return done.error();
  return *done > 0;
}

}  // namespace qiao::contacts
