#pragma once

#include <functional>

#include "plugins/bot/brain.hpp"
#include "plugins/bot/knowledge_base.hpp"
#include "qiao/http.hpp"

namespace qiao::bot {

/// Registers the REST interface of the knowledge. `settings` gives those that hold now.
void add_routes(Http& http, KnowledgeBase& knowledge, std::function<BrainSettings()> settings);

/// Those for import, export and the shop's words; part of `add_routes`.
void add_exchange_routes(Http& http, KnowledgeBase& knowledge);

}  // namespace qiao::bot
