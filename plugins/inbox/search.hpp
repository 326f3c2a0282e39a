#pragma once

#include <functional>
#include <string>
#include <vector>

#include "plugins/inbox/conversation_table.hpp"
#include "plugins/inbox/search_index.hpp"

namespace qiao::inbox {

/// Where the words stand in a snippet, in UTF-16 units as browsers count.
struct SearchMark {
  std::int32_t from = 0;
  std::int32_t to = 0;
};
QIAO_FIELDS(SearchMark, from, to)

/// A message that was found.
struct SearchHit {
  Id conversation;
  Id message;
  std::int64_t seq = 0;
  Author author = Author::customer;
  bool note = false;
  std::string snippet;
  std::vector<SearchMark> marks;
  Time at;
};
QIAO_FIELDS(SearchHit, conversation, message, seq, author, note, snippet, marks, at)

/// The part of a text around its first range, about 100 characters, and where the ranges are in it. Pure.
void cut_snippet(std::string_view text, const std::vector<SearchWords::Range>& ranges, SearchHit& hit);

/// Finds messages by their words, newest first: the newest ones by reading them, because the index may not have them
/// yet, the rest by the index. Every hit was read and matched, so the index may lie and nothing wrong is shown.
///
/// On threads that may wait.
class Search {
 public:
  struct Asked {
    std::string words;
    Id before;  ///< message; none: from the newest
    Time since;
    Time until;
    std::size_t limit = 50;  ///< conversations
    std::function<bool(const ConversationView&)> accepts;
  };
  struct Found {
    std::vector<ConversationView> conversations;  ///< each once, by the newest hit
    std::vector<SearchHit> hits;                  ///< one for each of them
    Id cursor;                                    ///< `before` of the next page; none: that was all
  };

  Search(Database& store, ConversationTable& table, const SearchIndex& index)
      : store_(store), table_(table), index_(index) {}

  [[nodiscard]] Result<Found> run(const Asked& asked) const;

 private:
  struct Walk;
  Result<void> scan(Session& session, Walk& walk, Id floor) const;
  Result<void> look_up(Session& session, Walk& walk) const;
  Result<void> take(Session& session, Walk& walk, const Rows& row) const;

  Database& store_;
  ConversationTable& table_;
  const SearchIndex& index_;
};

}  // namespace qiao::inbox
