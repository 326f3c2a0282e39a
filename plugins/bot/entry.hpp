#pragma once

#include "qiao/contract/conversation.hpp"

namespace qiao::bot {

struct EntryButton {
  std::string label_zh;
  std::string label_en;
  std::string value;  ///< what pressing it says; empty: its label
  std::string url;
};
QIAO_FIELDS(EntryButton, label_zh, label_en, value, url)

/// What is asked of the ERP to complete an answer.
enum class Live : std::uint8_t { none, stock, order };
QIAO_ENUM(Live, none, stock, order)

/// One thing that the bot knows.
struct KnowledgeEntry {
  std::string key;                     ///< lower-case letters, digits, underscores and hyphens
  std::string site;                    ///< only for this shop or brand; empty: all
  std::vector<std::string> questions;  ///< how customers ask, in any language; the first one is its title
  std::vector<std::string> keywords;  ///< "退款": whoever says it means this; "退款+多久": all parts must be there
  std::string answer_zh;              ///< at most 8 KiB
  std::string answer_en;              ///< empty: the Chinese one
  std::vector<EntryButton> buttons;
  std::string intent;       ///< empty: the key
  std::string group;        ///< key of the group that helps when the bot cannot
  bool handoff = false;     ///< a person is needed at once; the answer is what the customer reads before they come
  bool small_talk = false;  ///< may be answered again and again
  bool enabled = true;
  Live live = Live::none;  ///< the answer comes from the ERP; the text is for when it knows nothing
  Time changed_at;
  std::string changed_by;
};
QIAO_FIELDS(KnowledgeEntry, key, site, questions, keywords, answer_zh, answer_en, buttons, intent, group, handoff,
            small_talk, enabled, live, changed_at, changed_by)

/// `bad_value` with a sentence that names the field.
Result<void> check_entry(const KnowledgeEntry& entry);

}  // namespace qiao::bot
