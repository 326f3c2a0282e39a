#pragma once

#include <optional>
#include <set>
#include <string>

#include "plugins/inbox/ledger.hpp"
#include "qiao/log.hpp"

namespace qiao::inbox {

/// Notices (Content::notice) that their channel cannot deliver. Another channel of the same contact takes them: the one
/// used last in which the customer can be written to now, or that has a template for it; never a public one. When there
/// is none, a person is asked to tell the customer: the conversation goes to whoever answers for the notice.
///
/// A channel's `failed` about a notice becomes a row of `inbox_untold` in the commit that would have noted it, and the
/// message keeps its state until the row is settled. What is chosen is in the row before it is done, and done under a
/// key of its own, so that a kill in between repeats nothing.
class Notices {
 public:
  Notices(Database& store, Bus& bus, Logger& log, Metrics& metrics, ConversationTable& table, Ledger& ledger);

  /// What becomes of a report of `failed`.
  enum class Taken {
    no,      ///< the message has failed
    yes,     ///< it is looked after here; its state stays
    failed,  ///< the message has failed, and was to stand in for another one that is looked after again
  };
  /// Inside the write of the report.
  [[nodiscard]] Result<Taken> take(Session& session, const contract::ReportDelivery& report) const;
  /// Works on what is not settled. Any thread.
  void look();

 private:
  struct Untold {
    Id conversation;
    std::int64_t seq = 0;
    Id via;                 ///< where it is being written
    std::vector<Id> tried;  ///< with `via`
    MessageView message;
    ConversationPtr in;
  };

  void work();
  [[nodiscard]] Result<std::vector<Untold>> unsettled();
  void settle(const Untold& untold);
  [[nodiscard]] Result<Id> next_place(const Untold& untold);
  [[nodiscard]] bool reaches(const std::string& channel, const std::string& user, const std::string& notice);
  void tell_elsewhere(const Untold& untold);
  void told(const Untold& untold, const ConversationPtr& via);
  void ask_a_person(const Untold& untold);
  void give_up(const Untold& untold);
  [[nodiscard]] Result<void> note_reason(Session& session, Id conversation, std::int64_t seq,
                                         const std::string& reason) const;
  /// Notes the end of it and publishes it.
  void close(const Untold& untold, int state, Delivery delivery, const std::string& detail);

  Database& store_;
  Bus& bus_;
  Logger& log_;
  ConversationTable& table_;
  Ledger& ledger_;
  Counter& elsewhere_;
  Counter& people_;
};

}  // namespace qiao::inbox
