#pragma once

#include "plugins/inbox/bot_turn.hpp"
#include "plugins/inbox/contacts.hpp"
#include "plugins/inbox/ledger.hpp"
#include "plugins/inbox/settings.hpp"

namespace qiao::inbox {

/// Takes messages in: what customers wrote, and what agents, the bot and the hub write. Answers once the message is
/// synced to disk. Any thread; waits for nothing.
class Acceptance {
 public:
  using Answer = std::function<void(Result<Accepted>)>;

  Acceptance(ConversationTable& table, Ledger& ledger, BotTurns& bot, Contacts& contacts, const Settings& settings,
             Metrics& metrics, const Clock& clock);

  void accept(const contract::AcceptMessage& message, Id trace, Answer answer);
  void record(const contract::RecordEvent& event, Id trace, Answer answer);
  void write(const contract::WriteMessage& message, Id trace, Answer answer);

 private:
  struct Incoming;
  void take(std::shared_ptr<Incoming> incoming);
  void put(const ConversationPtr& conversation, std::shared_ptr<Incoming> incoming);

  ConversationTable& table_;
  Ledger& ledger_;
  BotTurns& bot_;
  Contacts& contacts_;
  const Settings& settings_;
  const Clock& clock_;
  Histogram& seconds_;
};

}  // namespace qiao::inbox
