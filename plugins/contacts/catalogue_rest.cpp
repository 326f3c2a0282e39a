#include "plugins/contacts/catalogue_rest.hpp"

#include <fmt/format.h>

#include "plugins/contacts/claims.hpp"

namespace qiao::contacts {

using contract::ContactView;
namespace permission = contract::permission;

struct ListQuery {
  std::string search;
  Id segment;
  Id after;
  std::int32_t limit = 50;
};
QIAO_FIELDS(ListQuery, search, segment, after, limit)

struct ContactPage {
  std::vector<ContactView> contacts;
  bool more = false;
  Id after;
};
QIAO_FIELDS(ContactPage, contacts, more, after)

struct CompanyQuery {
  std::string search;
};
QIAO_FIELDS(CompanyQuery, search)

struct CompanyList {
  std::vector<CompanyView> companies;
};
QIAO_FIELDS(CompanyList, companies)

struct CompanyBody {
  Id id;
  std::optional<std::string> name;
  std::optional<std::string> phone;
  std::optional<std::string> note;
};
QIAO_FIELDS(CompanyBody, id, name, phone, note)

struct SegmentList {
  std::vector<SegmentView> segments;
};
QIAO_FIELDS(SegmentList, segments)

struct SegmentBody {
  Id id;
  std::optional<std::string> name;
  std::optional<SegmentFilter> filter;
};
QIAO_FIELDS(SegmentBody, id, name, filter)

struct TagList {
  std::vector<TagView> tags;
};
QIAO_FIELDS(TagList, tags)

namespace {

constexpr std::int32_t kMostListed = 200;
constexpr int kLookedAt = 100;  // in one step
constexpr int kMostSteps = 20;

Result<void> check_name(std::string_view field, const std::string& text, std::size_t most, bool needed) {
  if (needed && text.empty()) return Error{Errc::bad_value, fmt::format("{}: must not be empty", field)};
  if (text.size() > most || !clean_text(text)) {
    return Error{Errc::bad_value, fmt::format("{}: at most {} bytes of UTF-8", field, most)};
  }
  return {};
}

Access agents() { return Access::needs(permission::kConversations); }
Access managers() { return Access::needs(permission::kContactsManage); }

Route route(const char* method, const char* path, const char* summary, Access access) {
  return contact_route(method, path, summary, std::move(access));
}

/// What a work inside the database came to.
template <class T, class F>
Result<T> in(Database& store, bool write, F work) {
  T value{};
  const auto run = [&](Session& session) -> Result<void> {
    auto result = work(session);
    if (!result) return result.error();
    value = std::move(*result);
    return {};
  };
  auto done = write ? store.write_and_wait(run) : store.read(run);
  if (!done) return done.error();
  return value;
}

Result<CompanyView> put_company(Session& session, const Catalogue& catalogue, const CompanyBody& body) {
  CompanyView company;
  const bool fresh = !body.id;
  if (fresh) {
    company.id = new_id();
  } else {
    auto before = catalogue.company(session, body.id);
    if (!before) return before;
    company = std::move(*before);
  }
  company.name = body.name.value_or(company.name);
  company.phone = body.phone.value_or(company.phone);
  company.note = body.note.value_or(company.note);
  if (auto ok = check_name("name", company.name, 200, true); !ok) return ok.error();
  if (auto ok = check_name("phone", company.phone, 60, false); !ok) return ok.error();
  if (auto ok = check_name("note", company.note, 4000, false); !ok) return ok.error();
  if (auto done = catalogue.put_company(session, company, fresh); !done) return done.error();
  return company;
}

Result<SegmentView> put_segment(Session& session, const Catalogue& catalogue, const SegmentBody& body) {
  SegmentView segment;
  const bool fresh = !body.id;
  if (fresh) {
    segment.id = new_id();
  } else {
    auto before = catalogue.segment(session, body.id);
    if (!before) return before;
    segment = std::move(*before);
  }
  segment.name = body.name.value_or(segment.name);
  segment.filter = body.filter.value_or(segment.filter);
  if (auto ok = check_name("name", segment.name, 200, true); !ok) return ok.error();
  if (auto ok = check(segment.filter); !ok) return ok.error();
  if (auto done = catalogue.put_segment(session, segment, fresh); !done) return done.error();
  return catalogue.segment(session, segment.id);
}

}  // namespace

Result<VisiblePage> visible_page(Database& store, Reading reading, const Book& book, const Guard& guard,
                                 const Principal& who, const Lister& list, Id after, std::size_t limit) {
  VisiblePage page;
  page.after = after;
  page.more = true;
  for (int step = 0; step < kMostSteps && page.more && page.contacts.size() < limit; ++step) {
    std::vector<ContactView> some;
    auto read = (store.*reading)([&](Session& session) -> Result<void> {
      auto ids = list(session, page.after, kLookedAt);
      if (!ids) return ids.error();
      page.more = ids->size() == static_cast<std::size_t>(kLookedAt);
      for (const Id id : *ids) {
        auto view = book.read(session, id);
        if (!view) return view.error();
        some.push_back(std::move(*view));
      }
      return {};
    });
    if (!read) return read.error();
    if (some.empty()) break;
    page.after = some.back().id;
    auto seen = guard.visible(who, std::move(some));
    if (!seen) return seen.error();
    for (ContactView& one : *seen) {
      if (page.contacts.size() == limit) {
        page.more = true;
        page.after = page.contacts.back().id;
        break;
      }
      page.contacts.push_back(std::move(one));
    }
  }
  return page;
}

void add_catalogue_routes(Http& http, Database& store, const Book& book, const Catalogue& catalogue, const Guard& guard,
                          const Desk& desk) {
  http.route<ListQuery, ContactPage>(
      route("GET", "/api/v1/contacts", "The contacts that one may see, newest first, masked", agents()),
      [&store, &book, &catalogue, &guard, &desk](const ListQuery& q,
                                                 const HttpRequest& request) -> Result<ContactPage> {
        if (auto ok = check_name("search", q.search, 254, false); !ok) return ok.error();
        Lister list = [&](Session& session, Id after, int limit) {
          return catalogue.search(session, q.search, after, limit);
        };
        if (q.segment) {
          auto segment = in<SegmentView>(store, false, [&](Session& s) { return catalogue.segment(s, q.segment); });
          if (!segment) return segment.error();
          list = [&, filter = segment->filter](Session& session, Id after, int limit) {
            return catalogue.in_segment(session, filter, after, limit);
          };
        }
        const auto limit = static_cast<std::size_t>(std::clamp(q.limit, 1, kMostListed));
        auto found = visible_page(store, &Database::read, book, guard, request.principal, list, q.after, limit);
        if (!found) return found.error();
        ContactPage page{{}, found->more, found->more ? found->after : Id{}};
        for (ContactView& one : found->contacts) page.contacts.push_back(desk.show(std::move(one), Sight::masked));
        return page;
      });

  http.route<CompanyQuery, CompanyList>(
      route("GET", "/api/v1/companies", "Companies by the beginning of their name", agents()),
      [&store, &catalogue](const CompanyQuery& q, const HttpRequest&) -> Result<CompanyList> {
        auto list =
            in<std::vector<CompanyView>>(store, false, [&](Session& s) { return catalogue.companies(s, q.search); });
        if (!list) return list.error();
        return CompanyList{std::move(*list)};
      });
  for (const char* method : {"POST", "PATCH"}) {
    const bool fresh = method[1] == 'O';
    http.route<CompanyBody, CompanyView>(
        route(method, fresh ? "/api/v1/companies" : "/api/v1/companies/{id}",
              fresh ? "A new company" : "Changes a company", managers()),
        [&store, &catalogue, fresh](const CompanyBody& body, const HttpRequest&) -> Result<CompanyView> {
          CompanyBody wanted = body;
          if (fresh) wanted.id = {};
          return in<CompanyView>(store, true, [&](Session& s) { return put_company(s, catalogue, wanted); });
        });
    http.route<SegmentBody, SegmentView>(
        route(method, fresh ? "/api/v1/segments" : "/api/v1/segments/{id}",
              fresh ? "A saved filter of contacts" : "Changes a saved filter", managers()),
        [&store, &catalogue, fresh](const SegmentBody& body, const HttpRequest&) -> Result<SegmentView> {
          SegmentBody wanted = body;
          if (fresh) wanted.id = {};
          return in<SegmentView>(store, true, [&](Session& s) { return put_segment(s, catalogue, wanted); });
        });
  }

  http.route<Nothing, SegmentList>(
      route("GET", "/api/v1/segments", "Saved filters, with how many contacts fit each", agents()),
      [&store, &catalogue](const Nothing&, const HttpRequest&) -> Result<SegmentList> {
        auto list = in<std::vector<SegmentView>>(store, false, [&](Session& s) { return catalogue.segments(s); });
        if (!list) return list.error();
        return SegmentList{std::move(*list)};
      });
  http.route<ById, Nothing>(route("DELETE", "/api/v1/segments/{id}", "Forgets a saved filter", managers()),
                            [&store, &catalogue](const ById& body, const HttpRequest&) -> Result<Nothing> {
                              auto gone = in<bool>(store, true,
                                                   [&](Session& s) { return catalogue.remove_segment(s, body.id); });
                              if (!gone) return gone.error();
                              if (!*gone)
                                return Error{Errc::not_found, "segment.not_found", "there is no such segment"};
                              return Nothing{};
                            });
  http.route<Nothing, TagList>(route("GET", "/api/v1/tags", "All tags, with how many contacts have each", agents()),
                               [&store, &catalogue](const Nothing&, const HttpRequest&) -> Result<TagList> {
                                 auto list = in<std::vector<TagView>>(store, false,
                                                                      [&](Session& s) { return catalogue.tags(s); });
                                 if (!list) return list.error();
                                 return TagList{std::move(*list)};
                               });
}

}  // namespace qiao::contacts
