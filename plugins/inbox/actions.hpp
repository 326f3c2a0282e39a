#pragma once

#include "plugins/inbox/activity.hpp"
#include "plugins/inbox/desk.hpp"
#include "plugins/inbox/directory.hpp"
#include "plugins/inbox/ledger.hpp"
#include "plugins/inbox/settings.hpp"

namespace qiao::inbox {

/// What people do with a conversation besides writing. Any thread; answers come later, on whichever thread knows.
class Actions {
 public:
  template <class R>
  using Answer = std::function<void(Result<R>)>;
  using View = Answer<ConversationView>;
  using Done = Answer<contract::Done>;

  Actions(Bus& bus, ConversationTable& table, Ledger& ledger, Desk& desk, Directory& directory, Activity& activity,
          const Settings& settings);

  void get(const contract::GetConversation& question, View answer);
  void hand_off(const contract::Handoff& handoff, Id trace, View answer);
  void transfer(const contract::Transfer& transfer, Id trace, View answer);
  void resolve(const contract::Resolve& resolve, Id trace, View answer);
  void rate(const contract::Rate& rate, Id trace, Done answer);
  void mark_read(const contract::MarkRead& mark, Done answer);

 private:
  void with(Id id, ConversationTable::Found found);
  void hand_over(Id conversation, Handover handover, Id trace, View answer);

  Bus& bus_;
  ConversationTable& table_;
  Ledger& ledger_;
  Desk& desk_;
  Directory& directory_;
  Activity& activity_;
  const Settings& settings_;
};

}  // namespace qiao::inbox
