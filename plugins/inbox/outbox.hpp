#pragma once

#include "plugins/inbox/ledger.hpp"
#include "plugins/inbox/notices.hpp"
#include "plugins/inbox/settings.hpp"
#include "qiao/log.hpp"

namespace qiao::inbox {

/// The messages that are not with their channel yet. The message table is the outbox: a row is `pending` from the
/// commit that stored it until the channel reports.
class Outbox {
 public:
  Outbox(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics, Ledger& ledger, Notices& notices,
         const Settings& settings);

  /// Notes how far a message got. Never backwards: what is known already is answered and changes nothing. Any thread.
  void report(const contract::ReportDelivery& report, Id trace, std::function<void(Result<contract::Done>)> done);

  /// Publishes again what has been pending for too long; after a start everything. Fresh messages each time, older ones
  /// less and less often, because their customer is probably away. Reads the database.
  void sweep(bool after_start);

 private:
  Database& store_;
  Bus& bus_;
  const Clock& clock_;
  Logger& log_;
  Ledger& ledger_;
  Notices& notices_;
  const Settings& settings_;
  Counter& again_;
  unsigned sweeps_ = 0;  // of the sweep's lane
};

}  // namespace qiao::inbox
