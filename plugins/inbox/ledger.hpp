#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "plugins/inbox/conversation_table.hpp"
#include "plugins/inbox/model.hpp"
#include "qiao/bus.hpp"
#include "qiao/metrics.hpp"
#include "qiao/store.hpp"

namespace qiao::inbox {

class Activity;

/// The id of the error when the contact of a new conversation exists by now; what memory said about them is dropped,
/// and the same message accepted again goes to the right one.
inline constexpr const char* kIdentityTaken = "inbox.identity_taken";

/// What a change came to.
struct Outcome {
  ConversationPtr conversation;
  Accepted accepted;  ///< of the first message, when there was one
  StatusPtr status;   ///< after it
};

/// Changes conversations: one change is one write, whose step runs in the order of the writes of that conversation, and
/// everybody is told after the synced commit.
///
/// `change` may be called from any thread and never waits. `step` runs on the writer's thread, may run more than once
/// and touches nothing but its draft. `finished` runs once, after the events are out, on the writer's thread: it must
/// be short.
class Ledger {
 public:
  using Step = std::function<Result<void>(Draft&, Time now)>;
  using Finished = std::function<void(Result<Outcome>)>;
  /// Told of each commit in which state, group, agent or rank changed, before the events go out.
  using Moved = std::function<void(const ConversationPtr&, const Status& before, const Status& after)>;

  Ledger(Database& store, Bus& bus, const Clock& clock, Metrics& metrics, ConversationTable& table, Activity& activity);

  [[nodiscard]] const Records& records() const noexcept { return table_.records(); }
  void on_moved(Moved moved) { moved_ = std::move(moved); }
  void change(ConversationPtr conversation, Id trace, Step step, Finished finished);

  /// Reads the conversation again behind all its writes, because another generation of this plugin may have written it,
  /// and tells `moved`.
  void refresh(ConversationPtr conversation);

  /// A write of another kind that `drain` waits for.
  void write(std::uint64_t partition, Database::Work work, Database::Done done, Priority priority = Priority::service);
  /// Waits until nothing is under way; false when the deadline came first.
  bool wait_idle(SteadyTime deadline);

 private:
  struct Job;
  Result<void> run(Job& job, Session& session);
  Result<void> check_row(Job& job, Draft& draft, Session& session);
  Result<void> store_messages(Job& job, Draft& draft, Session& session, Time now);
  Result<void> find_duplicate(Job& job, const std::vector<NewMessage>& messages, Session& session);
  Result<void> store_row(Job& job, const Draft& draft, Session& session, Time now);
  Result<void> reload(Conversation& conversation, Session& session);
  Result<void> reread(Job& job, Session& session);
  void done(Job& job, Result<void> result);
  void tell(Job& job);
  void begin();
  void end();

  Database& store_;
  Bus& bus_;
  const Clock& clock_;
  ConversationTable& table_;
  Activity& activity_;
  Moved moved_;
  std::array<Counter*, 4> stored_;  ///< by author
  Counter& duplicates_;

  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t under_way_ = 0;
};

}  // namespace qiao::inbox
