#pragma once

#include "plugins/inbox/actions.hpp"
#include "plugins/inbox/search.hpp"
#include "qiao/http.hpp"

namespace qiao::inbox {

/// The routes that agents use, as docs/reference/chat-protocol.md lists them. What an agent may not see does not exist
/// for them: 404.
class Rest {
 public:
  Rest(Database& store, ConversationTable& table, Activity& activity, Actions& actions, const Search& search);

  void add_routes(Http& http);

 private:
  struct Listing;
  [[nodiscard]] Result<ConversationPtr> visible(Id id, const Principal& who);
  Result<void> read_listing(Listing& listing);
  Result<void> add_found(Listing& listing);
  Result<void> read_counts(Listing& listing);
  void add_recent(Listing& listing);

  Database& store_;
  ConversationTable& table_;
  Activity& activity_;
  Actions& actions_;
  const Search& search_;
};

}  // namespace qiao::inbox
