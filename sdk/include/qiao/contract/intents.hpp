#pragma once

#include <map>

#include "qiao/message.hpp"

/// \file
/// What people call what customers ask for. Served by the bot.

namespace qiao::contract {

struct IntentNames {
  std::map<std::string, std::string> names;  ///< by key; those that nobody knows are missing
};
QIAO_FIELDS(IntentNames, names)

struct NameIntents {
  std::vector<std::string> intents;  ///< keys, e.g. ConversationView::intent
  std::string language;              ///< of who reads; empty: Chinese
};
QIAO_FIELDS(NameIntents, intents, language)
QIAO_REQUEST(NameIntents, IntentNames, "bot.name_intents", 1)

}  // namespace qiao::contract
