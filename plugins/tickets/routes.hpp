#pragma once

#include "plugins/tickets/desk.hpp"
#include "qiao/http.hpp"

namespace qiao::tickets {

/// Registers the REST interface. Tickets that somebody may not see do not exist for them.
void add_routes(Http& http, Desk& desk);

}  // namespace qiao::tickets
