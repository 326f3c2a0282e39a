#pragma once

#include <string>
#include <vector>

#include "plugins/bot/matcher.hpp"

namespace qiao::bot {

/// Something that whoever edits an entry should look at before saving; nothing that forbids it.
struct Warning {
  /// same_question: another entry has it too, so one of them is never given. similar_question: the bot would take it
  /// for the other entry. same_keyword. keyword_hides: a rule of this entry takes a question away from the other one.
  /// hidden_by_keyword: the other way round. same_answer. repeated: twice in this entry. unknown_related
  std::string kind;
  std::string entry;  ///< key of the other one
  std::string title;
  std::string text;  ///< the question or keyword
  double score = 0;
};
QIAO_FIELDS(Warning, kind, entry, title, text, score)

/// Looks at an entry beside the others. `all` are those that exist; one with the same key is what is being edited.
std::vector<Warning> warnings_of(const KnowledgeEntry& entry, const std::vector<KnowledgeEntry>& all,
                                 const Matcher& live);

}  // namespace qiao::bot
