#include "plugins/bot/entry.hpp"

#include <algorithm>

namespace qiao::bot {
namespace {

Error wrong(const KnowledgeEntry& entry, const std::string& what) {
  return {Errc::bad_value, "bot.bad_entry", "knowledge entry \"" + entry.key + "\": " + what};
}

}  // namespace

Result<void> check_entry(const KnowledgeEntry& entry) {
  constexpr std::size_t kLongestAnswer = 8 * 1024;
  constexpr std::size_t kLongestQuestion = 500;
  constexpr std::size_t kMostQuestions = 200;
  const bool key_ok =
      !entry.key.empty() && entry.key.size() <= 64 && std::all_of(entry.key.begin(), entry.key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      });
  if (!key_ok) return wrong(entry, "key: 1 to 64 lower-case letters, digits, underscores or hyphens are needed");
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
  if (entry.buttons.size() > 10) return wrong(entry, "buttons: more than 10");
  for (const EntryButton& b : entry.buttons) {
    if (b.label_zh.empty() && b.label_en.empty()) return wrong(entry, "buttons: a label_zh or label_en is needed");
    const bool link_ok = b.url.empty() || b.url.starts_with("https://") || b.url.starts_with("http://") ||
                         (b.url.starts_with("/") && !b.url.starts_with("//"));
    if (!link_ok) return wrong(entry, "buttons: url must begin with https://, http:// or a single /");
  }
  if (entry.intent.size() > 64 || entry.group.size() > 40 || entry.site.size() > 64) {
    return wrong(entry, "intent and site have at most 64 bytes, group at most 40");
  }
  return {};
}

}  // namespace qiao::bot
