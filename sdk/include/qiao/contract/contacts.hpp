#pragma once

#include "qiao/contract/conversation.hpp"
#include "qiao/contract/crm.hpp"

/// \file
/// The people behind the conversations. `inbox` gives a person an id with their first message and keeps only what the
/// hot path needs; everything else about them is served by `contacts`.

namespace qiao::contract {

namespace identity_kind {
inline constexpr const char* kPhone = "phone";  ///< E.164, e.g. "+8613800138000"
inline constexpr const char* kEmail = "email";  ///< lower case
inline constexpr const char* kUnionId = "unionid";
inline constexpr const char* kAppUser = "app_user";  ///< the company's own user id, proven by an HMAC or JWT
inline constexpr const char* kCrm = "crm";           ///< value: "INSTANCE:ID"
}  // namespace identity_kind

/// Something by which a person can be recognised beside the ids of their channels.
struct Claim {
  std::string kind;       ///< identity_kind
  std::string value;      ///< normalised by `contacts`
  bool verified = false;  ///< proven (HMAC, platform, login); only these ever join two contacts by themselves
};
QIAO_FIELDS(Claim, kind, value, verified)

/// What the person prefers and what is known about them at a glance.
struct ContactSummary {
  std::string last_purchase;
  std::string asked_before;  ///< e.g. "3 conversations, last: 退货流程 (2026-11-02)"
  std::string preferences;
};
QIAO_FIELDS(ContactSummary, last_purchase, asked_before, preferences)

/// One contact as a person with the right to see it does. Texts that the viewer may not see are masked (138****8000).
struct ContactView {
  Id id;
  std::string name;
  std::string phone;
  std::string email;
  std::string note;
  std::string company;
  std::string tier;
  std::string language;
  bool blocked = false;
  bool masked = false;  ///< phone, email and claims are shown in part
  std::vector<std::string> tags;
  std::map<std::string, std::string> attributes;
  std::vector<Identity> identities;  ///< the ids of channels
  std::vector<Claim> claims;
  std::vector<Id> merged;  ///< contacts that were joined into this one
  ContactSummary summary;
  std::int64_t conversations = 0;
  Time created_at;
  Time last_seen_at;
};
QIAO_FIELDS(ContactView, id, name, phone, email, note, company, tier, language, blocked, masked, tags, attributes,
            identities, claims, merged, summary, conversations, created_at, last_seen_at)

// ---- what inbox says ----------------------------------------------------------------------------------------------

/// A channel's customer wrote for the first time, or their shown name became known.
struct IdentitySeen {
  Id contact;
  std::string channel;
  std::string user;
  std::string name;
  std::string site;
  std::string language;
  Time at;
  bool generated = false;  ///< the name was made up by the hub
};
QIAO_FIELDS(IdentitySeen, contact, channel, user, name, site, language, at, generated)
QIAO_EVENT(IdentitySeen, "inbox.identity.seen", 1)
QIAO_PARTITION(IdentitySeen, contact)

struct IdentityList {
  std::vector<IdentitySeen> identities;
  bool more = false;
};
QIAO_FIELDS(IdentityList, identities, more)

/// All identities that inbox knows, by contact id, for whoever missed the event.
struct ListIdentities {
  Id after;  ///< contact
  std::int32_t limit = 500;
};
QIAO_FIELDS(ListIdentities, after, limit)
QIAO_REQUEST(ListIdentities, IdentityList, "inbox.list_identities", 1)

struct ConversationList {
  std::vector<ConversationView> conversations;
  bool more = false;
  std::int64_t total = 0;  ///< of all pages
};
QIAO_FIELDS(ConversationList, conversations, more, total)

/// The conversations of these contacts on all channels, latest change first; with `by_id` newest first, which pages
/// through all of them while they change.
struct ConversationsOfContacts {
  std::vector<Id> contacts;  ///< at most 500
  Time before;               ///< `changed_at` of the last one of the page before; 1970: from the newest
  std::int32_t limit = 50;   ///< at most 500
  bool by_id = false;
  Id below;  ///< with `by_id`: the last one of the page before
};
QIAO_FIELDS(ConversationsOfContacts, contacts, before, limit, by_id, below)
QIAO_REQUEST(ConversationsOfContacts, ConversationList, "inbox.conversations_of_contacts", 1)

// ---- what contacts says and can be asked --------------------------------------------------------------------------

/// Two contacts turned out to be one person; everything of `from` now belongs to `into`. Undone by the same event with
/// `undone`, naming the identities that go back.
struct ContactMerged {
  Id from;
  Id into;
  bool undone = false;
  std::vector<Identity> identities;  ///< those of `from`
};
QIAO_FIELDS(ContactMerged, from, into, undone, identities)
QIAO_EVENT(ContactMerged, "contacts.merged", 1)

struct ContactChanged {
  Id contact;
  std::string name;
  std::string tier;
  bool blocked = false;
};
QIAO_FIELDS(ContactChanged, contact, name, tier, blocked)
QIAO_EVENT(ContactChanged, "contacts.changed", 1)
QIAO_PARTITION(ContactChanged, contact)

/// Full and unmasked: for plugins, not for people. REST answers are masked by role.
struct GetContact {
  Id contact;
};
QIAO_FIELDS(GetContact, contact)
QIAO_REQUEST(GetContact, ContactView, "contacts.get", 1)

/// Who is behind a claim or a channel's id; `not_found` when nobody is known. E.g. a ringing phone.
struct FindContact {
  Claim claim;  ///< or
  Identity identity;
};
QIAO_FIELDS(FindContact, claim, identity)
QIAO_REQUEST(FindContact, ContactView, "contacts.find", 1)

/// A channel learned more about one of its customers. Joins contacts where the rules say so; the answer is the contact
/// as it is afterwards. Makes the contact when the identity has not written yet.
struct Identify {
  Identity identity;
  std::string name;  ///< may be empty
  std::vector<Claim> claims;
  std::map<std::string, std::string> attributes;
};
QIAO_FIELDS(Identify, identity, name, claims, attributes)
QIAO_REQUEST(Identify, ContactView, "contacts.identify", 1)

// ---- export and erase, served by every plugin that keeps something about people
// --------------------------------------

/// All ids under which plugins may know one person.
struct Person {
  std::vector<Id> contacts;  ///< the contact, and those that were joined into it
  std::vector<Identity> identities;
  std::vector<Claim> claims;
  std::vector<Id> conversations;
  std::vector<Id> files;  ///< uploads that stand in their messages, whoever sent them
};
QIAO_FIELDS(Person, contacts, identities, claims, conversations, files)

/// One kind of thing that a plugin keeps, in JSON.
struct ExportPart {
  std::string name;  ///< e.g. "conversations", "tickets"; the file's name in the archive
  std::string json;
  std::vector<Id> files;  ///< uploads that belong to it
};
QIAO_FIELDS(ExportPart, name, json, files)
struct ExportParts {
  std::vector<ExportPart> parts;
};
QIAO_FIELDS(ExportParts, parts)

/// Everything that the serving plugin keeps about a person; nothing kept, no part. Served by many.
struct ExportPerson {
  Person person;
};
QIAO_FIELDS(ExportPerson, person)
QIAO_REQUEST_MANY(ExportPerson, ExportParts, "privacy.export", 1)

struct CopiedFiles {
  std::map<std::string, std::string> names;  ///< id → name in the folder
};
QIAO_FIELDS(CopiedFiles, names)

/// Puts copies of uploads into a folder that exists; those that the serving plugin does not have are left out.
struct CopyFiles {
  std::vector<Id> files;
  std::string folder;
};
QIAO_FIELDS(CopyFiles, files, folder)
QIAO_REQUEST_MANY(CopyFiles, CopiedFiles, "privacy.copy_files", 1)

struct ErasedCount {
  std::map<std::string, std::int64_t> removed;  ///< kind → how many
};
QIAO_FIELDS(ErasedCount, removed)

/// Remove everything about a person, for good, and answer when it is. May be asked again: then there is nothing left.
struct ErasePerson {
  Person person;
};
QIAO_FIELDS(ErasePerson, person)
QIAO_REQUEST_MANY(ErasePerson, ErasedCount, "privacy.erase", 1)

/// An operator or administrator asks for a copy of everything about a person, as a folder.
struct ExportContact {
  std::string who;       ///< contact id, "phone:…" or "email:…"
  std::string folder;    ///< absolute; made when it is not there, refused when something is in it
  std::string language;  ///< of the readable page; empty: the contact's
  Id by;                 ///< agent; empty: the operator at the machine
  std::string by_name;
  std::string remote;
};
QIAO_FIELDS(ExportContact, who, folder, language, by, by_name, remote)
struct ExportedContact {
  Id contact;
  std::string folder;
  std::map<std::string, std::int64_t> counts;  ///< part → entries
};
QIAO_FIELDS(ExportedContact, contact, folder, counts)
QIAO_REQUEST(ExportContact, ExportedContact, "contacts.export", 1)

/// The same for removing everything about a person, for good. What was interrupted goes on after the next start.
struct EraseContact {
  std::string who;
  Id by;
  std::string by_name;
  std::string remote;
};
QIAO_FIELDS(EraseContact, who, by, by_name, remote)
struct ErasedContact {
  Id contact;
  std::map<std::string, std::int64_t> removed;  ///< kind → how many
};
QIAO_FIELDS(ErasedContact, contact, removed)
QIAO_REQUEST(EraseContact, ErasedContact, "contacts.erase", 1)

// ---- profile cards ------------------------------------------------------------------------------------------------

struct CardRow {
  std::string label;
  std::string value;
};
QIAO_FIELDS(CardRow, label, value)

/// A small table beside the conversation. Any plugin may serve one; texts are in the asked language.
struct ProfileCard {
  std::string title;
  std::vector<CardRow> rows;
  std::string url;
  Time as_of;
  bool stale = false;
};
QIAO_FIELDS(ProfileCard, title, rows, url, as_of, stale)

struct ProfileCards {
  std::vector<ProfileCard> cards;
};
QIAO_FIELDS(ProfileCards, cards)

/// What the serving plugin can show about a person. CRM connectors need not: `contacts` makes a card of what
/// LookupCustomer answers.
struct AskProfileCards {
  Person person;
  std::string language;
};
QIAO_FIELDS(AskProfileCards, person, language)
QIAO_REQUEST_MANY(AskProfileCards, ProfileCards, "profile.cards", 1)

}  // namespace qiao::contract
