#pragma once

#include "plugins/bot/learning.hpp"
#include "qiao/http.hpp"

namespace qiao::bot {

/// Registers the REST interface of the suggestions and topics.
void add_learning_routes(Http& http, Learning& learning, const Clock& clock);

}  // namespace qiao::bot
