#pragma once

#include <string>
#include <vector>

#include "plugins/tickets/config.hpp"
#include "plugins/tickets/ticket_store.hpp"
#include "qiao/bus.hpp"
#include "qiao/contract/accounts.hpp"
#include "qiao/log.hpp"

namespace qiao::tickets {

/// Where tickets are made, worked on and closed. What must be written into the conversation for it (a note, the
/// customer's news) is remembered in the ticket's row in the same commit, and written by a lane of its own until it has
/// succeeded: a kill in between loses nothing, and the inbox takes each client id once.
///
/// Everything waits (database, inbox), so it is called from blocking threads; several at once.
class Desk {
 public:
  Desk(const TicketsConfig& config, Database& db, Vault& vault, Bus& bus, const Clock& clock, Logger& log)
      : config_(config), db_(db), tickets_(vault), bus_(bus), clock_(clock), log_(log) {}

  Result<contract::TicketView> create(const contract::CreateTicket& wanted);
  Result<contract::TicketView> resolve(const contract::ResolveTicket& wanted);
  Result<contract::TicketView> reopen(Id ticket, const std::string& text, Id by, const std::string& by_name);
  Result<contract::TicketView> comment(Id ticket, const std::string& text, Id by, const std::string& by_name);
  Result<contract::TicketView> get(Id ticket);
  Result<std::vector<contract::TicketView>> list(const store::Filter& filter);
  Result<contract::ConversationView> conversation(Id id);

  /// Marks tickets whose deadline has passed, and tells everybody.
  void check_deadlines();
  /// Tries again what could not be written into conversations.
  void retry_pending();

 private:
  Result<contract::TicketView> tell(Id ticket, const char* what);
  void write_later(Id ticket);
  void write_pending(Id ticket);
  bool write(const store::Stored& stored, store::Pending which, contract::WriteMessage message);
  [[nodiscard]] std::vector<contract::GroupView> groups();

  const TicketsConfig& config_;
  Database& db_;
  const store::Tickets tickets_;
  Bus& bus_;
  const Clock& clock_;
  Logger& log_;
};

/// Bus requests; database and inbox are waited for.
Lane desk_lane();
/// What is written into conversations, one after the other.
Lane writer_lane();

}  // namespace qiao::tickets
