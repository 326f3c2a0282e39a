#include "plugins/inbox/search.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "plugins/inbox/records.hpp"
#include "qiao/sql.hpp"

namespace qiao::inbox {
namespace {

/// A page ends here even when it is not full, so that a word that is everywhere, or in nothing that this agent may see,
/// costs a bounded time; the cursor goes on from there.
constexpr std::size_t kMostRead = 20'000;
constexpr std::size_t kMostLookedUp = 4'000;
constexpr std::int64_t kPage = 500;
constexpr std::size_t kLookedUp = 100;

constexpr std::size_t kBefore = 60;  // bytes
constexpr std::size_t kSnippet = 300;

bool inside_character(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0u) == 0x80;
}

std::int32_t utf16_units(std::string_view text) {
  std::int32_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0u) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

const std::string& looked_up_sql() {
  static const std::string sql =
      "SELECT id, conversation, seq, author, note, body, written_at FROM inbox_message WHERE id IN (" +
      placeholders(kLookedUp) + ") ORDER BY id DESC";
  return sql;
}

}  // namespace

void cut_snippet(std::string_view text, const std::vector<SearchWords::Range>& ranges, SearchHit& hit) {
  if (ranges.empty()) return;
  std::size_t from = ranges.front().from > kBefore ? ranges.front().from - kBefore : 0;
  while (inside_character(text, from)) ++from;
  std::size_t to = std::min(from + kSnippet, text.size());
  while (inside_character(text, to)) --to;
  hit.snippet = from > 0 ? "…" : "";
  const std::int32_t shift = from > 0 ? 1 : 0;
  for (const SearchWords::Range& range : ranges) {
    if (range.to > to) break;
    const std::int32_t begin = shift + utf16_units(text.substr(from, range.from - from));
    hit.marks.push_back({begin, begin + utf16_units(text.substr(range.from, range.to - range.from))});
  }
  hit.snippet += text.substr(from, to - from);
  if (to < text.size()) hit.snippet += "…";
}

struct Search::Walk {
  const Asked& asked;
  SearchWords words;
  Id below;
  std::size_t read = 0;
  bool ended = false;                                   ///< nothing older can match
  std::map<Id, std::optional<ConversationView>> views;  ///< empty: not for this one
  std::map<Id, bool> shown;
  Found found;

  [[nodiscard]] bool full() const { return found.conversations.size() >= asked.limit; }
};

Result<Search::Found> Search::run(const Asked& asked) const {
  Walk walk{asked,
            SearchWords(asked.words),
            asked.before ? asked.before : Id{std::numeric_limits<std::int64_t>::max()},
            0,
            false,
            {},
            {},
            {}};
  if (walk.words.empty()) return std::move(walk.found);
  auto done = store_.read([&](Session& session) -> Result<void> {
    auto position = index_.index().position(session);
    if (!position) return position.error();
    const bool by_index = !walk.words.terms().empty();
    if (auto read = scan(session, walk, by_index ? *position : Id{}); !read) return read;
    if (walk.full() || walk.read >= kMostRead || !by_index) return {};
    walk.below = std::min(walk.below, Id{position->value + 1});
    walk.ended = false;
    walk.read = 0;
    return look_up(session, walk);
  });
  if (!done) return done.error();
  if (!walk.ended) walk.found.cursor = walk.below;
  return std::move(walk.found);
}

/// Reads messages from `walk.below` down to, and without, `floor`.
Result<void> Search::scan(Session& session, Walk& walk, Id floor) const {
  while (!walk.ended && !walk.full() && walk.read < kMostRead) {
    auto rows = session.query(
        "SELECT id, conversation, seq, author, note, body, written_at FROM inbox_message WHERE id < ? AND id > ? "
        "ORDER BY id DESC LIMIT ?",
        walk.below, floor.value, kPage);
    std::int64_t count = 0;
    while (!walk.ended && !walk.full() && rows->next()) {
      ++count;
      if (auto taken = take(session, walk, *rows); !taken) return taken;
    }
    if (auto status = rows->status(); !status) return status;
    if (!walk.full() && count < kPage) walk.ended = true;
  }
  return {};
}

Result<void> Search::look_up(Session& session, Walk& walk) const {
  while (!walk.ended && !walk.full() && walk.read < kMostLookedUp) {
    auto ids = index_.index().search(session, walk.words.terms(), walk.below, kLookedUp);
    if (!ids) return ids.error();
    const bool last = ids->size() < kLookedUp;
    std::vector<SqlArg> args;
    for (const Id id : *ids) args.emplace_back(id.value);
    args.resize(kLookedUp, SqlArg(0));
    auto rows = session.select(looked_up_sql(), args);
    while (!walk.ended && !walk.full() && rows->next()) {
      if (auto taken = take(session, walk, *rows); !taken) return taken;
    }
    if (auto status = rows->status(); !status) return status;
    if (walk.full()) return {};
    // Rows that are gone since they were indexed are not among those that were read.
    if (!ids->empty()) walk.below = ids->back();
    if (last) walk.ended = true;
  }
  return {};
}

Result<void> Search::take(Session& session, Walk& walk, const Rows& row) const {
  ++walk.read;
  const Asked& asked = walk.asked;
  walk.below = row.id(0);
  const Id conversation = row.id(1);
  const Time at = row.time(6);
  // Messages carry the time at which their channel got them, which may be a little before they were stored.
  if (!never(asked.since) && at + std::chrono::hours(24) < asked.since) walk.ended = true;
  if (static_cast<Author>(row.integer(3)) == Author::system || walk.shown.contains(conversation)) return {};
  if (!never(asked.since) && at < asked.since) return {};
  if (!never(asked.until) && at >= asked.until) return {};
  const auto known = walk.views.find(conversation);
  if (known != walk.views.end() && !known->second) return {};

  const auto text = index_.records().open_body(session, walk.below, row.text(5));
  if (!text) return {};  // erased with its key
  const auto ranges = walk.words.find(*text);
  if (ranges.empty()) return {};

  SearchHit hit{conversation, walk.below, row.integer(2), static_cast<Author>(row.integer(3)), row.integer(4) != 0, {},
                {},           at};
  cut_snippet(*text, ranges, hit);
  auto& view = walk.views[conversation];
  if (const ConversationPtr newer = table_.peek(conversation)) {
    view = newer->view();
  } else {
    auto loaded = index_.records().conversation(session, conversation);
    if (!loaded) return loaded.error();
    if (*loaded) view = records::to_view(**loaded);
  }
  if (view && !asked.accepts(*view)) view.reset();
  if (!view) return {};
  walk.shown.emplace(conversation, true);
  walk.found.conversations.push_back(std::move(*view));
  walk.found.hits.push_back(std::move(hit));
  return {};
}

}  // namespace qiao::inbox
