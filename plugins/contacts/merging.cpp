#include "plugins/contacts/merging.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::contacts {
namespace {

namespace kind = contract::identity_kind;

/// One merge after the other, whichever writer it runs on: the row is locked until the transaction ends.
Result<void> take_turn(Session& session) {
  auto done = session.run("UPDATE contacts_turn SET taken = taken + 1 WHERE id = 1");
  if (!done) return done.error();
  return {};
}

}  // namespace

Result<std::vector<contract::Identity>> Merging::identities(Session& session, std::span<const Id> contacts) const {
  std::vector<contract::Identity> found;
  for (const Id contact : contacts) {
    auto rows = session.query("SELECT channel, user_key FROM contacts_identity WHERE contact = ?", contact);
    while (rows->next()) found.push_back({rows->str(0), rows->str(1)});
    if (auto status = rows->status(); !status) return status.error();
  }
  return found;
}

Result<Merging::Joined> Merging::join(Session& session, Id from, Id into, std::string_view reason, const Who& by,
                                      Time now) const {
  if (auto turn = take_turn(session); !turn) return turn.error();
  auto a = book_.root_of(session, from);
  if (!a) return a.error();
  auto b = book_.root_of(session, into);
  if (!b) return b.error();
  Joined joined;
  if (*a == *b) return joined;
  auto moving = book_.members(session, *a);
  if (!moving) return moving.error();
  auto names = identities(session, *moving);
  if (!names) return names.error();
  bool blocked = false;
  {
    auto rows = session.query("SELECT blocked FROM contacts_contact WHERE id = ?", *a);
    blocked = rows->next() && rows->integer(0) != 0;
    if (auto status = rows->status(); !status) return status.error();
  }
  auto step = session.run("UPDATE contacts_contact SET merged_into = ?, merged_at = ? WHERE id = ?", *b, now, *a);
  if (!step) return step.error();
  auto roots = session.run("UPDATE contacts_contact SET root = ? WHERE root = ?", *b, *a);
  if (!roots) return roots.error();
  if (blocked) {
    auto stays = session.run("UPDATE contacts_contact SET blocked = 1 WHERE id = ?", *b);
    if (!stays) return stays.error();
  }
  joined.merge = new_id();
  auto noted = session.run(
      "INSERT INTO contacts_merge (id, from_contact, into_contact, reason, merged_at, by_id, by_name, undone_at, "
      "undone_by_name) VALUES (?, ?, ?, ?, ?, ?, ?, 0, '')",
      joined.merge, *a, *b, reason, now, by.id, by.name);
  if (!noted) return noted.error();
  joined.event = {*a, *b, false, std::move(*names)};
  return joined;
}

Result<Merging::Joined> Merging::undo(Session& session, Id merge, const Who& by, Time now) const {
  if (auto turn = take_turn(session); !turn) return turn.error();
  Id from;
  bool undone = false;
  {
    auto rows = session.query("SELECT from_contact, undone_at FROM contacts_merge WHERE id = ?", merge);
    if (rows->next()) {
      from = rows->id(0);
      undone = rows->integer(1) != 0;
    }
    if (auto status = rows->status(); !status) return status.error();
  }
  if (!from) return Error{Errc::not_found, "merge.not_found", fmt::format("there is no merge {}", merge.value)};
  if (undone) return Error{Errc::conflict, "merge.undone", "this merge is undone already"};
  auto root = book_.root_of(session, from);
  if (!root) return root.error();
  // Whoever came with `from`, or through it, goes with it.
  std::vector<Id> leaving{from};
  for (std::size_t i = 0; i < leaving.size(); ++i) {
    auto rows = session.query("SELECT id FROM contacts_contact WHERE merged_into = ?", leaving[i]);
    while (rows->next()) leaving.push_back(rows->id(0));
    if (auto status = rows->status(); !status) return status.error();
  }
  auto alone = session.run("UPDATE contacts_contact SET merged_into = NULL, merged_at = 0 WHERE id = ?", from);
  if (!alone) return alone.error();
  for (const Id one : leaving) {
    auto moved = session.run("UPDATE contacts_contact SET root = ? WHERE id = ?", from, one);
    if (!moved) return moved.error();
  }
  auto noted =
      session.run("UPDATE contacts_merge SET undone_at = ?, undone_by_name = ? WHERE id = ?", now, by.name, merge);
  if (!noted) return noted.error();
  auto names = identities(session, leaving);
  if (!names) return names.error();
  return Joined{merge, {from, *root, true, std::move(*names)}};
}

bool Merging::joins(std::string_view which) const {
  if (which == kind::kPhone) return rules_.phone == JoinBy::verified;
  if (which == kind::kEmail) return rules_.email == JoinBy::verified;
  if (which == kind::kUnionId) return rules_.unionid;
  if (which == kind::kAppUser) return rules_.app_user;
  return false;
}

Result<Id> Merging::join_by_rules(Session& session, Id root, Time now, std::vector<Joined>& joined) const {
  auto all = book_.members(session, root);
  if (!all) return all.error();
  struct Equal {
    Id other;
    std::string kind;
  };
  std::vector<Equal> equal;
  for (const Id member : *all) {
    auto rows = session.query(
        "SELECT k.root, c.kind FROM contacts_claim m JOIN contacts_claim c ON c.blind = m.blind AND c.kind = m.kind "
        "JOIN "
        "contacts_contact k ON k.id = c.contact WHERE m.contact = ? AND m.verified = 1 AND c.verified = 1 AND k.root "
        "<> ? "
        "ORDER BY k.root",
        member, root);
    while (rows->next()) {
      if (joins(rows->text(1))) equal.push_back({rows->id(0), rows->str(1)});
    }
    if (auto status = rows->status(); !status) return status.error();
  }
  for (const Equal& e : equal) {
    // The older one stays; ids grow with time.
    auto other = book_.root_of(session, e.other);
    if (!other) return other.error();
    if (*other == root) continue;
    // What a person has taken apart, no rule joins again.
    auto apart = session.query(
        "SELECT id FROM contacts_merge WHERE undone_at > 0 AND ((from_contact = ? AND into_contact = ?) OR "
        "(from_contact = "
        "? AND into_contact = ?))",
        *other, root, root, *other);
    const bool taken_apart = apart->next();
    if (auto status = apart->status(); !status) return status.error();
    apart.reset();
    if (taken_apart) continue;
    const Id into = std::min(*other, root);
    auto one = join(session, std::max(*other, root), into, e.kind, {}, now);
    if (!one) return one.error();
    if (one->merge) joined.push_back(std::move(*one));
    root = into;
  }
  return root;
}

Result<std::vector<MergeView>> Merging::history(Session& session, Id root) const {
  auto all = book_.members(session, root);
  if (!all) return all.error();
  std::vector<MergeView> list;
  std::vector<Id> seen;
  for (const Id member : *all) {
    auto rows = session.query(
        "SELECT m.id, m.from_contact, k.name, m.into_contact, m.merged_at, m.by_name, m.reason, m.undone_at FROM "
        "contacts_merge m JOIN contacts_contact k ON k.id = m.from_contact WHERE m.from_contact = ? OR m.into_contact "
        "= ?",
        member, member);
    while (rows->next()) {
      const Id id = rows->id(0);
      if (std::find(seen.begin(), seen.end(), id) != seen.end()) continue;
      seen.push_back(id);
      auto name = book_.open_name(session, rows->id(1), rows->text(2));
      if (!name) return name.error();
      list.push_back({id, rows->id(1), std::move(*name), rows->id(3), rows->time(4), rows->str(5), rows->str(6),
                      rows->integer(7) != 0});
    }
    if (auto status = rows->status(); !status) return status.error();
  }
  std::sort(list.begin(), list.end(), [](const MergeView& a, const MergeView& b) { return b.id < a.id; });
  return list;
}

Result<std::vector<Suggestion>> Merging::suggestions(Session& session, Id root) const {
  auto all = book_.members(session, root);
  if (!all) return all.error();
  std::vector<Suggestion> list;
  for (const Id member : *all) {
    auto rows = session.query(
        "SELECT DISTINCT r.id, r.name, c.kind FROM contacts_claim m JOIN contacts_claim c ON c.blind = m.blind AND "
        "c.kind "
        "= m.kind JOIN contacts_contact k ON k.id = c.contact JOIN contacts_contact r ON r.id = k.root WHERE m.contact "
        "= ? "
        "AND r.id <> ? ORDER BY r.id LIMIT 20",
        member, root);
    while (rows->next()) {
      const Id other = rows->id(0);
      const bool there = std::any_of(list.begin(), list.end(), [&](const Suggestion& s) { return s.contact == other; });
      if (there) continue;
      auto name = book_.open_name(session, other, rows->text(1));
      if (!name) return name.error();
      list.push_back({other, std::move(*name), rows->str(2)});
    }
    if (auto status = rows->status(); !status) return status.error();
  }
  return list;
}

}  // namespace qiao::contacts
