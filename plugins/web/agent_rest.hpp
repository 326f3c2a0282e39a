#pragma once

#include <memory>

#include "plugins/web/services.hpp"

namespace qiao::web {

/// The agent's messages of a conversation and uploads, with the message objects of the socket.
void add_agent_routes(Http& http, const std::shared_ptr<Services>& services);

}  // namespace qiao::web
