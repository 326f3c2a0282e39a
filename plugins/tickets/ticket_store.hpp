#pragma once

#include <span>
#include <string>
#include <vector>

#include "qiao/contract/tickets.hpp"
#include "qiao/store.hpp"
#include "qiao/vault.hpp"

/// \file
/// The tables `tickets_*`. Every function works on the session it is given; who calls decides on the transaction.

namespace qiao::tickets::store {

std::span<const Migration> migrations();

/// What must still be written into the conversation; kept in the ticket's row until it is.
enum Pending : int { kNothing = 0, kCreatedNote = 1, kResolvedMessage = 2 };

struct Stored {
  contract::TicketView ticket;
  std::string language;  ///< of the customer
  int pending = kNothing;
};

struct Filter {
  enum class State { any, open, resolved, closed, overdue };
  bool all = false;  ///< otherwise: created by `creator`, or of one of `departments`
  Id creator;
  std::vector<std::string> departments;
  State state = State::any;
  Id conversation;
  std::vector<Id> contacts;  ///< empty: of anybody
  std::int64_t before = 0;   ///< number; 0: from the newest
  Time before_time;          ///< of creation; 1970: from the newest
  int limit = 50;
};

/// What is written in a ticket, its fields and the customer's name are sealed with the key of its contact. Any thread.
class Tickets {
 public:
  explicit Tickets(Vault& vault) : vault_(vault) {}

  /// Gives the ticket its number and stores it with its first event.
  Result<void> insert(Session& db, Stored& ticket) const;
  /// With its history; `not_found` when there is none.
  Result<Stored> get(Session& db, Id ticket) const;
  /// Newest first, without history.
  Result<std::vector<contract::TicketView>> list(Session& db, const Filter& filter) const;

  /// To resolved, from open only: `conflict` otherwise.
  Result<void> resolve(Session& db, Id ticket, const std::string& resolution, const contract::TicketEvent& event) const;
  /// To open, from resolved only: `conflict` otherwise.
  Result<void> reopen(Session& db, Id ticket, Time deadline, const contract::TicketEvent& event) const;
  Result<void> add_event(Session& db, Id ticket, const contract::TicketEvent& event) const;
  Result<void> mark_overdue(Session& db, Id ticket, Time now) const;

 private:
  Result<std::string> seal(Session& db, Id contact, const char* column, Id ticket, std::string_view plain) const;
  Result<Stored> from(Session& db, const Rows& row) const;
  Result<void> add_event(Session& db, Id ticket, Id contact, const contract::TicketEvent& event) const;

  Vault& vault_;
};

Result<void> clear_pending(Session& db, Id ticket, int which);
/// Open ones whose deadline has passed and that are not marked yet.
Result<std::vector<Id>> overdue(Session& db, Time now);
Result<std::vector<Id>> with_pending(Session& db);

}  // namespace qiao::tickets::store
