#include "plugins/contacts/transfer.hpp"

#include <fmt/format.h>

#include <set>

#include "plugins/contacts/claims.hpp"
#include "plugins/contacts/csv.hpp"
#include "qiao/utf8.hpp"

namespace qiao::contacts {
namespace {

namespace kind = contract::identity_kind;
namespace permission = contract::permission;
using contract::Claim;
using contract::ContactView;

constexpr std::size_t kAtOnce = 100;
constexpr std::size_t kMostErrors = 1000;
constexpr std::size_t kMostRows = 200'000;
constexpr std::size_t kMostExported = 200'000;
constexpr std::string_view kAttribute = "attr:";

/// The column that a heading means; "" for one that is not known. Exports have some that are only to be read.
std::string column_of(std::string_view heading) {
  static const std::map<std::string, std::string, std::less<>> names = {
      {"name", "name"},  {"姓名", "name"},         {"phone", "phone"},    {"电话", "phone"},
      {"手机", "phone"}, {"email", "email"},       {"邮箱", "email"},     {"app_user", "app_user"},
      {"crm", "crm"},    {"company", "company"},   {"公司", "company"},   {"tier", "tier"},
      {"等级", "tier"},  {"language", "language"}, {"语言", "language"},  {"note", "note"},
      {"备注", "note"},  {"tags", "tags"},         {"标签", "tags"},      {"id", "-"},
      {"blocked", "-"},  {"created_at", "-"},      {"last_seen_at", "-"},
  };
  if (heading.starts_with(kAttribute) && heading.size() > kAttribute.size()) return std::string(heading);
  const auto found = names.find(heading);
  return found == names.end() ? std::string{} : found->second;
}

std::vector<std::string> split_tags(std::string_view text) {
  std::vector<std::string> tags;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('|'), text.size());
    if (end > 0) tags.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return tags;
}

/// A row as it is to be applied.
struct Entry {
  std::size_t line = 0;
  ContactPatch patch;
  std::vector<Claim> claims;  ///< normalised; phone and e-mail too
};

struct Problem {
  std::string column;
  std::string message;
};

std::optional<Problem> read_entry(const CsvRow& row, const std::vector<std::string>& columns, std::string_view country,
                                  Entry& entry) {
  entry.line = row.line;
  if (row.cells.size() > columns.size()) {
    return Problem{"", fmt::format("{} cells, the first line has {}", row.cells.size(), columns.size())};
  }
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const std::string value(undefused(row.cells[i]));
    const std::string& column = columns[i];
    // An empty cell says nothing: what is known stays.
    if (value.empty() || column == "-") continue;
    if (!clean_text(value)) return Problem{column, "not valid UTF-8"};
    if (column == "phone" || column == "email" || column == "app_user" || column == "crm") {
      auto claim = normalised({column, value, false}, country);
      if (!claim) return Problem{column, claim.error().message};
      if (column == "phone") entry.patch.phone = claim->value;
      if (column == "email") entry.patch.email = claim->value;
      entry.claims.push_back(std::move(*claim));
    } else if (column == "name") {
      entry.patch.name = value;
    } else if (column == "company") {
      entry.patch.company = value;
    } else if (column == "tier") {
      entry.patch.tier = value;
    } else if (column == "language") {
      entry.patch.language = value;
    } else if (column == "note") {
      entry.patch.note = value;
    } else if (column == "tags") {
      entry.patch.tags = split_tags(value);
    } else {
      if (!entry.patch.attributes) entry.patch.attributes.emplace();
      (*entry.patch.attributes)[column.substr(kAttribute.size())] = value;
    }
  }
  if (auto ok = check(entry.patch, country); !ok) return Problem{"", ok.error().message};
  if (!entry.patch.name && entry.claims.empty())
    return Problem{"", "a row needs a name, phone, email, app_user or crm"};
  return std::nullopt;
}

/// By what a row is looked up.
const Claim* key_of(const Entry& entry, std::string_view update_by) {
  const auto find = [&](std::string_view which) -> const Claim* {
    for (const Claim& claim : entry.claims) {
      if (claim.kind == which) return &claim;
    }
    return nullptr;
  };
  if (!update_by.empty()) return find(update_by);
  for (const char* which : {kind::kCrm, kind::kAppUser, kind::kPhone, kind::kEmail}) {
    if (const Claim* claim = find(which)) return claim;
  }
  return nullptr;
}

/// One import while it runs.
class Import {
 public:
  Import(const Clock& clock, const Book& book, const ImportOptions& options)
      : clock_(clock), book_(book), options_(options) {
    report.dry_run = options.dry_run;
  }

  void refuse(std::size_t line, std::string column, std::string message) {
    if (report.errors.size() < kMostErrors) {
      report.errors.push_back({static_cast<std::int64_t>(line), std::move(column), std::move(message)});
    }
  }

  /// One row inside a write, or for a dry run inside a read.
  Result<void> take(Session& session, const Entry& entry) {
    Id known;
    const Claim* key = key_of(entry, options_.update_by);
    if (key) {
      auto found = book_.find(session, *key, false);
      if (!found) return found.error();
      if (found->size() > 1) {
        refuse(entry.line, key->kind, fmt::format("{} contacts have this; join them first", found->size()));
        return {};
      }
      if (found->size() == 1) known = found->front();
    }
    if (options_.dry_run) {
      const bool again = key && !file_keys_.insert(key->kind + key->value).second;
      ++(known || again ? report.updated : report.created);
      return {};
    }
    const Time now = clock_.now();
    const bool fresh = !known;
    if (fresh) {
      known = new_id();
      if (auto done = book_.add(session, known, entry.patch.name.value_or(""), !entry.patch.name, {}, now); !done) {
        return done;
      }
    }
    auto changed = book_.apply(session, known, entry.patch, now);
    if (!changed) return changed.error();
    for (const Claim& claim : entry.claims) {
      if (claim.kind == kind::kPhone || claim.kind == kind::kEmail) continue;
      auto put = book_.put_claim(session, known, claim, "import", false, now);
      if (!put) return put.error();
      *changed = *changed || *put;
    }
    ++(fresh ? report.created : *changed ? report.updated : report.unchanged);
    if (!fresh && *changed) touched.push_back(known);
    return {};
  }

  ImportReport report;
  std::vector<Id> touched;

 private:
  const Clock& clock_;
  const Book& book_;
  const ImportOptions& options_;
  std::set<std::string> file_keys_;
};

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "|") + part;
  return text;
}

}  // namespace

Result<ImportReport> import_contacts(Database& store, Bus& bus, const Clock& clock, const Book& book,
                                     std::string_view csv, const ImportOptions& options) {
  static const std::set<std::string, std::less<>> keys = {"", kind::kPhone, kind::kEmail, kind::kAppUser, kind::kCrm};
  if (!keys.contains(options.update_by)) {
    return Error{
        Errc::bad_value, "import.bad_key",
        fmt::format("update_by: expected phone, email, app_user or crm, got \"{}\"", utf8_head(options.update_by, 40))};
  }
  auto rows = parse_csv(csv);
  if (!rows) return rows.error();
  if (rows->empty())
    return Error{Errc::bad_value, "import.empty", "the file is empty; the first line names the columns"};
  if (rows->size() > kMostRows) {
    return Error{Errc::too_large, "import.too_large", fmt::format("at most {} rows at once", kMostRows)};
  }
  std::vector<std::string> columns;
  for (const std::string& heading : rows->front().cells) {
    columns.push_back(column_of(heading));
    if (columns.back().empty()) {
      return Error{Errc::bad_value, "import.bad_column",
                   fmt::format("there is no column \"{}\"; known are name, phone, email, app_user, crm, company, tier, "
                               "language, note, tags and attr:NAME",
                               utf8_head(heading, 60))};
    }
  }
  Import import(clock, book, options);
  std::vector<Entry> entries;
  for (std::size_t i = 1; i < rows->size(); ++i) {
    Entry entry;
    ++import.report.rows;
    if (auto problem = read_entry((*rows)[i], columns, book.default_country(), entry)) {
      import.refuse((*rows)[i].line, std::move(problem->column), std::move(problem->message));
    } else {
      entries.push_back(std::move(entry));
    }
  }
  for (std::size_t from = 0; from < entries.size(); from += kAtOnce) {
    const std::size_t to = std::min(from + kAtOnce, entries.size());
    const auto work = [&](Session& session) -> Result<void> {
      const ImportReport before = import.report;
      const std::size_t touched = import.touched.size();
      session.on_rollback([&import, before, touched] {
        import.report = before;
        import.touched.resize(touched);
      });
      for (std::size_t i = from; i < to; ++i) {
        if (auto done = import.take(session, entries[i]); !done) return done;
      }
      return {};
    };
    auto done = options.dry_run ? store.read([&](Session& session) -> Result<void> {
      for (std::size_t i = from; i < to; ++i) {
        if (auto one = import.take(session, entries[i]); !one) return one;
      }
      return {};
    })
                                : store.write_and_wait(work);
    if (!done) return done.error();
  }
  for (const Id id : import.touched) {
    (void)store.read([&](Session& session) -> Result<void> {
      auto view = book.read(session, id);
      if (!view) return view.error();
      (void)bus.publish(contract::ContactChanged{view->id, view->name, view->tier, view->blocked});
      return {};
    });
  }
  return std::move(import.report);
}

std::string export_csv(const std::vector<ContactView>& contacts) {
  std::set<std::string> attributes;
  for (const ContactView& c : contacts) {
    for (const auto& [name, value] : c.attributes) attributes.insert(name);
  }
  std::string out = "\xEF\xBB\xBFid,name,phone,email,company,tier,language,tags,note,blocked,created_at,last_seen_at";
  for (const std::string& name : attributes) {
    out += ',';
    append_cell(out, std::string(kAttribute) + name);
  }
  out += "\r\n";
  for (const ContactView& c : contacts) {
    bool first = true;
    const auto cell = [&](std::string_view text) {
      if (!std::exchange(first, false)) out += ',';
      append_cell(out, text);
    };
    for (const std::string& text :
         {c.id.str(), c.name, c.phone, c.email, c.company, c.tier, c.language, joined(c.tags), c.note,
          std::string(c.blocked ? "1" : "0"), to_iso8601(c.created_at), to_iso8601(c.last_seen_at)}) {
      cell(text);
    }
    for (const std::string& name : attributes) {
      const auto found = c.attributes.find(name);
      cell(found == c.attributes.end() ? std::string_view{} : std::string_view(found->second));
    }
    out += "\r\n";
  }
  return out;
}

void add_transfer_routes(Http& http, Database& store, Bus& bus, const Clock& clock, const Book& book,
                         const Catalogue& catalogue, const Guard& guard, Audit& audit) {
  const Access managers = Access::needs(permission::kContactsManage);
  Route import = contact_route("POST", "/api/v1/contacts/import", "Takes contacts from a CSV file", managers);
  import.max_body = 32u << 20;
  http.raw(std::move(import), [&](std::shared_ptr<const HttpRequest> request, const HttpReply& reply) {
    ImportOptions options;
    options.dry_run = request->query_value("dry_run") == "true" || request->query_value("dry_run") == "1";
    options.update_by = std::string(request->query_value("update_by"));
    auto report = import_contacts(store, bus, clock, book, request->body, options);
    if (!report) return reply(HttpResponse::problem(report.error()));
    if (!options.dry_run) {
      auto noted = audit.record_and_wait(AuditEntry::by(
          *request, "contact.import", "contacts",
          fmt::format("{} rows: {} created, {} updated", report->rows, report->created, report->updated)));
      if (!noted) return reply(HttpResponse::problem(noted.error()));
    }
    HttpResponse response;
    response.body = to_json(*report);
    reply(std::move(response));
  });

  Route out = contact_route("GET", "/api/v1/contacts/export.csv", "The contacts that one may see, unmasked", managers);
  http.raw(std::move(out), [&](std::shared_ptr<const HttpRequest> request, const HttpReply& reply) {
    Lister list = [&](Session& session, Id after, int limit) { return catalogue.search(session, {}, after, limit); };
    if (const std::string_view text = request->query_value("segment"); !text.empty()) {
      auto id = parse_id(text);
      if (!id) return reply(HttpResponse::problem(id.error()));
      SegmentFilter filter;
      auto read = store.read([&](Session& session) -> Result<void> {
        auto segment = catalogue.segment(session, *id);
        if (!segment) return segment.error();
        filter = std::move(segment->filter);
        return {};
      });
      if (!read) return reply(HttpResponse::problem(read.error()));
      list = [&catalogue, filter](Session& session, Id after, int limit) {
        return catalogue.in_segment(session, filter, after, limit);
      };
    }
    std::vector<ContactView> contacts;
    Id after;
    for (bool more = true; more && contacts.size() < kMostExported;) {
      auto page = visible_page(store, &Database::read_report, book, guard, request->principal, list, after, 1000);
      if (!page) return reply(HttpResponse::problem(page.error()));
      std::move(page->contacts.begin(), page->contacts.end(), std::back_inserter(contacts));
      after = page->after;
      more = page->more;
    }
    auto noted = audit.record_and_wait(
        AuditEntry::by(*request, "contact.export_csv", "contacts", fmt::format("{} contacts", contacts.size())));
    if (!noted) return reply(HttpResponse::problem(noted.error()));
    HttpResponse response;
    response.content_type = "text/csv; charset=utf-8";
    response.headers.emplace_back("Content-Disposition", "attachment; filename=\"contacts.csv\"");
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = export_csv(contacts);
    reply(std::move(response));
  });
}

}  // namespace qiao::contacts
