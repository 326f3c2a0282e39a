#pragma once

#include <string>
#include <vector>

#include "qiao/bus.hpp"
#include "qiao/contract/access.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/contract/tickets.hpp"

/// \file
/// Who sees what of a contact: the one place that decides it.

namespace qiao::contacts {

/// How much of one contact somebody sees.
enum class Sight : std::uint8_t {
  none,    ///< it does not exist for them
  brief,   ///< a department worker with a ticket about it: masked, without note, attributes and channel ids
  masked,  ///< phone, e-mail and claims in part
  full,    ///< after a reveal that was audited
};

/// The part of a contact that a sight leaves.
[[nodiscard]] contract::ContactView shown(contract::ContactView full, Sight sight, std::string_view default_country);

/// What a text was shown as: sent back unchanged it means "leave it".
[[nodiscard]] std::string shown_phone_masked(const std::string& phone, std::string_view default_country);
[[nodiscard]] std::string shown_email_masked(const std::string& email);

/// Decides sights by what `inbox` and `tickets` say. Agents see the contacts whose conversations they may see,
/// department workers those of their tickets, who may manage contacts also those without any conversation, and who may
/// see every conversation everybody. Waits for the answers: on threads that may.
class Guard {
 public:
  explicit Guard(Bus& bus) : bus_(bus) {}

  [[nodiscard]] Result<Sight> sight(const Principal& who, const contract::ContactView& contact) const;
  /// Of these, the ones that somebody sees, in the same order.
  [[nodiscard]] Result<std::vector<contract::ContactView>> visible(const Principal& who,
                                                                   std::vector<contract::ContactView> contacts) const;

 private:
  Bus& bus_;
};

/// All ids of a contact: its own and those that were joined into it.
[[nodiscard]] std::vector<Id> ids_of(const contract::ContactView& contact);
[[nodiscard]] bool may_see(const Principal& who, const contract::TicketView& ticket);

}  // namespace qiao::contacts
