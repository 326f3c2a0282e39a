#include "plugins/bot/knowledge_check.hpp"

#include <algorithm>
#include <set>

namespace qiao::bot {
namespace {

constexpr double kWouldBeTaken = 0.6;
constexpr std::size_t kMostWarnings = 50;

/// The parts of a rule: "退款+多久" needs both.
std::vector<Plain> parts_of(const std::string& rule) {
  std::vector<Plain> parts;
  for (std::size_t begin = 0; begin <= rule.size();) {
    const std::size_t end = std::min(rule.find('+', begin), rule.size());
    parts.push_back(make_plain(std::string_view(rule).substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

bool holds(const std::vector<Plain>& parts, const Plain& text) {
  return std::all_of(parts.begin(), parts.end(), [&](const Plain& part) {
    return !part.compact.empty() && (part.han ? has(text.compact, part.compact) : has_words(text.text, part.text));
  });
}

bool same_site(const KnowledgeEntry& a, const KnowledgeEntry& b) {
  return a.site.empty() || b.site.empty() || a.site == b.site;
}

void compare(const KnowledgeEntry& entry, const KnowledgeEntry& other, std::vector<Warning>& out) {
  const auto warn = [&](const char* kind, const std::string& text) {
    out.push_back({kind, other.key, other.questions.front(), text, 1});
  };
  std::set<std::u32string> theirs;
  for (const std::string& q : other.questions) theirs.insert(make_plain(q).compact);
  for (const std::string& q : entry.questions) {
    if (theirs.contains(make_plain(q).compact)) warn("same_question", q);
  }
  std::set<std::string> rules(other.keywords.begin(), other.keywords.end());
  for (const std::string& rule : entry.keywords) {
    if (rules.contains(rule)) {
      warn("same_keyword", rule);
      continue;
    }
    const auto parts = parts_of(rule);
    const auto hit = std::find_if(other.questions.begin(), other.questions.end(),
                                  [&](const std::string& q) { return holds(parts, make_plain(q)); });
    if (hit != other.questions.end()) warn("keyword_hides", rule);
  }
  for (const std::string& rule : other.keywords) {
    const auto parts = parts_of(rule);
    for (const std::string& q : entry.questions) {
      const bool own = std::any_of(entry.keywords.begin(), entry.keywords.end(),
                                   [&](const std::string& k) { return holds(parts_of(k), make_plain(q)); });
      if (!own && holds(parts, make_plain(q))) {
        warn("hidden_by_keyword", rule);
        break;
      }
    }
  }
  const bool same_zh = !entry.answer_zh.empty() && entry.answer_zh == other.answer_zh;
  const bool same_en = !entry.answer_en.empty() && entry.answer_en == other.answer_en;
  if (same_zh || same_en) warn("same_answer", same_zh ? entry.answer_zh : entry.answer_en);
}

}  // namespace

std::vector<Warning> warnings_of(const KnowledgeEntry& entry, const std::vector<KnowledgeEntry>& all,
                                 const Matcher& live) {
  std::vector<Warning> out;
  std::set<std::u32string> own;
  for (const std::string& q : entry.questions) {
    if (!own.insert(make_plain(q).compact).second) out.push_back({"repeated", entry.key, {}, q, 1});
  }
  for (const KnowledgeEntry& other : all) {
    if (other.key == entry.key || !other.enabled || other.questions.empty() || !same_site(entry, other)) continue;
    compare(entry, other, out);
  }
  for (const std::string& q : entry.questions) {
    const bool told = std::any_of(out.begin(), out.end(), [&](const Warning& w) { return w.text == q; });
    const auto found = live.best(make_plain(q), entry.site, 1);
    if (told || found.empty() || found[0].entry->key == entry.key || found[0].score < kWouldBeTaken) continue;
    out.push_back({"similar_question", found[0].entry->key, found[0].entry->questions.front(), q, found[0].score});
  }
  for (const std::string& key : entry.related) {
    const bool there = std::any_of(all.begin(), all.end(), [&](const auto& e) { return e.key == key; });
    if (!there) out.push_back({"unknown_related", key, {}, key, 1});
  }
  if (out.size() > kMostWarnings) out.resize(kMostWarnings);
  return out;
}

}  // namespace qiao::bot
