#include "plugins/contacts/people.hpp"

#include <fmt/format.h>
#include <future>

#include "plugins/contacts/claims.hpp"
#include "plugins/contacts/contact_view.hpp"

namespace qiao::contacts {
namespace {

using namespace std::chrono_literals;
using contract::ContactView;
using contract::Identify;
using contract::IdentitySeen;
namespace kind = contract::identity_kind;

constexpr std::size_t kMostClaims = 20;
constexpr std::size_t kMostAttributes = 50;
constexpr std::int32_t kPage = 500;

Error nobody() { return Error{Errc::not_found, "contact.not_found", "nobody is known by that"}; }

}  // namespace

People::People(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics, Audit& audit,
               const Book& book, const Merging& merging)
    : store_(store),
      bus_(bus),
      clock_(clock),
      log_(log),
      audit_(audit),
      book_(book),
      merging_(merging),
      merges_(metrics.counter("qiao_contacts_merges_total", "Contacts that were joined, by rule or by hand")) {}

Result<ContactView> People::get(Id contact) {
  Result<ContactView> view = nobody();
  auto read = store_.read([&](Session& session) -> Result<void> {
    view = book_.read(session, contact);
    return {};
  });
  if (!read) return read.error();
  if (!view && view.error().code == Errc::not_found && learn_now(contact)) {
    read = store_.read([&](Session& session) -> Result<void> {
      view = book_.read(session, contact);
      return {};
    });
    if (!read) return read.error();
  }
  return view;
}

/// The inbox gives out ids; its word of a newcomer may still be on its way here.
bool People::learn_now(Id contact) {
  contract::ListIdentities ask;
  ask.after = Id{contact.value - 1};
  ask.limit = 1;
  auto page = bus_.ask(ask, RequestOptions{3s});
  if (!page || page->identities.empty() || page->identities[0].contact != contact) return false;
  std::promise<bool> done;
  note(page->identities[0], Priority::service, [&done](bool noted) { done.set_value(noted); });
  return done.get_future().get();
}

Result<contract::Person> People::person(Id contact) {
  Result<contract::Person> person = nobody();
  auto read = store_.read([&](Session& session) -> Result<void> {
    person = book_.person(session, contact);
    return {};
  });
  if (!read) return read.error();
  return person;
}

Result<ContactView> People::find(const contract::FindContact& q) {
  Result<ContactView> view = nobody();
  auto read = store_.read([&](Session& session) -> Result<void> {
    std::optional<Id> found;
    if (!q.identity.user.empty()) {
      auto one = book_.find(session, q.identity);
      if (!one) return one.error();
      found = *one;
    }
    if (!found && !q.claim.kind.empty()) {
      auto normal = normalised(q.claim, book_.default_country());
      if (!normal) return normal.error();
      // Who has proven it comes before who only said it.
      for (const bool verified : {true, false}) {
        auto some = book_.find(session, *normal, verified);
        if (!some) return some.error();
        if (!some->empty()) {
          found = some->front();
          break;
        }
      }
    }
    if (found) view = book_.read(session, *found);
    return {};
  });
  if (!read) return read.error();
  return view;
}

void People::tell(const std::vector<Merging::Joined>& joined, const ContactView& after) {
  for (const Merging::Joined& one : joined) {
    merges_.add();
    (void)bus_.publish(one.event);
  }
  (void)bus_.publish(contract::ContactChanged{after.id, after.name, after.tier, after.blocked});
}

Result<ContactView> People::identify(const Identify& q, std::string_view source) {
  if (q.identity.channel.empty() || q.identity.user.empty() || q.identity.channel.size() > 64 ||
      q.identity.user.size() > 128) {
    return Error{Errc::bad_value, "contact.bad_value", "identity: a channel and its id of the customer are needed"};
  }
  if (q.claims.size() > kMostClaims || q.attributes.size() > kMostAttributes) {
    return Error{Errc::bad_value, "contact.bad_value", "too many claims or attributes at once"};
  }
  ContactPatch attributes;
  attributes.attributes = q.attributes;
  if (auto ok = check(attributes, book_.default_country()); !ok) return ok.error();
  if (!clean_text(q.name)) return Error{Errc::bad_value, "contact.bad_value", "name: not valid UTF-8"};
  std::vector<contract::Claim> claims;
  for (const contract::Claim& claim : q.claims) {
    auto normal = normalised(claim, book_.default_country());
    if (!normal) return normal.error();
    claims.push_back(std::move(*normal));
  }
  ContactView after;
  std::vector<Merging::Joined> joined;
  auto written = store_.write_and_wait([&](Session& session) -> Result<void> {
    joined.clear();
    const Time now = clock_.now();
    auto known = book_.find(session, q.identity);
    if (!known) return known.error();
    Id root = known->value_or(Id{});
    if (!root) {
      root = new_id();
      if (auto done = book_.add(session, root, q.name, q.name.empty(), {}, now); !done) return done;
      if (auto done = book_.add_identity(session, root, q.identity); !done) return done;
    }
    if (auto done = book_.learn_name(session, root, q.name); !done) return done.error();
    for (const contract::Claim& claim : claims) {
      if (auto done = book_.put_claim(session, root, claim, source, false, now); !done) return done.error();
    }
    for (const auto& [name, value] : q.attributes) {
      if (auto done = book_.put_attribute(session, root, name, value); !done) return done.error();
    }
    auto one = merging_.join_by_rules(session, root, now, joined);
    if (!one) return one.error();
    for (const Merging::Joined& j : joined) {
      AuditEntry entry;
      entry.action = "contact.merge";
      entry.object = fmt::format("contact:{}", j.event.into.value);
      entry.detail = fmt::format("contact {} joined by rule", j.event.from.value);
      if (auto noted = audit_.record(session, entry); !noted) return noted;
    }
    auto view = book_.read(session, *one);
    if (!view) return view.error();
    after = std::move(*view);
    return {};
  });
  if (!written) return written.error();
  tell(joined, after);
  return after;
}

Result<ContactView> People::patch(Id contact, ContactPatch patch) {
  ContactView after;
  std::vector<std::string> tags_before;
  bool changed = false;
  auto written = store_.write_and_wait([&](Session& session) -> Result<void> {
    auto before = book_.read(session, contact);
    if (!before) return before.error();
    ContactPatch p = patch;
    tags_before = before->tags;
    const std::string& country = book_.default_country();
    if (p.phone && (*p.phone == shown_phone_masked(before->phone, country) || *p.phone == before->phone))
      p.phone.reset();
    if (p.email && (*p.email == shown_email_masked(before->email) || *p.email == before->email)) p.email.reset();
    if (auto ok = check(p, country); !ok) return ok;
    auto done = book_.apply(session, before->id, p, clock_.now());
    if (!done) return done.error();
    changed = *done;
    auto view = book_.read(session, before->id);
    if (!view) return view.error();
    after = std::move(*view);
    return {};
  });
  if (!written) return written.error();
  if (changed) tell({}, after);
  if (tags_changed_ && tags_before != after.tags) {
    std::vector<std::string> added;
    std::vector<std::string> removed;
    // Both are in order.
    std::set_difference(after.tags.begin(), after.tags.end(), tags_before.begin(), tags_before.end(),
                        std::back_inserter(added));
    std::set_difference(tags_before.begin(), tags_before.end(), after.tags.begin(), after.tags.end(),
                        std::back_inserter(removed));
    tags_changed_(after.id, std::move(added), std::move(removed));
  }
  return after;
}

Result<ContactView> People::block(Id contact, bool blocked, AuditEntry audit) {
  ContactView after;
  auto written = store_.write_and_wait([&](Session& session) -> Result<void> {
    auto root = book_.root_of(session, contact);
    if (!root) return root.error();
    auto done = session.run("UPDATE contacts_contact SET blocked = ? WHERE id = ?", blocked, *root);
    if (!done) return done.error();
    audit.object = fmt::format("contact:{}", root->value);
    if (auto noted = audit_.record(session, audit); !noted) return noted;
    auto view = book_.read(session, *root);
    if (!view) return view.error();
    after = std::move(*view);
    return {};
  });
  if (!written) return written.error();
  tell({}, after);
  return after;
}

Result<People::Merged> People::merge(Id into, Id other, const Who& by, AuditEntry audit) {
  Merged result;
  std::vector<Merging::Joined> joined;
  auto written = store_.write_and_wait([&](Session& session) -> Result<void> {
    joined.clear();
    auto one = merging_.join(session, other, into, "manual", by, clock_.now());
    if (!one) return one.error();
    result.merge = one->merge;
    auto view = book_.read(session, into);
    if (!view) return view.error();
    result.contact = std::move(*view);
    if (!one->merge) return {};
    audit.object = fmt::format("contact:{}", one->event.into.value);
    audit.detail = fmt::format("contact {}", one->event.from.value);
    joined.push_back(std::move(*one));
    return audit_.record(session, audit);
  });
  if (!written) return written.error();
  tell(joined, result.contact);
  return result;
}

Result<ContactView> People::undo(Id merge, const Who& by, AuditEntry audit) {
  ContactView alone;
  ContactView rest;
  std::vector<Merging::Joined> taken;
  auto written = store_.write_and_wait([&](Session& session) -> Result<void> {
    taken.clear();
    auto one = merging_.undo(session, merge, by, clock_.now());
    if (!one) return one.error();
    auto own = book_.read(session, one->event.from);
    if (!own) return own.error();
    alone = std::move(*own);
    auto other = book_.read(session, one->event.into);
    if (!other) return other.error();
    rest = std::move(*other);
    audit.object = fmt::format("contact:{}", one->event.into.value);
    audit.detail = fmt::format("contact {}", one->event.from.value);
    taken.push_back(std::move(*one));
    return audit_.record(session, audit);
  });
  if (!written) return written.error();
  tell(taken, alone);
  (void)bus_.publish(contract::ContactChanged{rest.id, rest.name, rest.tier, rest.blocked});
  return alone;
}

/// The inbox gave an id to somebody who is known here by another one: from now on it leads to them.
Result<void> People::add_alias(Session& session, Id alias, Id root) {
  auto there = book_.root_of(session, alias);
  if (there || there.error().code != Errc::not_found) return there ? Result<void>{} : there.error();
  const Time now = clock_.now();
  if (auto done = book_.add(session, alias, {}, true, {}, now); !done) return done;
  auto joined = session.run("UPDATE contacts_contact SET root = ?, merged_into = ?, merged_at = ? WHERE id = ?", root,
                            root, now, alias);
  if (!joined) return joined.error();
  return {};
}

void People::seen(const IdentitySeen& event) {
  note(event, Priority::enrich, [](bool) {});
}

void People::note(const IdentitySeen& event, Priority priority, std::function<void(bool)> noted) {
  struct Job {
    IdentitySeen seen;
    Id root;
    contract::ContactView after;
    bool tell = false;
  };
  auto job = std::make_shared<Job>();
  job->seen = event;
  store_.write(
      static_cast<std::uint64_t>(event.contact.value),
      [this, job](Session& session) -> Result<void> {
        const IdentitySeen& s = job->seen;
        job->tell = false;
        auto known = book_.find(session, contract::Identity{s.channel, s.user});
        if (!known) return known.error();
        const std::string_view name = s.generated ? std::string_view{} : std::string_view(s.name);
        if (*known) {
          job->root = **known;
          auto learned = book_.learn_name(session, job->root, name);
          if (!learned) return learned.error();
          if (s.generated) {
            auto sealed = book_.seal_name(session, job->root, s.name);
            if (!sealed) return sealed.error();
            // No name is stored as one that is empty.
            auto given = session.run("UPDATE contacts_contact SET name = ? WHERE id = ? AND LENGTH(name) = 0",
                                     SqlArg::blob(*sealed), job->root);
            if (!given) return given.error();
          }
          job->tell = job->root != s.contact;
          if (!job->tell) return {};
          if (auto alias = add_alias(session, s.contact, job->root); !alias) return alias;
          auto view = book_.read(session, job->root);
          if (!view) return view.error();
          job->after = std::move(*view);
          return {};
        }
        auto there = book_.root_of(session, s.contact);
        if (!there && there.error().code != Errc::not_found) return there.error();
        if (!there) {
          const Time at = s.at.time_since_epoch().count() > 0 ? s.at : clock_.now();
          if (auto done = book_.add(session, s.contact, s.name, s.generated, s.language, at); !done) return done;
        }
        job->root = s.contact;
        return book_.add_identity(session, s.contact, {s.channel, s.user});
      },
      [this, job, noted = std::move(noted)](Result<void> result) {
        noted(result.ok());
        if (!result) {
          // Reconciliation finds it again.
          log_.warn("a new customer could not be noted: {}, contact={}", result.error().message,
                    job->seen.contact.value);
          return;
        }
        if (!job->tell) return;
        // The inbox made a contact for somebody who was known here already.
        (void)bus_.publish(contract::ContactMerged{
            job->seen.contact, job->root, false, {contract::Identity{job->seen.channel, job->seen.user}}});
        tell({}, job->after);
      },
      priority);
}

void People::touch(Id contact, Time at) {
  const std::lock_guard lock(mutex_);
  Time& latest = touched_[contact];
  latest = std::max(latest, at);
}

void People::flush_touched() {
  std::map<Id, Time> touched;
  {
    const std::lock_guard lock(mutex_);
    touched.swap(touched_);
  }
  if (touched.empty()) return;
  auto written = store_.write_and_wait([&](Session& session) -> Result<void> {
    for (const auto& [contact, at] : touched) {
      auto done = session.run("UPDATE contacts_contact SET last_seen_at = ? WHERE id = ? AND last_seen_at < ?", at,
                              contact, at);
      if (!done) return done.error();
    }
    return {};
  });
  if (!written) log_.warn("when contacts were seen could not be noted: {}", written.error().message);
}

Result<Time> People::newest() {
  Time newest;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto rows = session.query("SELECT MAX(created_at) FROM contacts_contact");
    if (rows->next()) newest = rows->time(0);
    return rows->status();
  });
  if (!read) return read.error();
  return newest;
}

void People::reconcile(Time since) {
  std::vector<contract::ContactMerged> merges;
  contract::ListIdentities ask;
  ask.limit = kPage;
  auto read = store_.read([&](Session& session) -> Result<void> {
    // Ids grow with time: nobody older is new.
    auto known = session.query("SELECT MAX(id) FROM contacts_contact WHERE created_at < ?", since);
    if (known->next()) ask.after = known->id(0);
    if (auto status = known->status(); !status) return status;
    auto rows = session.query(
        "SELECT i.channel, i.user_key, k.id, k.root FROM contacts_contact k JOIN contacts_identity i ON "
        "i.contact = k.id WHERE k.merged_into IS NOT NULL AND k.merged_at >= ?",
        since);
    while (rows->next()) {
      merges.push_back({rows->id(2), rows->id(3), false, {{rows->str(0), rows->str(1)}}});
    }
    return rows->status();
  });
  if (!read) log_.warn("merges could not be read: {}", read.error().message);
  for (contract::ContactMerged& one : merges) (void)bus_.publish(std::move(one));

  std::size_t unknown = 0;
  for (bool more = true; more;) {
    auto page = bus_.ask(ask, RequestOptions{10s});
    if (!page) {
      if (page.error().id != "bus.no_server") {
        log_.warn("the inbox did not say who it knows: {}", page.error().message);
      }
      return;
    }
    if (page->identities.empty()) return;
    ask.after = page->identities.back().contact;
    more = page->more;
    std::vector<IdentitySeen> missing;
    auto compared = store_.read([&](Session& session) -> Result<void> {
      for (IdentitySeen& one : page->identities) {
        auto known = book_.find(session, contract::Identity{one.channel, one.user});
        if (!known) return known.error();
        if (!*known || **known != one.contact) missing.push_back(std::move(one));
      }
      return {};
    });
    if (!compared) return log_.warn("who is known could not be compared: {}", compared.error().message);
    unknown += missing.size();
    for (const IdentitySeen& one : missing) seen(one);
  }
  if (unknown > 0) log_.info("learned {} customers from the inbox that had been missed", unknown);
}

}  // namespace qiao::contacts
