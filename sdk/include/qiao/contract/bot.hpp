#pragma once

#include "qiao/contract/conversation.hpp"

namespace qiao::contract {

struct Turn {
  Author author = Author::customer;
  std::string text;
};
QIAO_FIELDS(Turn, author, text)

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

}  // namespace qiao::contract
