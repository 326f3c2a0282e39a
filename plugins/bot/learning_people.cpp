#include <algorithm>
#include <set>

#include "plugins/bot/learning_rows.hpp"
#include "qiao/json.hpp"

namespace qiao::bot {
namespace {

constexpr int kMostExported = 5000;  // questions of one contact or conversation

}  // namespace

Result<contract::ExportParts> Learning::export_person(const contract::Person& person) {
  contract::ExportParts parts;
  std::string json;
  auto read = db_.read([&](Session& session) -> Result<void> {
    std::set<Id> seen;
    for (const auto& [where, ids] : {std::pair{"contact = ? AND state <> ?", &person.contacts},
                                     std::pair{"conversation = ? AND state <> ?", &person.conversations}}) {
      for (const Id id : *ids) {
        auto rows = kept(session, where, id.value, -1, kMostExported);
        if (!rows) return rows.error();
        for (const Kept& row : *rows) {
          if (!seen.insert(row.id).second) continue;
          json += json.empty() ? "[" : ",";
          json += to_json(GivenAnswer{row.conversation, row.body.question, row.body.context, row.body.answer,
                                      row.body.agent, row.at});
        }
      }
    }
    return {};
  });
  if (!read) return read.error();
  if (!json.empty()) parts.parts.push_back({"bot_questions", json + "]", {}});
  return parts;
}

/// Entries that were learned from this person lose what carries their data: the wording, or with the answer the entry.
Result<std::int64_t> Learning::unlearn(const contract::Person& person) {
  std::set<std::string> keys;
  auto read = db_.read([&](Session& session) -> Result<void> {
    for (const Id contact : person.contacts) {
      auto rows = session.query(
          "SELECT s.entry FROM bot_question q JOIN bot_suggestion s ON s.id = q.suggestion WHERE q.contact = ? AND "
          "s.entry <> ''",
          contact);
      while (rows->next()) keys.insert(rows->str(0));
      if (auto status = rows->status(); !status) return status;
    }
    return {};
  });
  if (!read) return read.error();
  std::vector<std::u32string> theirs;
  for (const contract::Claim& claim : person.claims) {
    std::u32string plain = make_plain(claim.value).compact;
    if (plain.starts_with(U"86") && plain.size() == 13) plain.erase(0, 2);
    if (plain.size() >= 2) theirs.push_back(std::move(plain));
  }
  const auto carries = [&](const std::string& text) {
    const std::u32string plain = make_plain(text).compact;
    return std::any_of(theirs.begin(), theirs.end(), [&](const auto& t) { return has(plain, t); });
  };
  std::int64_t changed = 0;
  const auto entries = knowledge_.entries();
  for (const KnowledgeEntry& known : *entries) {
    if (!keys.contains(known.key)) continue;
    KnowledgeEntry entry = known;
    std::erase_if(entry.questions, carries);
    const bool all = entry.questions.empty() || carries(entry.answer_zh) || carries(entry.answer_en);
    if (!all && entry.questions.size() == known.questions.size()) continue;
    if (all) {
      if (auto done = knowledge_.remove(entry.key, Editor(known.changed_by)); !done) return done.error();
    } else if (auto done = knowledge_.replace(entry, known.changed_by); !done) {
      return done.error();
    }
    // What it was before carries their data as well.
    if (auto done = knowledge_.forget_versions(entry.key); !done) return done.error();
    ++changed;
  }
  return changed;
}

Result<contract::ErasedCount> Learning::erase_person(const contract::Person& person) {
  auto unlearned = unlearn(person);
  if (!unlearned) return unlearned.error();
  contract::ErasedCount count;
  auto written = db_.write_and_wait([&](Session& session) -> Result<void> {
    count = {};
    for (const auto& [sql, ids] :
         {std::pair{"DELETE FROM bot_question WHERE contact = ?", &person.contacts},
          std::pair{"DELETE FROM bot_question WHERE conversation = ?", &person.conversations}}) {
      for (const Id id : *ids) {
        auto gone = session.run(sql, id);
        if (!gone) return gone.error();
        if (*gone > 0) count.removed["bot_questions"] += *gone;
      }
    }
    auto empty = session.run(
        "DELETE FROM bot_suggestion WHERE state = ? AND id NOT IN (SELECT suggestion FROM bot_question WHERE "
        "suggestion IS NOT NULL)",
        SuggestionState::open);
    if (!empty) return empty.error();
    return {};
  });
  if (!written) return written.error();
  if (*unlearned > 0) count.removed["learned_entries"] = *unlearned;
  return count;
}

Result<void> Learning::forget_old() {
  const Time before = clock_.now() - std::chrono::duration_cast<std::chrono::microseconds>(settings_().keep);
  return db_.write_and_wait([&](Session& session) -> Result<void> {
    // What became knowledge stays known, so that erasing a person finds it.
    auto questions =
        session.run("DELETE FROM bot_question WHERE state <> ? AND asked_at < ?", QuestionState::learned, before);
    if (!questions) return questions.error();
    auto suggestions = session.run(
        "DELETE FROM bot_suggestion WHERE state IN (?, ?) AND id NOT IN (SELECT suggestion FROM bot_question WHERE "
        "suggestion IS NOT NULL)",
        SuggestionState::open, SuggestionState::dismissed);
    if (!suggestions) return suggestions.error();
    return {};
  });
}

}  // namespace qiao::bot
