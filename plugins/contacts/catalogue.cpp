#include "plugins/contacts/catalogue.hpp"

#include <fmt/format.h>

#include <deque>

#include "plugins/contacts/claims.hpp"
#include "qiao/json.hpp"
#include "qiao/text_index.hpp"

namespace qiao::contacts {
namespace {

namespace kind = contract::identity_kind;

constexpr int kMostListed = 500;
constexpr std::size_t kFewestPhoneDigits = 7;
/// Names are sealed: a search opens those of so many contacts, the newest, in about 50 ms.
constexpr int kNamesRead = 20'000;

Result<std::vector<Id>> ids(std::unique_ptr<Rows> rows) {
  std::vector<Id> found;
  while (rows->next()) found.push_back(rows->id(0));
  if (auto status = rows->status(); !status) return status.error();
  return found;
}

std::int64_t upper(Id after) { return after ? after.value : std::numeric_limits<std::int64_t>::max(); }

}  // namespace

/// A condition on `contacts_contact k` with the values for its `?`, which it owns.
struct Catalogue::Where {
  std::string sql = "k.root = k.id";
  std::deque<std::string> texts;
  std::vector<SqlArg> args;

  const std::string& keep(std::string text) { return texts.emplace_back(std::move(text)); }
  /// Of the contact or of one that was joined into it.
  void member(const std::string& join, const std::string& condition, std::initializer_list<SqlArg> values) {
    sql += fmt::format(" AND EXISTS (SELECT 1 FROM contacts_contact m {} WHERE m.root = k.id AND {})", join, condition);
    args.insert(args.end(), values.begin(), values.end());
  }
};

Result<void> check(const SegmentFilter& f) {
  const auto bad = [](const char* what) { return Error{Errc::bad_value, "segment.bad_value", what}; };
  if (f.tag.empty() && f.tier.empty() && f.company.empty() && f.language.empty() && f.attribute.empty() &&
      f.seen_within_days == 0 && f.not_seen_for_days == 0 && !f.blocked) {
    return bad("filter: says nothing; give a tag, tier, company, language, attribute, days or blocked");
  }
  if (!f.value.empty() && f.attribute.empty()) return bad("filter.value: needs an attribute");
  if (f.seen_within_days < 0 || f.not_seen_for_days < 0 || f.seen_within_days > 36500 || f.not_seen_for_days > 36500) {
    return bad("filter: days are 1 to 36500");
  }
  for (const std::string* text : {&f.tag, &f.tier, &f.company, &f.language, &f.attribute, &f.value}) {
    if (text->size() > 2000) return bad("filter: a text is too long");
  }
  return {};
}

Catalogue::Where Catalogue::where(const SegmentFilter& f) const {
  Where w;
  if (!f.tag.empty()) w.member("JOIN contacts_tag t ON t.contact = m.id", "t.tag = ?", {w.keep(f.tag)});
  if (!f.tier.empty()) w.member("", "m.tier = ?", {w.keep(f.tier)});
  if (!f.company.empty()) w.member("JOIN contacts_company c ON c.id = m.company", "c.name = ?", {w.keep(f.company)});
  if (!f.language.empty()) w.member("", "m.lang LIKE ? ESCAPE '!'", {w.keep(like_prefix(f.language))});
  if (!f.attribute.empty() && f.value.empty())
    w.member("JOIN contacts_attribute a ON a.contact = m.id", "a.name = ?", {w.keep(f.attribute)});
  if (!f.attribute.empty() && !f.value.empty()) {
    w.member("JOIN contacts_attribute a ON a.contact = m.id", "a.name = ? AND a.blind = ?",
             {w.keep(f.attribute), w.keep(book_.blind_attribute(f.attribute, f.value))});
  }
  const auto days_ago = [this](std::int32_t days) { return clock_.now() - std::chrono::hours(24 * days); };
  if (f.seen_within_days > 0) w.member("", "m.last_seen_at >= ?", {days_ago(f.seen_within_days)});
  if (f.not_seen_for_days > 0) {
    w.sql += " AND NOT EXISTS (SELECT 1 FROM contacts_contact m WHERE m.root = k.id AND m.last_seen_at >= ?)";
    w.args.emplace_back(days_ago(f.not_seen_for_days));
  }
  if (f.blocked) {
    w.sql += " AND k.blocked = ?";
    w.args.emplace_back(*f.blocked);
  }
  return w;
}

Result<std::vector<Id>> Catalogue::by_name(Session& session, const std::string& words, Id after, int limit) const {
  const SearchWords wanted(words);
  std::vector<Id> found;
  auto rows = session.query("SELECT id, root, name FROM contacts_contact WHERE root < ? ORDER BY root DESC LIMIT ?",
                            upper(after), kNamesRead);
  while (found.size() < static_cast<std::size_t>(limit) && rows->next()) {
    const Id root = rows->id(1);
    if (!found.empty() && found.back() == root) continue;
    auto name = book_.open_name(session, rows->id(0), rows->text(2));
    if (!name) return name.error();
    if (!wanted.find(*name).empty()) found.push_back(root);
  }
  if (auto status = rows->status(); !status) return status.error();
  return found;
}

Result<std::vector<Id>> Catalogue::search(Session& session, const std::string& words, Id after, int limit) const {
  if (words.empty()) {
    return ids(session.query("SELECT id FROM contacts_contact WHERE root = id AND id < ? ORDER BY id DESC LIMIT ?",
                             upper(after), limit));
  }
  const std::string& country = book_.default_country();
  const auto digits =
      static_cast<std::size_t>(std::count_if(words.begin(), words.end(), [](char c) { return c >= '0' && c <= '9'; }));
  contract::Claim claim{kind::kPhone, digits >= kFewestPhoneDigits ? normal_phone(words, country) : "", false};
  if (claim.value.empty()) claim = {kind::kEmail, normal_email(words), false};
  std::vector<Id> exact;
  if (!claim.value.empty()) {
    auto found = book_.find(session, claim, false);
    if (!found) return found;
    exact = std::move(*found);
  }
  auto by_channel = ids(session.query(
      "SELECT k.root FROM contacts_identity i JOIN contacts_contact k ON k.id = i.contact WHERE i.user_key = ?",
      words));
  if (!by_channel) return by_channel;
  exact.insert(exact.end(), by_channel->begin(), by_channel->end());
  const std::string prefix = like_prefix(words);
  auto named = by_name(session, words, after, limit);
  if (!named) return named;
  exact.insert(exact.end(), named->begin(), named->end());
  auto tagged =
      ids(session.query("SELECT DISTINCT k.root FROM contacts_tag t JOIN contacts_contact k ON k.id = t.contact WHERE "
                        "t.tag LIKE ? ESCAPE "
                        "'!' AND k.root < ? ORDER BY k.root DESC LIMIT ?",
                        prefix, upper(after), limit));
  if (!tagged) return tagged;
  exact.insert(exact.end(), tagged->begin(), tagged->end());
  std::sort(exact.begin(), exact.end(), std::greater<>());
  exact.erase(std::unique(exact.begin(), exact.end()), exact.end());
  std::erase_if(exact, [&](Id id) { return id.value >= upper(after); });
  if (exact.size() > static_cast<std::size_t>(limit)) exact.resize(static_cast<std::size_t>(limit));
  return exact;
}

Result<std::vector<Id>> Catalogue::in_segment(Session& session, const SegmentFilter& filter, Id after,
                                              int limit) const {
  Where w = where(filter);
  w.args.emplace_back(upper(after));
  w.args.emplace_back(limit);
  return ids(session.select(
      "SELECT k.id FROM contacts_contact k WHERE " + w.sql + " AND k.id < ? ORDER BY k.id DESC LIMIT ?", w.args));
}

Result<std::int64_t> Catalogue::count(Session& session, const SegmentFilter& filter) const {
  const Where w = where(filter);
  auto rows = session.select("SELECT COUNT(*) FROM contacts_contact k WHERE " + w.sql, w.args);
  const std::int64_t number = rows->next() ? rows->integer(0) : 0;
  if (auto status = rows->status(); !status) return status.error();
  return number;
}

Result<std::vector<CompanyView>> Catalogue::companies(Session& session, const std::string& search) const {
  auto found = ids(session.query("SELECT id FROM contacts_company WHERE name LIKE ? ESCAPE '!' ORDER BY name LIMIT ?",
                                 like_prefix(search), kMostListed));
  if (!found) return found.error();
  std::vector<CompanyView> list;
  for (const Id id : *found) {
    auto one = company(session, id);
    if (!one) return one.error();
    list.push_back(std::move(*one));
  }
  return list;
}

Result<CompanyView> Catalogue::company(Session& session, Id id) const {
  CompanyView view;
  std::string phone;
  std::string note;
  {
    auto rows = session.query("SELECT name, phone, note FROM contacts_company WHERE id = ?", id);
    if (!rows->next()) {
      if (auto status = rows->status(); !status) return status.error();
      return Error{Errc::not_found, "company.not_found", fmt::format("there is no company {}", id.value)};
    }
    view = {id, rows->str(0), {}, {}, 0};
    phone = rows->str(1);
    note = rows->str(2);
  }
  for (const auto& [column, sealed, to] :
       {std::tuple{"phone", &phone, &view.phone}, std::tuple{"note", &note, &view.note}}) {
    auto plain = book_.open(session, {"contacts_company", column, id.value}, *sealed);
    if (!plain) return plain.error();
    *to = std::move(*plain);
  }
  auto rows = session.query("SELECT COUNT(DISTINCT root) FROM contacts_contact WHERE company = ?", id);
  if (rows->next()) view.contacts = rows->integer(0);
  if (auto status = rows->status(); !status) return status.error();
  return view;
}

Result<void> Catalogue::put_company(Session& session, const CompanyView& company, bool fresh) const {
  std::string sealed[2];
  int i = 0;
  for (const auto& [column, plain] : {std::pair{"phone", &company.phone}, std::pair{"note", &company.note}}) {
    if (!plain->empty()) {
      auto bytes = book_.seal(session, {}, {"contacts_company", column, company.id.value}, *plain);
      if (!bytes) return bytes.error();
      sealed[i] = std::move(*bytes);
    }
    ++i;
  }
  const auto value = [](const std::string& bytes) { return bytes.empty() ? SqlArg(nullptr) : SqlArg::blob(bytes); };
  auto done =
      fresh ? session.run("INSERT INTO contacts_company (id, name, phone, note, created_at) VALUES (?, ?, ?, ?, ?)",
                          company.id, company.name, value(sealed[0]), value(sealed[1]), clock_.now())
            : session.run("UPDATE contacts_company SET name = ?, phone = ?, note = ? WHERE id = ?", company.name,
                          value(sealed[0]), value(sealed[1]), company.id);
  if (!done && done.error().code == Errc::conflict) {
    return Error{Errc::conflict, "company.exists", fmt::format("there is a company \"{}\" already", company.name)};
  }
  if (!done) return done.error();
  return {};
}

Result<std::vector<SegmentView>> Catalogue::segments(Session& session) const {
  std::vector<SegmentView> list;
  {
    auto rows = session.query("SELECT id, name, filter FROM contacts_segment ORDER BY name LIMIT ?", kMostListed);
    while (rows->next()) {
      list.push_back({rows->id(0), rows->str(1), from_json<SegmentFilter>(rows->text(2)).value_or(SegmentFilter{}), 0});
    }
    if (auto status = rows->status(); !status) return status.error();
  }
  for (SegmentView& one : list) {
    auto number = count(session, one.filter);
    if (!number) return number.error();
    one.count = *number;
  }
  return list;
}

Result<SegmentView> Catalogue::segment(Session& session, Id id) const {
  SegmentView view;
  {
    auto rows = session.query("SELECT name, filter FROM contacts_segment WHERE id = ?", id);
    if (!rows->next()) {
      if (auto status = rows->status(); !status) return status.error();
      return Error{Errc::not_found, "segment.not_found", fmt::format("there is no segment {}", id.value)};
    }
    view = {id, rows->str(0), from_json<SegmentFilter>(rows->text(1)).value_or(SegmentFilter{}), 0};
  }
  auto number = count(session, view.filter);
  if (!number) return number.error();
  view.count = *number;
  return view;
}

Result<void> Catalogue::put_segment(Session& session, const SegmentView& segment, bool fresh) const {
  auto done = fresh ? session.run("INSERT INTO contacts_segment (id, name, filter, created_at) VALUES (?, ?, ?, ?)",
                                  segment.id, segment.name, to_json(segment.filter), clock_.now())
                    : session.run("UPDATE contacts_segment SET name = ?, filter = ? WHERE id = ?", segment.name,
                                  to_json(segment.filter), segment.id);
  if (!done) return done.error();
  return {};
}

Result<bool> Catalogue::remove_segment(Session& session, Id id) const {
  auto done = session.run("DELETE FROM contacts_segment WHERE id = ?", id);
  if (!done) return done.error();
  return *done > 0;
}

Result<std::vector<TagView>> Catalogue::tags(Session& session) const {
  std::vector<TagView> list;
  auto rows = session.query(
      "SELECT t.tag, COUNT(DISTINCT k.root) FROM contacts_tag t JOIN contacts_contact k ON k.id = t.contact GROUP BY "
      "t.tag ORDER BY t.tag LIMIT ?",
      kMostListed);
  while (rows->next()) list.push_back({rows->str(0), rows->integer(1)});
  if (auto status = rows->status(); !status) return status.error();
  return list;
}

}  // namespace qiao::contacts
