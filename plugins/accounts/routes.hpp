#pragma once

#include "plugins/accounts/service.hpp"
#include "qiao/bus.hpp"
#include "qiao/http.hpp"

namespace qiao::accounts {

/// Where passwords are computed, and everything that changes accounts: two at once, 50 waiting, then 503.
Lane password_lane();

/// Registers the REST interface and the authenticator. All arguments outlive the instance's registrations.
void add_routes(Http& http, Bus& bus, AccountService& accounts, const Clock& clock);

}  // namespace qiao::accounts
