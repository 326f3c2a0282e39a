#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/bot/entry.hpp"

namespace qiao::bot {

/// What people call an intent: words of its own for what the bot finds out by itself, else the title of the entry that
/// has it. Empty when nobody knows it.
[[nodiscard]] std::string name_of_intent(const std::vector<KnowledgeEntry>& entries, std::string_view intent,
                                         bool chinese);

}  // namespace qiao::bot
