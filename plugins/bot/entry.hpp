#pragma once

#include <string>
#include <string_view>
#include <vector>

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

/// A document that belongs to an answer, shown as a link.
struct EntryFile {
  std::string name;
  std::string url;
};
QIAO_FIELDS(EntryFile, name, url)

/// The answer where it must differ: in a channel, a shop, or a shop's channel. What is empty stays as the entry has it.
struct EntryVariant {
  std::string channel;  ///< instance name, e.g. "wechat"; empty: all
  std::string site;     ///< empty: all
  std::string answer_zh;
  std::string answer_en;
  contract::Card card;
  std::vector<EntryButton> buttons;
};
QIAO_FIELDS(EntryVariant, channel, site, answer_zh, answer_en, card, buttons)

/// One thing that the bot knows.
struct KnowledgeEntry {
  std::string key;                     ///< lower-case letters, digits, underscores and hyphens
  std::string site;                    ///< only for this shop or brand; empty: all
  std::vector<std::string> questions;  ///< how customers ask, in any language; the first one is its title
  std::vector<std::string>
      keywords;  ///< "退款": whoever says it means this; "退款+多久": all parts must be there; "!退款": certainly
  std::string answer_zh;  ///< at most 8 KiB
  std::string answer_en;  ///< empty: the Chinese one
  std::vector<EntryButton> buttons;
  std::string intent;       ///< empty: the key
  std::string group;        ///< key of the group that helps when the bot cannot
  bool handoff = false;     ///< a person is needed at once; the answer is what the customer reads before they come
  bool small_talk = false;  ///< may be answered again and again
  bool enabled = true;
  Live live = Live::none;  ///< the answer comes from the ERP; the text is for when it knows nothing
  contract::Card card;     ///< below the answer; none without a kind
  std::vector<EntryVariant> variants;
  std::vector<EntryFile> attachments;
  std::vector<std::string> related;  ///< keys of entries whose title is offered below the answer
  std::vector<std::string> labels;
  Time valid_from;   ///< not known before; 1970: always
  Time valid_until;  ///< not known from then on; 1970: always
  Time changed_at;
  std::string changed_by;
};
QIAO_FIELDS(KnowledgeEntry, key, site, questions, keywords, answer_zh, answer_en, buttons, intent, group, handoff,
            small_talk, enabled, live, card, variants, attachments, related, labels, valid_from, valid_until,
            changed_at, changed_by)

/// Whether customers get it at that time.
[[nodiscard]] bool is_live(const KnowledgeEntry& entry, Time now);

/// What it is called where it is offered or named: its first question in that language.
[[nodiscard]] const std::string& title_of(const KnowledgeEntry& entry, bool chinese);

/// What the customer gets: the variant for their channel and shop, in their language.
[[nodiscard]] contract::Content content_of(const KnowledgeEntry& entry, bool chinese, std::string_view channel,
                                           std::string_view site);

/// `bad_value` with a sentence that names the field.
Result<void> check_entry(const KnowledgeEntry& entry);

}  // namespace qiao::bot
