#include "plugins/contacts/rest.hpp"

#include <fmt/format.h>

namespace qiao::contacts {

using contract::ContactView;
namespace permission = contract::permission;

struct PatchBody {
  Id id;
  std::optional<std::string> name;
  std::optional<std::string> phone;
  std::optional<std::string> email;
  std::optional<std::string> note;
  std::optional<std::string> language;
  std::optional<std::string> tier;
  std::optional<std::string> company;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::map<std::string, std::string>> attributes;
};
QIAO_FIELDS(PatchBody, id, name, phone, email, note, language, tier, company, tags, attributes)

struct ContactConversations {
  std::vector<contract::ConversationView> conversations;
  bool more = false;
};
QIAO_FIELDS(ContactConversations, conversations, more)

struct MergeBody {
  Id id;
  Id other;
};
QIAO_FIELDS(MergeBody, id, other)

struct MergeAnswer {
  Id merge;
  ContactView contact;
};
QIAO_FIELDS(MergeAnswer, merge, contact)

struct MergesAnswer {
  std::vector<MergeView> merges;
  std::vector<Suggestion> suggestions;
};
QIAO_FIELDS(MergesAnswer, merges, suggestions)

namespace {

using namespace std::chrono_literals;

constexpr std::int32_t kMostConversations = 200;

Error no_contact(Id id) {
  return Error{Errc::not_found, "contact.not_found", fmt::format("there is no contact {}", id.value)};
}

/// Everybody who works here; what of a contact they see is decided with the contact in hand.
Access staff() { return Access::signed_in(); }
Access agents() { return Access::needs(permission::kConversations); }
Access managers() { return Access::needs(permission::kContactsManage); }

}  // namespace

Route contact_route(const char* method, const char* path, const char* summary, Access access) {
  return Route{.method = method, .path = path, .access = std::move(access), .summary = summary, .tag = "contacts"};
}

Result<Desk::Seen> Desk::see(Id id, const Principal& who) const {
  auto contact = people_.get(id);
  if (!contact) return contact.error();
  auto sight = guard_.sight(who, *contact);
  if (!sight) return sight.error();
  if (*sight == Sight::none) return no_contact(id);
  return Seen{std::move(*contact), *sight};
}

Result<ContactView> Desk::work_with(Id id, const Principal& who) const {
  auto seen = see(id, who);
  if (!seen) return seen.error();
  if (seen->sight == Sight::brief) return no_contact(id);
  return std::move(seen->contact);
}

ContactView Desk::show(ContactView contact, Sight sight) const {
  return shown(std::move(contact), sight, book_.default_country());
}

void add_contact_routes(Http& http, Bus& bus, People& people, const Desk& desk, Audit& audit, Database& store,
                        const Merging& merging) {
  const auto masked = [&desk](Result<ContactView> contact) -> Result<ContactView> {
    if (!contact) return contact;
    return desk.show(std::move(*contact), Sight::masked);
  };

  http.route<ById, ContactView>(
      contact_route("GET", "/api/v1/contacts/{id}", "A customer as the hub knows them, masked", staff()),
      [&bus, &desk](const ById& in, const HttpRequest& request) -> Result<ContactView> {
        auto seen = desk.see(in.id, request.principal);
        if (!seen) return seen.error();
        contract::ConversationsOfContacts ask;
        ask.contacts = ids_of(seen->contact);
        ask.limit = 1;
        if (auto talked = bus.ask(std::move(ask), RequestOptions{3s})) {
          seen->contact.conversations = talked->total;
          if (!talked->conversations.empty()) {
            seen->contact.last_seen_at = std::max(seen->contact.last_seen_at, talked->conversations[0].changed_at);
          }
        }
        return desk.show(std::move(seen->contact), seen->sight);
      });

  http.route<PatchBody, ContactView>(
      contact_route("PATCH", "/api/v1/contacts/{id}", "Changes what is known of a customer", agents()),
      [&people, &desk, masked](const PatchBody& in, const HttpRequest& request) -> Result<ContactView> {
        if (auto seen = desk.work_with(in.id, request.principal); !seen) return seen.error();
        return masked(people.patch(
            in.id, {in.name, in.phone, in.email, in.note, in.language, in.tier, in.company, in.tags, in.attributes}));
      });

  http.route<ById, ContactView>(
      contact_route("POST", "/api/v1/contacts/{id}/reveal", "The same unmasked; noted in the audit log",
                    Access::needs(permission::kContactsReveal)),
      [&desk, &audit](const ById& in, const HttpRequest& request) -> Result<ContactView> {
        auto seen = desk.work_with(in.id, request.principal);
        if (!seen) return seen.error();
        auto noted =
            audit.record_and_wait(AuditEntry::by(request, "contact.reveal", fmt::format("contact:{}", seen->id.value)));
        if (!noted) return noted.error();
        return desk.show(std::move(*seen), Sight::full);
      });

  http.route<ById, ContactConversations>(
      contact_route("GET", "/api/v1/contacts/{id}/conversations", "A customer's conversations, newest first", agents()),
      [&bus, &desk](const ById& in, const HttpRequest& request) -> Result<ContactConversations> {
        auto seen = desk.work_with(in.id, request.principal);
        if (!seen) return seen.error();
        contract::ConversationsOfContacts ask;
        ask.contacts = ids_of(*seen);
        ask.limit = kMostConversations;
        auto found = bus.ask(std::move(ask), RequestOptions{5s});
        if (!found) return found.error();
        ContactConversations page{std::move(found->conversations), found->more};
        std::erase_if(page.conversations,
                      [&](const contract::ConversationView& c) { return !contract::may_see(request.principal, c); });
        return page;
      });

  http.route<MergeBody, MergeAnswer>(
      contact_route("POST", "/api/v1/contacts/{id}/merge", "Joins another contact into this one", managers()),
      [&people, &desk, masked](const MergeBody& in, const HttpRequest& request) -> Result<MergeAnswer> {
        for (const Id id : {in.id, in.other}) {
          if (auto seen = desk.work_with(id, request.principal); !seen) return seen.error();
        }
        const Principal& who = request.principal;
        auto done = people.merge(in.id, in.other, {who.id, who.name}, AuditEntry::by(request, "contact.merge", ""));
        if (!done) return done.error();
        if (!done->merge) {
          return Error{Errc::conflict, "merge.same", "these two are one contact already"};
        }
        return MergeAnswer{done->merge, desk.show(std::move(done->contact), Sight::masked)};
      });

  http.route<ById, ContactView>(
      contact_route("POST", "/api/v1/contacts/merges/{id}/undo", "Takes a merge back", managers()),
      [&people, masked](const ById& in, const HttpRequest& request) -> Result<ContactView> {
        const Principal& who = request.principal;
        return masked(people.undo(in.id, {who.id, who.name}, AuditEntry::by(request, "contact.unmerge", "")));
      });

  http.route<ById, MergesAnswer>(
      contact_route("GET", "/api/v1/contacts/{id}/merges", "What was joined, and who may be the same person", agents()),
      [&desk, &store, &merging](const ById& in, const HttpRequest& request) -> Result<MergesAnswer> {
        auto seen = desk.work_with(in.id, request.principal);
        if (!seen) return seen.error();
        MergesAnswer answer;
        auto read = store.read([&](Session& session) -> Result<void> {
          auto merges = merging.history(session, seen->id);
          if (!merges) return merges.error();
          auto suggestions = merging.suggestions(session, seen->id);
          if (!suggestions) return suggestions.error();
          answer = {std::move(*merges), std::move(*suggestions)};
          return {};
        });
        if (!read) return read.error();
        return answer;
      });

  for (const bool blocked : {true, false}) {
    http.route<ById, ContactView>(
        contact_route(
            "POST", blocked ? "/api/v1/contacts/{id}/block" : "/api/v1/contacts/{id}/unblock",
            blocked ? "What they write is kept and nobody reacts; they are not told" : "The opposite of block",
            managers()),
        [&people, &desk, masked, blocked](const ById& in, const HttpRequest& request) -> Result<ContactView> {
          if (auto seen = desk.work_with(in.id, request.principal); !seen) return seen.error();
          return masked(
              people.block(in.id, blocked, AuditEntry::by(request, blocked ? "contact.block" : "contact.unblock", "")));
        });
  }
}

}  // namespace qiao::contacts
