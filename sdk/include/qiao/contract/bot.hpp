#pragma once

#include "qiao/contract/conversation.hpp"

namespace qiao::contract {

struct Turn {
  Author author = Author::customer;
  std::string text;
  std::vector<std::string> choices{};  ///< what the buttons below it say when they are pressed
};
QIAO_FIELDS(Turn, author, text, choices)

enum class BotOutcome : std::uint8_t {
  answer,   ///< `content` goes to the customer
  decline,  ///< the bot does not know or cannot solve it: a person is needed; `reason` says why
  handoff,  ///< the customer asked for a person
};
QIAO_ENUM(BotOutcome, answer, decline, handoff)

struct BotAnswer {
  BotOutcome outcome = BotOutcome::decline;
  Content content;     ///< with decline and handoff: an optional sentence for the customer before the person comes
  std::string entry;   ///< key of the knowledge entry
  std::string intent;  ///< key, e.g. "return_process"
  std::string group;   ///< key of the group that should get it when a person is needed
  double score = 0;    ///< 0–1
  std::string reason;  ///< stable word: no_match, low_score, complaint, asked, keyword, …
};
QIAO_FIELDS(BotAnswer, outcome, content, entry, intent, group, score, reason)

/// The customer wrote and it is the bot's turn. Asked again after a restart when the answer was not stored.
struct AskBot {
  Id conversation;
  std::string channel;
  std::string site;
  std::string language;
  std::string text;
  std::vector<Turn> recent;  ///< up to ten turns before, oldest first
  Id contact;
};
QIAO_FIELDS(AskBot, conversation, channel, site, language, text, recent, contact)
QIAO_REQUEST(AskBot, BotAnswer, "bot.ask", 1)
QIAO_PARTITION(AskBot, conversation)

// ---- asked second ---------------------------------------------------------------------------------------------------

/// What the bot knows about a topic, for somebody who reads better than it does.
struct Passage {
  std::string entry;  ///< key of the knowledge entry
  std::string title;
  std::string text;  ///< in the customer's language where there is one
};
QIAO_FIELDS(Passage, entry, title, text)

struct ModelAnswer {
  bool answered = false;
  std::string text;
  std::string entry;   ///< the passage that says so; one of those that were given
  std::string reason;  ///< when not answered: not_in_passages, not_grounded, over_budget, circuit_open, unavailable, …
};
QIAO_FIELDS(ModelAnswer, answered, text, entry, reason)

/// The bot is not sure enough: a language model or cloud service may find the answer in the passages, and nowhere else.
/// The server removes personal data before anything leaves the hub.
struct AskModel {
  Id conversation;
  std::string language;
  std::string text;
  std::vector<Turn> recent;
  std::vector<Passage> passages;  ///< best first, at most 20
};
QIAO_FIELDS(AskModel, conversation, language, text, recent, passages)
QIAO_REQUEST(AskModel, ModelAnswer, "bot.ask_model", 1)
QIAO_PARTITION(AskModel, conversation)

}  // namespace qiao::contract
