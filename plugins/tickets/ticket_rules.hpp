#pragma once

#include <map>
#include <string>

#include "plugins/tickets/config.hpp"
#include "qiao/contract/access.hpp"
#include "qiao/contract/accounts.hpp"
#include "qiao/contract/tickets.hpp"

namespace qiao::tickets {

/// `bad_value` with a sentence that names the field. `departments` empty: nobody knows them, anything goes.
Result<void> check_new(const contract::CreateTicket& wanted, const std::vector<contract::GroupView>& departments,
                       Time now);

/// The department's deadline for a ticket that brings none.
Time deadline_for(const TicketsConfig& config, const std::string& department, Time now);

/// Own tickets, those of own departments, or all. Who may see the conversation sees its tickets too; that is asked
/// elsewhere.
bool may_see(const Principal& who, const contract::TicketView& ticket);
/// The department works on it.
bool may_work_on(const Principal& who, const contract::TicketView& ticket);

/// What is written into the conversation: for the agents when a ticket begins, for the customer when it ends.
std::string created_note(const contract::TicketView& ticket, const std::string& department_name);
std::string resolved_text(const contract::TicketView& ticket, const std::string& language);
/// The same for a notice by template (Content::values).
std::map<std::string, std::string> resolved_values(const contract::TicketView& ticket, const std::string& language);

}  // namespace qiao::tickets
