#include "plugins/bot/entry.hpp"

#include <algorithm>

#include "plugins/bot/text.hpp"

namespace qiao::bot {
namespace {

constexpr std::size_t kLongestAnswer = 8 * 1024;
constexpr std::size_t kLongestQuestion = 500;
constexpr std::size_t kMostQuestions = 200;
constexpr std::size_t kMostButtons = 10;

Error wrong(const KnowledgeEntry& entry, const std::string& what) {
  return {Errc::bad_value, "bot.bad_entry", "knowledge entry \"" + entry.key + "\": " + what};
}

bool key_ok(const std::string& key) {
  return !key.empty() && key.size() <= 64 && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool link_ok(const std::string& url) {
  return url.size() <= 2000 && (url.starts_with("https://") || url.starts_with("http://") ||
                                (url.starts_with("/") && !url.starts_with("//")));
}

/// What is wrong with it; empty when nothing is.
std::string wrong_with(const std::vector<EntryButton>& buttons) {
  if (buttons.size() > kMostButtons) return "buttons: more than 10";
  for (const EntryButton& b : buttons) {
    if (b.label_zh.empty() && b.label_en.empty()) return "buttons: a label_zh or label_en is needed";
    if (!b.url.empty() && !link_ok(b.url)) return "buttons: url must begin with https://, http:// or a single /";
  }
  return {};
}

std::string wrong_with(const contract::Card& card) {
  if (card.kind.empty()) {
    const bool said = !card.title.empty() || !card.text.empty() || !card.url.empty() || !card.picture.empty();
    return said ? "card: a kind is needed, e.g. link" : "";
  }
  constexpr std::string_view kKinds[] = {"link", "product", "mini_program", "location"};
  if (std::find(std::begin(kKinds), std::end(kKinds), card.kind) == std::end(kKinds))
    return "card: kind must be link, product, mini_program or location";
  if (card.title.empty() || card.title.size() > 200) return "card: a title of at most 200 bytes is needed";
  if (card.text.size() > 1000) return "card: text has at most 1,000 bytes";
  if (!card.url.empty() && !link_ok(card.url)) return "card: url must begin with https://, http:// or a single /";
  if (!card.picture.empty() && !link_ok(card.picture))
    return "card: picture must begin with https://, http:// or a single /";
  if (card.kind == "link" && card.url.empty()) return "card: a link needs a url";
  return {};
}

std::string wrong_with(const EntryVariant& v) {
  if (v.channel.empty() && v.site.empty()) return "variants: each needs a channel or a site";
  if (v.channel.size() > 64 || v.site.size() > 64) return "variants: channel and site have at most 64 bytes";
  if (v.answer_zh.size() > kLongestAnswer || v.answer_en.size() > kLongestAnswer)
    return "variants: an answer has at most 8 KiB";
  if (std::string bad = wrong_with(v.card); !bad.empty()) return "variants: " + bad;
  if (std::string bad = wrong_with(v.buttons); !bad.empty()) return "variants: " + bad;
  return {};
}

std::string wrong_with_lists(const KnowledgeEntry& e) {
  if (e.variants.size() > 50) return "variants: more than 50";
  for (const EntryVariant& v : e.variants) {
    if (std::string bad = wrong_with(v); !bad.empty()) return bad;
  }
  if (e.attachments.size() > 10) return "attachments: more than 10";
  for (const EntryFile& f : e.attachments) {
    if (f.name.empty() || f.name.size() > 200 || !link_ok(f.url))
      return "attachments: each needs a name and a url that begins with https://, http:// or a single /";
  }
  if (e.related.size() > 5) return "related: more than 5";
  for (const std::string& key : e.related) {
    if (!key_ok(key) || key == e.key) return "related: keys of other entries are needed";
  }
  if (e.labels.size() > 20) return "labels: more than 20";
  for (const std::string& label : e.labels) {
    if (label.empty() || label.size() > 60) return "labels: each needs 1 to 60 bytes";
  }
  if (e.valid_until != Time{} && e.valid_until <= e.valid_from) return "valid_until: must be after valid_from";
  return {};
}

/// How well a variant fits; 0: not at all.
int fit(const EntryVariant& v, std::string_view channel, std::string_view site) {
  if ((!v.channel.empty() && v.channel != channel) || (!v.site.empty() && v.site != site)) return 0;
  return (v.site.empty() ? 0 : 2) + (v.channel.empty() ? 0 : 1);
}

}  // namespace

const std::string& title_of(const KnowledgeEntry& entry, bool chinese) {
  const auto found = std::find_if(entry.questions.begin(), entry.questions.end(),
                                  [&](const std::string& q) { return make_plain(q).han == chinese; });
  return found == entry.questions.end() ? entry.questions.front() : *found;
}

Result<void> check_entry(const KnowledgeEntry& entry) {
  if (!key_ok(entry.key)) {
    return wrong(entry, "key: 1 to 64 lower-case letters, digits, underscores or hyphens are needed");
  }
  if (entry.questions.empty()) return wrong(entry, "questions: at least one is needed");
  if (entry.questions.size() > kMostQuestions) return wrong(entry, "questions: more than 200");
  for (const std::string& q : entry.questions) {
    if (q.empty() || q.size() > kLongestQuestion) return wrong(entry, "questions: each needs 1 to 500 bytes");
  }
  if (entry.keywords.size() > kMostQuestions) return wrong(entry, "keywords: more than 200");
  for (const std::string& k : entry.keywords) {
    if (k.empty() || k.size() > 100) return wrong(entry, "keywords: each needs 1 to 100 bytes");
  }
  if (entry.answer_zh.empty() && entry.answer_en.empty() && !entry.handoff)
    return wrong(entry, "answer_zh or answer_en is needed");
  if (entry.answer_zh.size() > kLongestAnswer || entry.answer_en.size() > kLongestAnswer) {
    return wrong(entry, "an answer has at most 8 KiB");
  }
  if (const std::string bad = wrong_with(entry.buttons); !bad.empty()) return wrong(entry, bad);
  if (const std::string bad = wrong_with(entry.card); !bad.empty()) return wrong(entry, bad);
  if (const std::string bad = wrong_with_lists(entry); !bad.empty()) return wrong(entry, bad);
  if (entry.intent.size() > 64 || entry.group.size() > 40 || entry.site.size() > 64) {
    return wrong(entry, "intent and site have at most 64 bytes, group at most 40");
  }
  return {};
}

bool is_live(const KnowledgeEntry& entry, Time now) {
  return entry.enabled && entry.valid_from <= now && (entry.valid_until == Time{} || now < entry.valid_until);
}

contract::Content content_of(const KnowledgeEntry& entry, bool chinese, std::string_view channel,
                             std::string_view site) {
  const EntryVariant* best = nullptr;
  for (const EntryVariant& v : entry.variants) {
    if (fit(v, channel, site) > (best == nullptr ? 0 : fit(*best, channel, site))) best = &v;
  }
  const bool own_words = best != nullptr && (!best->answer_zh.empty() || !best->answer_en.empty());
  const std::string& zh = own_words ? best->answer_zh : entry.answer_zh;
  const std::string& en = own_words ? best->answer_en : entry.answer_en;
  const bool use_zh = en.empty() || (chinese && !zh.empty());
  contract::Content out;
  out.text = use_zh ? zh : en;
  for (const EntryButton& b : best != nullptr && !best->buttons.empty() ? best->buttons : entry.buttons) {
    const bool zh_label = b.label_en.empty() || (use_zh && !b.label_zh.empty());
    const std::string& label = zh_label ? b.label_zh : b.label_en;
    out.buttons.push_back({label, b.url.empty() && b.value.empty() ? label : b.value, b.url});
  }
  const contract::Card& card = best != nullptr && !best->card.kind.empty() ? best->card : entry.card;
  if (!card.kind.empty()) out.cards.push_back(card);
  for (const EntryFile& file : entry.attachments) {
    contract::Card link;
    link.kind = "link";
    link.title = file.name;
    link.url = file.url;
    out.cards.push_back(std::move(link));
  }
  return out;
}

}  // namespace qiao::bot
