#pragma once

#include <deque>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "plugins/inbox/ledger.hpp"
#include "plugins/inbox/settings.hpp"
#include "plugins/inbox/state_machine.hpp"
#include "qiao/contract/bot.hpp"
#include "qiao/log.hpp"

namespace qiao::inbox {

/// The customer's messages that the bot owes an answer, oldest first, seen from the end of a transcript. Pure.
[[nodiscard]] std::vector<std::int64_t> unanswered(const std::vector<MessageView>& latest);

/// Asks the bot for each message of a customer who is with it, one question at a time in a conversation, and writes
/// what it says under "bot:<seq>", so that a repeated question cannot answer twice. What the bot cannot do goes to the
/// queue.
///
/// Any thread; the mutex is never held across a call.
class BotTurns {
 public:
  BotTurns(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics, ConversationTable& table,
           Ledger& ledger, const Settings& settings);

  /// A message of a customer who is with the bot was stored.
  void wrote(const ConversationPtr& conversation, std::int64_t seq, Id trace);
  /// Takes up what was not answered: all of it after a start, later only what somebody else lost. Reads the database.
  void resume(bool after_start);

 private:
  struct Turn {
    std::int64_t seq = 0;
    Id trace;
  };
  struct Line {
    ConversationPtr conversation;
    std::deque<Turn> turns;  ///< the first one is being asked
  };

  void begin(Id conversation);
  void ask(const ConversationPtr& conversation, Turn turn);
  void answered(const ConversationPtr& conversation, Turn turn, Result<contract::BotAnswer> answer);
  void finish(Id conversation, bool still_with_bot);

  Database& store_;
  Bus& bus_;
  const Clock& clock_;
  Logger& log_;
  ConversationTable& table_;
  Ledger& ledger_;
  const Settings& settings_;
  Counter& answers_;
  Counter& handoffs_;

  std::mutex mutex_;
  std::unordered_map<Id, Line> lines_;
};

}  // namespace qiao::inbox
