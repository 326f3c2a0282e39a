#include "plugins/contacts/contact_view.hpp"

#include <algorithm>
#include <set>

#include "plugins/contacts/claims.hpp"

namespace qiao::contacts {
namespace {

using namespace std::chrono_literals;
namespace kind = contract::identity_kind;
namespace permission = contract::permission;
using contract::ContactView;

constexpr std::int32_t kLookedAt = 500;
constexpr std::size_t kAskedAtOnce = 200;
constexpr auto kPatience = 3s;

}  // namespace

std::vector<Id> ids_of(const ContactView& contact) {
  std::vector<Id> ids{contact.id};
  ids.insert(ids.end(), contact.merged.begin(), contact.merged.end());
  return ids;
}

std::string shown_phone_masked(const std::string& phone, std::string_view default_country) {
  return masked(kind::kPhone, shown_phone(phone, default_country));
}

std::string shown_email_masked(const std::string& email) { return masked(kind::kEmail, email); }

ContactView shown(ContactView full, Sight sight, std::string_view default_country) {
  if (sight == Sight::full) return full;
  full.masked = true;
  full.phone = shown_phone_masked(full.phone, default_country);
  full.email = shown_email_masked(full.email);
  for (contract::Claim& claim : full.claims) {
    claim.value =
        claim.kind == kind::kPhone ? shown_phone_masked(claim.value, default_country) : masked(claim.kind, claim.value);
  }
  if (sight == Sight::brief) {
    full.note.clear();
    full.attributes.clear();
    full.identities.clear();
    full.claims.clear();
    full.summary = {};
  }
  return full;
}

bool may_see(const Principal& who, const contract::TicketView& ticket) {
  if (who.may(permission::kTicketsAll)) return true;
  if (!who.may(permission::kTickets)) return false;
  return ticket.created_by == who.id || contract::in_group(who, ticket.department);
}

Result<std::vector<ContactView>> Guard::visible(const Principal& who, std::vector<ContactView> contacts) const {
  if (contacts.empty() || who.may(permission::kConversationsAll)) return contacts;
  std::set<Id> seen;
  std::set<Id> talked;
  std::vector<Id> all;
  for (const ContactView& contact : contacts) {
    const std::vector<Id> ids = ids_of(contact);
    all.insert(all.end(), ids.begin(), ids.end());
  }
  for (std::size_t from = 0; from < all.size(); from += kAskedAtOnce) {
    contract::ConversationsOfContacts ask;
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(from);
    ask.contacts.assign(first, first + static_cast<std::ptrdiff_t>(std::min(kAskedAtOnce, all.size() - from)));
    ask.limit = kLookedAt;
    ask.by_id = true;
    for (bool more = true; more;) {
      auto page = bus_.ask(ask, RequestOptions{kPatience});
      if (!page) return page.error();
      for (const contract::ConversationView& c : page->conversations) {
        talked.insert(c.contact);
        if (contract::may_see(who, c)) seen.insert(c.contact);
        ask.below = c.id;
      }
      more = page->more && !page->conversations.empty();
    }
  }
  std::erase_if(contacts, [&](const ContactView& contact) {
    const std::vector<Id> ids = ids_of(contact);
    const auto any = [&](const std::set<Id>& of) {
      return std::any_of(ids.begin(), ids.end(), [&](Id id) { return of.contains(id); });
    };
    if (any(seen)) return false;
    return !(who.may(permission::kContactsManage) && !any(talked));
  });
  return contacts;
}

Result<Sight> Guard::sight(const Principal& who, const ContactView& contact) const {
  if (who.may(permission::kConversations)) {
    auto seen = visible(who, {contact});
    if (!seen) return seen.error();
    if (!seen->empty()) return Sight::masked;
  }
  if (who.may(permission::kTickets)) {
    contract::TicketsOfContacts ask;
    ask.contacts = ids_of(contact);
    ask.limit = kLookedAt;
    auto found = bus_.ask(std::move(ask), RequestOptions{kPatience});
    if (!found && found.error().id != "bus.no_server") return found.error();
    if (found && std::any_of(found->tickets.begin(), found->tickets.end(),
                             [&](const contract::TicketView& t) { return may_see(who, t); })) {
      return Sight::brief;
    }
  }
  return Sight::none;
}

}  // namespace qiao::contacts
