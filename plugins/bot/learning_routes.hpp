#pragma once

#include "plugins/bot/learning.hpp"
#include "plugins/bot/rollout.hpp"
#include "qiao/http.hpp"

namespace qiao::bot {

/// Registers the REST interface of suggestions, topics and rollouts.
void add_learning_routes(Http& http, Learning& learning, Rollouts& rollouts, const KnowledgeBase& knowledge,
                         const Clock& clock);

}  // namespace qiao::bot
