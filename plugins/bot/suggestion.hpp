#pragma once

#include <string>
#include <vector>

#include "qiao/contract/bot.hpp"

namespace qiao::bot {

enum class SuggestionState : std::uint8_t { open, accepted, improved, dismissed };
QIAO_ENUM(SuggestionState, open, accepted, improved, dismissed)

/// What an agent answered to a question that the bot left to them; personal data is removed from all texts.
struct GivenAnswer {
  Id conversation;
  std::string question;
  std::vector<std::string> context;  ///< what was said before: "customer: …", "bot: …"
  std::string answer;
  std::string agent;
  Time at;
};
QIAO_FIELDS(GivenAnswer, conversation, question, context, answer, agent, at)

/// A live entry that a suggestion may contradict or repeat.
struct SimilarEntry {
  std::string key;
  std::string title;
  std::string answer;
  double score = 0;
  bool same_question = false;  ///< the very question stands in the entry
  std::int64_t up = 0;         ///< thumbs of customers
  std::int64_t down = 0;
};
QIAO_FIELDS(SimilarEntry, key, title, answer, score, same_question, up, down)

/// A question that customers ask and what agents answer to it: an entry to be.
struct Suggestion {
  Id id;
  SuggestionState state = SuggestionState::open;
  std::string site;
  std::string entry;                   ///< the entry that did not help; later the one that it became
  std::string reason;                  ///< why the bot did not answer: no_match, low_score, not_helped, …
  std::vector<std::string> questions;  ///< each wording once, newest first
  std::string answer;                  ///< the newest
  std::string group;                   ///< who answered
  std::vector<GivenAnswer> given;      ///< newest first
  std::vector<SimilarEntry> similar;   ///< best first
  Time created_at;
  Time changed_at;
  std::string changed_by;
};
QIAO_FIELDS(Suggestion, id, state, site, entry, reason, questions, answer, group, given, similar, created_at,
            changed_at, changed_by)

/// A supervisor's word on a suggestion: a new entry, or with `entry` a better one of those that are there.
struct AcceptSuggestion {
  Id id;
  std::string entry;  ///< to be improved: gets the questions, and the answer when there is one
  std::string key;    ///< of the new entry; empty: one is made
  std::vector<std::string> questions;
  std::string answer;
  std::string group;
  std::string stage;         ///< staff, share, or empty: for everybody at once
  std::int32_t percent = 0;  ///< with share
};
QIAO_FIELDS(AcceptSuggestion, id, entry, key, questions, answer, group, stage, percent)

/// Whether an agent's words can be an answer: greetings, "one moment" and questions back are none.
[[nodiscard]] bool is_answer(const std::string& text);

}  // namespace qiao::bot
