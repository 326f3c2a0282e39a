#include "plugins/inbox/rest.hpp"

#include <set>

#include "plugins/inbox/records.hpp"
#include "plugins/inbox/text.hpp"
#include "qiao/contract/access.hpp"
#include "qiao/sql.hpp"

namespace qiao::inbox {
namespace {

using contract::may_see;
namespace permission = contract::permission;

constexpr std::int32_t kMostRows = 200;
/// Names are sealed: a search opens those of so many conversations, the latest of the list.
constexpr std::int32_t kNamesRead = 2000;

}  // namespace

struct ListQuery {
  std::string view = "mine";
  std::string group;
  std::string channel;
  Id agent;
  std::string search;
  Time since;  ///< of the messages that a search finds
  Time until;
  Time before;
  Id cursor;  ///< of the page of a search before
  std::int32_t limit = 50;
};
QIAO_FIELDS(ListQuery, view, group, channel, agent, search, since, until, before, cursor, limit)

struct Counts {
  std::int64_t mine = 0;
  std::int64_t queue = 0;
  std::int64_t bot = 0;
  std::int64_t all = 0;
};
QIAO_FIELDS(Counts, mine, queue, bot, all)

struct ConversationPage {
  std::vector<ConversationView> conversations;
  bool more = false;
  Counts counts;
  std::vector<SearchHit> hits;  ///< of a search: the newest message that matches, of each conversation that has one
  Id cursor;                    ///< of a search: for the next page
};
QIAO_FIELDS(ConversationPage, conversations, more, counts, hits, cursor)

struct ById {
  Id id;
};
QIAO_FIELDS(ById, id)

struct TransferBody {
  Id id;
  Id to_agent;
  std::string to_group;
  std::string note;
};
QIAO_FIELDS(TransferBody, id, to_agent, to_group, note)

namespace {

/// A condition of a query with the values for its `?`. Texts are borrowed from the listing.
struct Where {
  std::string sql;
  std::vector<SqlArg> args;

  void also(std::string_view condition, std::initializer_list<SqlArg> values = {}) {
    sql += sql.empty() ? " WHERE " : " AND ";
    sql += condition;
    args.insert(args.end(), values.begin(), values.end());
  }
};

std::vector<std::string> groups_of(const Principal& who) {
  std::vector<std::string> groups;
  for (const std::string& permission : who.permissions) {
    if (permission.starts_with("group:")) groups.push_back(permission.substr(6));
  }
  return groups;
}

/// may_see as SQL.
void only_visible(Where& where, const Principal& who, const std::vector<std::string>& groups) {
  if (who.may(permission::kConversationsAll)) return;
  std::string any = "(c.state = 0 OR c.agent = ?";
  where.args.emplace_back(who.id);
  if (!groups.empty()) any += " OR c.group_key IN (" + placeholders(groups.size()) + ")";
  any += ")";
  where.sql += where.sql.empty() ? " WHERE " : " AND ";
  where.sql += any;
  for (const std::string& group : groups) where.args.emplace_back(group);
}

bool in_view(const ConversationView& c, std::string_view view, const Principal& who) {
  if (view == "mine") return c.agent == who.id && with_person(c.state);
  if (view == "queue") return c.state == ConversationState::queued;
  if (view == "bot") return c.state == ConversationState::bot;
  if (view == "resolved") return c.state == ConversationState::resolved;
  if (view == "any") return true;
  return c.state != ConversationState::resolved;
}

Result<void> add_view(Where& where, std::string_view view, const Principal& who) {
  if (view == "mine") return where.also("c.agent = ? AND c.state IN (2, 3)", {who.id}), Result<void>{};
  if (view == "queue") return where.also("c.state = 1"), Result<void>{};
  if (view == "bot") return where.also("c.state = 0"), Result<void>{};
  if (view == "all") return where.also("c.state IN (0, 1, 2, 3)"), Result<void>{};
  if (view == "resolved") return where.also("c.state = 4"), Result<void>{};
  if (view == "any") return {};
  return Error{Errc::bad_value, "view.unknown",
               fmt::format("view: expected mine, queue, bot, all, resolved or any, got \"{}\"", view)};
}

/// Whether a conversation belongs to the list that was asked for, and is one that this agent may see.
bool wanted(const ConversationView& c, const ListQuery& query, const Principal& who) {
  return in_view(c, query.view, who) && may_see(who, c) && (query.group.empty() || c.group == query.group) &&
         (query.channel.empty() || c.channel == query.channel) && (!query.agent || c.agent == query.agent);
}

Error no_conversation(Id id) {
  return Error{Errc::not_found, "conversation.not_found", fmt::format("there is no conversation {}", id.value)};
}

}  // namespace

struct Rest::Listing {
  const ListQuery& query;
  const Principal& who;
  std::vector<std::string> groups;
  std::map<Id, ConversationView> found;
  ConversationPage page;
};

Rest::Rest(Database& store, ConversationTable& table, Activity& activity, Actions& actions, const Search& search)
    : store_(store), table_(table), activity_(activity), actions_(actions), search_(search) {}

Result<ConversationPtr> Rest::visible(Id id, const Principal& who) {
  auto conversation = table_.fetch(id);
  if (!conversation) return conversation;
  if (!may_see(who, (*conversation)->view())) return no_conversation(id);
  return conversation;
}

Result<void> Rest::read_listing(Listing& l) {
  Where where;
  if (auto ok = add_view(where, l.query.view, l.who); !ok) return ok;
  if (!l.query.group.empty()) where.also("c.group_key = ?", {l.query.group});
  if (!l.query.channel.empty()) where.also("c.channel = ?", {l.query.channel});
  if (l.query.agent) where.also("c.agent = ?", {l.query.agent});
  if (!never(l.query.before)) where.also("c.changed_at < ?", {l.query.before});
  only_visible(where, l.who, l.groups);
  const SearchWords words(l.query.search);
  const bool searched = !l.query.search.empty();
  where.args.emplace_back(searched ? kNamesRead : l.query.limit + 1);
  return store_.read([&](Session& session) -> Result<void> {
    auto rows =
        session.select(fmt::format("SELECT {} FROM inbox_conversation c JOIN inbox_contact k ON k.id = c.contact{} "
                                   "ORDER BY c.changed_at DESC LIMIT ?",
                                   records::kConversationColumns, where.sql),
                       where.args);
    const Records& records = table_.records();
    while (l.found.size() <= static_cast<std::size_t>(l.query.limit) && rows->next()) {
      if (searched) {
        auto name = records.open_name(session, rows->id(1), rows->text(records::kNameColumn));
        if (!name) return name.error();
        if (words.find(*name).empty()) continue;
      }
      auto row = records.read_conversation(session, *rows);
      if (!row) return row.error();
      ConversationView view = records::to_view(*row);
      l.found.emplace(view.id, std::move(view));
    }
    return rows->status();
  });
}

void Rest::add_recent(Listing& l) {
  const SearchWords words(l.query.search);
  // What is in memory is newer than its row; what changed in the last seconds may not be in the rows at all.
  std::vector<ConversationPtr> newer = activity_.recent();
  for (const auto& [id, view] : l.found) {
    if (ConversationPtr conversation = table_.peek(id)) newer.push_back(std::move(conversation));
  }
  for (const ConversationPtr& conversation : newer) {
    if (!conversation->stored() || conversation->erased) continue;
    ConversationView view = conversation->view();
    const bool was_found = l.found.erase(view.id) > 0;
    const bool matches = was_found || l.query.search.empty() || !words.find(view.contact_name).empty();
    if (!matches || !wanted(view, l.query, l.who)) continue;
    if (!never(l.query.before) && view.changed_at >= l.query.before) continue;
    l.found.emplace(view.id, std::move(view));
  }
  std::vector<ConversationView>& list = l.page.conversations;
  for (auto& [id, view] : l.found) list.push_back(std::move(view));
  std::sort(list.begin(), list.end(), [](const ConversationView& a, const ConversationView& b) {
    return std::pair(b.changed_at, b.id) < std::pair(a.changed_at, a.id);
  });
  auto cut = static_cast<std::size_t>(l.query.limit);
  // The cursor is a time, so those of the same millisecond stay on one page.
  while (cut < list.size() && list[cut].changed_at == list[cut - 1].changed_at) ++cut;
  l.page.more = list.size() > cut;
  if (l.page.more) list.resize(cut);
}

/// Behind the customers whose names match: what was written, newest first.
Result<void> Rest::add_found(Listing& l) {
  Search::Asked asked{l.query.search,
                      l.query.cursor,
                      l.query.since,
                      l.query.until,
                      static_cast<std::size_t>(l.query.limit),
                      [&l](const ConversationView& view) { return wanted(view, l.query, l.who); }};
  auto found = search_.run(asked);
  if (!found) return found.error();
  std::set<Id> listed;
  for (const ConversationView& view : l.page.conversations) listed.insert(view.id);
  for (ConversationView& view : found->conversations) {
    if (listed.insert(view.id).second) l.page.conversations.push_back(std::move(view));
  }
  l.page.hits = std::move(found->hits);
  l.page.cursor = found->cursor;
  l.page.more = !found->cursor.empty();
  return {};
}

Result<void> Rest::read_counts(Listing& l) {
  const std::pair<const char*, std::int64_t*> counted[] = {{"mine", &l.page.counts.mine},
                                                           {"queue", &l.page.counts.queue},
                                                           {"bot", &l.page.counts.bot},
                                                           {"all", &l.page.counts.all}};
  return store_.read([&](Session& session) -> Result<void> {
    for (const auto& [view, number] : counted) {
      Where where;
      if (auto ok = add_view(where, view, l.who); !ok) return ok;
      only_visible(where, l.who, l.groups);
      auto rows = session.select("SELECT COUNT(*) FROM inbox_conversation c" + where.sql, where.args);
      if (rows->next()) *number = rows->integer(0);
      if (auto status = rows->status(); !status) return status;
    }
    return {};
  });
}

void Rest::add_routes(Http& http) {
  const Access agents = Access::needs(permission::kConversations);
  const auto route = [&](const char* method, const char* path, const char* summary) {
    return Route{.method = method, .path = path, .access = agents, .summary = summary, .tag = "conversations"};
  };
  using ViewReply = std::function<void(Result<ConversationView>)>;

  http.route<ListQuery, ConversationPage>(
      route("GET", "/api/v1/conversations",
            "The conversations of a view, newest change first; or those in which words or a name were found"),
      [this](const ListQuery& query, const HttpRequest& request) -> Result<ConversationPage> {
        ListQuery asked = query;
        asked.limit = std::clamp(query.limit, 1, kMostRows);
        if (asked.search.size() > 200) return Error{Errc::bad_value, "search: at most 200 bytes"};
        Listing listing{asked, request.principal, groups_of(request.principal), {}, {}};
        // Names have no times; further pages are of messages only.
        if (asked.search.empty() || (never(asked.since) && never(asked.until) && !asked.cursor)) {
          if (auto done = read_listing(listing); !done) return done.error();
          add_recent(listing);
        }
        if (!asked.search.empty()) {
          if (auto done = add_found(listing); !done) return done.error();
        }
        if (auto done = read_counts(listing); !done) return done.error();
        return std::move(listing.page);
      });

  http.route<ById, ConversationView>(route("GET", "/api/v1/conversations/{id}", "One conversation"),
                                     [this](const ById& in, const HttpRequest& request) -> Result<ConversationView> {
                                       auto conversation = visible(in.id, request.principal);
                                       if (!conversation) return conversation.error();
                                       return (*conversation)->view();
                                     });

  http.route_async<ById, ConversationView>(
      route("POST", "/api/v1/conversations/{id}/take", "Makes the conversation one's own"),
      [this](const ById& in, const HttpRequest& request, ViewReply reply) {
        const Principal& who = request.principal;
        if (auto seen = visible(in.id, who); !seen) return reply(seen.error());
        actions_.transfer({in.id, who.id, {}, {}, who.id, who.name}, request.request_id, std::move(reply));
      });

  http.route_async<TransferBody, ConversationView>(
      route("POST", "/api/v1/conversations/{id}/transfer",
            "Gives the conversation to a colleague or to a group's queue"),
      [this](const TransferBody& in, const HttpRequest& request, ViewReply reply) {
        const Principal& who = request.principal;
        if (auto seen = visible(in.id, who); !seen) return reply(seen.error());
        actions_.transfer({in.id, in.to_agent, in.to_group, in.note, who.id, who.name}, request.request_id,
                          std::move(reply));
      });

  http.route_async<ById, ConversationView>(
      route("POST", "/api/v1/conversations/{id}/resolve", "Ends the conversation; the customer may rate it"),
      [this](const ById& in, const HttpRequest& request, ViewReply reply) {
        const Principal& who = request.principal;
        if (auto seen = visible(in.id, who); !seen) return reply(seen.error());
        actions_.resolve({in.id, who.id, who.name}, request.request_id, std::move(reply));
      });
}

}  // namespace qiao::inbox
