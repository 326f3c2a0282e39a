#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/inbox/directory.hpp"
#include "plugins/inbox/ledger.hpp"
#include "plugins/inbox/queue.hpp"
#include "plugins/inbox/settings.hpp"
#include "plugins/inbox/state_machine.hpp"
#include "qiao/contract/routing.hpp"
#include "qiao/log.hpp"

namespace qiao::inbox {

/// Brings queued conversations to people: asks routing, one question at a time so that each one sees the loads that the
/// one before left, records the answer, and tells those who wait when their place has changed.
///
/// The board and the loads follow the commits (`moved`, any thread) under one mutex, which is never held across a call;
/// the questions are asked from a lane of its own that takes one thread.
class Desk {
 public:
  using Routed = std::function<void(ConversationView)>;

  Desk(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics, ConversationTable& table,
       Ledger& ledger, Directory& directory, const Settings& settings);

  /// Reads who waits and who serves whom. In start, before anything can change it.
  Result<void> rebuild();

  /// The same while everything runs: corrects what another generation of this plugin changed while it finished. `then`
  /// runs on the desk lane once that is done, unless the database failed.
  void resync(std::function<void()> then);

  void moved(const ConversationPtr& conversation, const Status& before, const Status& after);
  /// Calls back once the question for this conversation that is under way has been settled; at once when there is none.
  void when_routed(const ConversationPtr& conversation, Routed routed);
  /// Somebody may be free: asks again for the heads of all queues.
  void try_heads();
  /// The same for all that nobody has placed yet. From time to time, for what was missed.
  void sweep();

 private:
  struct Question {
    ConversationPtr conversation;
    bool head = false;       ///< asked because somebody became free
    std::string group;       ///< of a head
    std::int32_t ahead = 0;  ///< as it was asked
  };

  void kick();
  void step();
  [[nodiscard]] bool next(Question& question);
  void ask(Question question);
  void decided(const Question& question, const Result<contract::RouteDecision>& decision);
  void settle(const ConversationPtr& conversation);
  void tell_places();
  void put_locked(const ConversationPtr& conversation, const Status& status);

  Database& store_;
  Bus& bus_;
  const Clock& clock_;
  Logger& log_;
  ConversationTable& table_;
  Ledger& ledger_;
  Directory& directory_;
  const Settings& settings_;
  Gauge& waiting_;
  Counter& handovers_;

  bool asking_ = false;  // of the desk's lane

  std::mutex mutex_;
  QueueBoard board_;
  AgentLoads loads_;
  std::unordered_map<Id, ConversationPtr> queued_;  ///< keeps them in memory
  std::deque<ConversationPtr> unplaced_;            ///< nobody has said yet where they go
  std::set<std::string> heads_;                     ///< queues whose head may find somebody
  std::set<Id> open_questions_;                     ///< being asked, or the answer is being written
  std::unordered_map<Id, std::vector<Routed>> listeners_;
  bool places_scheduled_ = false;
};

}  // namespace qiao::inbox
