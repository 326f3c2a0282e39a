#pragma once

#include <memory>

#include "plugins/web/services.hpp"

namespace qiao::web {

/// The customer's REST routes: a token, messages without a socket, uploads, and links to files.
void add_visitor_routes(Http& http, const std::shared_ptr<Services>& services);

}  // namespace qiao::web
