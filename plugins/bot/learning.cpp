#include "plugins/bot/learning.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plugins/bot/learning_rows.hpp"
#include "qiao/json.hpp"
#include "qiao/utf8.hpp"

namespace qiao::bot {

const std::string_view kLearningTables = R"sql(
CREATE TABLE bot_question (
  id BIGINT NOT NULL PRIMARY KEY,
  contact BIGINT,
  conversation BIGINT NOT NULL,
  suggestion BIGINT,
  state INT NOT NULL,
  asked_at BIGINT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX bot_question_of ON bot_question (conversation, id);
CREATE INDEX bot_question_by_contact ON bot_question (contact);
CREATE INDEX bot_question_in ON bot_question (suggestion);
CREATE INDEX bot_question_by_state ON bot_question (state, asked_at);
CREATE TABLE bot_suggestion (
  id BIGINT NOT NULL PRIMARY KEY,
  state INT NOT NULL,
  entry VARCHAR(64) NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  changed_by VARCHAR(200) NOT NULL
);
CREATE INDEX bot_suggestion_by_state ON bot_suggestion (state, changed_at);
CREATE TABLE bot_rating (
  entry_key VARCHAR(64) NOT NULL PRIMARY KEY,
  up BIGINT NOT NULL,
  down BIGINT NOT NULL
)
)sql";

namespace {

using contract::AskBot;
using contract::Author;
using contract::BotAnswer;

constexpr double kSameQuestion = 0.6;
constexpr double kSameAnswer = 0.5;
constexpr double kSimilar = 0.15;  // an entry worth showing beside a suggestion
constexpr std::size_t kMostSimilar = 3;
constexpr std::size_t kContextTurns = 4;
constexpr std::size_t kMostQuestions = 20;
constexpr int kMostCompared = 500;
constexpr int kMostShown = 500;
constexpr int kMostUnanswered = 5000;
constexpr std::size_t kLongestTurn = 300;
constexpr std::size_t kLongestQuestion = 500;
constexpr std::size_t kLongestAnswer = 8 * 1024;

/// Reasons of the bot for which an agent's answer is knowledge. A complaint is not.
bool can_be_learned(const std::string& reason) {
  constexpr std::string_view kReasons[] = {"no_match",   "low_score", "product_unknown",
                                           "not_helped", "repeated",  "outside_knowledge"};
  return std::find(std::begin(kReasons), std::end(kReasons), reason) != std::end(kReasons);
}
bool about_the_answer_before(const std::string& reason) {
  return reason == "not_helped" || reason == "repeated" || reason == "none_of_choices";
}

std::string cut(const std::string& text, std::size_t bytes) { return std::string(utf8_head(text, bytes)); }

Error decided(Id suggestion) {
  return {Errc::conflict, "bot.suggestion_decided",
          "suggestion " + suggestion.str() + " does not exist or was decided before"};
}

bool speaks_chinese(const std::string& text) { return make_plain(text).han; }

}  // namespace

Result<std::string> Learning::sealed(Session& session, const Kept& row) {
  return vault_.seal(session, row.contact, {"bot_question", "body", row.id.value}, to_json(row.body));
}

Result<std::vector<Learning::Kept>> Learning::kept(Session& session, std::string_view where, std::int64_t value,
                                                   std::int64_t other, int most) {
  std::vector<std::pair<Kept, std::string>> closed;
  {
    auto rows = session.query(
        fmt::format("SELECT id, contact, conversation, suggestion, state, asked_at, body FROM bot_question WHERE {} "
                    "ORDER BY id DESC LIMIT {}",
                    where, most),
        value, other);
    while (rows->next()) {
      closed.push_back({{rows->id(0),
                         rows->id(1),
                         rows->id(2),
                         rows->id(3),
                         static_cast<QuestionState>(rows->integer(4)),
                         rows->time(5),
                         {}},
                        rows->str(6)});
    }
    if (auto status = rows->status(); !status) return status.error();
  }
  std::vector<Kept> out;
  for (auto& [row, bytes] : closed) {
    auto plain = vault_.open(session, {"bot_question", "body", row.id.value}, bytes);
    if (!plain) continue;  // of somebody whose key was destroyed
    auto body = from_json<LearnedBody>(*plain);
    if (!body) return body.error();
    row.body = std::move(*body);
    out.push_back(std::move(row));
  }
  return out;
}

void Learning::could_not_answer(const AskBot& ask, const BotAnswer& answer) {
  if (!settings_().enabled || !can_be_learned(answer.reason) || ask.text.empty()) return;
  Kept row;
  row.id = new_id();
  row.contact = ask.contact;
  row.conversation = ask.conversation;
  row.at = clock_.now();
  row.body.site = ask.site;
  row.body.reason = answer.reason;
  row.body.entry = about_the_answer_before(answer.reason) ? answer.entry : "";
  row.body.group = answer.group;
  std::string question = ask.text;
  auto end = ask.recent.end();
  if (about_the_answer_before(answer.reason)) {
    // "没用" is said of the answer to what was asked before it.
    for (auto turn = ask.recent.rbegin(); turn != ask.recent.rend(); ++turn) {
      if (turn->author != Author::customer) continue;
      question = turn->text;
      end = turn.base() - 1;
      break;
    }
  }
  row.body.question = cut(personal_.removed(question), kLongestQuestion);
  const auto before = static_cast<std::size_t>(end - ask.recent.begin());
  for (auto turn = ask.recent.begin() + static_cast<std::ptrdiff_t>(before - std::min(before, kContextTurns));
       turn != end; ++turn) {
    const char* who = turn->author == Author::customer ? "customer: "
                      : turn->author == Author::bot    ? "bot: "
                                                       : "agent: ";
    row.body.context.push_back(who + cut(personal_.removed(turn->text), kLongestTurn));
  }
  db_.write(
      static_cast<std::uint64_t>(ask.conversation.value),
      [this, row](Session& session) -> Result<void> {
        // The inbox asks again after a restart.
        auto last = kept(session, "conversation = ? AND state = ?", row.conversation.value,
                         static_cast<std::int64_t>(QuestionState::unanswered), 1);
        if (!last) return last.error();
        if (!last->empty() && last->front().body.question == row.body.question) return {};
        auto bytes = sealed(session, row);
        if (!bytes) return bytes.error();
        auto done = session.run(
            "INSERT INTO bot_question (id, contact, conversation, suggestion, state, asked_at, body) VALUES (?, ?, ?, "
            "NULL, ?, ?, ?)",
            row.id, row.contact, row.conversation, row.state, row.at, SqlArg::blob(*bytes));
        if (!done) return done.error();
        return {};
      },
      [this](const Result<void>& done) {
        if (!done) log_.warn("an unanswered question could not be kept: {}", done.error().message);
      },
      Priority::background);
}

void Learning::rated(const std::string& entry, bool helped) {
  db_.write(
      0,
      [entry, helped](Session& session) -> Result<void> {
        auto changed = session.run(helped ? "UPDATE bot_rating SET up = up + 1 WHERE entry_key = ?"
                                          : "UPDATE bot_rating SET down = down + 1 WHERE entry_key = ?",
                                   entry);
        if (!changed) return changed.error();
        if (*changed > 0) return {};
        auto added =
            session.run("INSERT INTO bot_rating (entry_key, up, down) VALUES (?, ?, ?)", entry, helped, !helped);
        if (!added) return added.error();
        return {};
      },
      [this](const Result<void>& done) {
        if (!done) log_.warn("a customer's rating could not be kept: {}", done.error().message);
      },
      Priority::background);
}

Result<void> Learning::agent_wrote(const contract::MessageStored& stored) {
  const contract::MessageView& message = stored.message;
  if (!settings_().enabled || message.author != Author::agent || message.note || !is_answer(message.content.text)) {
    return {};
  }
  std::vector<Kept> open;
  std::vector<Kept> others;
  auto read = db_.read([&](Session& session) -> Result<void> {
    auto found = kept(session, "conversation = ? AND state <= ?", message.conversation.value,
                      static_cast<std::int64_t>(QuestionState::answered), 1);
    if (!found) return found.error();
    open = std::move(*found);
    if (open.empty()) return {};
    auto answered = kept(session, "state = ? AND id <> ?", static_cast<std::int64_t>(QuestionState::answered),
                         open[0].id.value, kMostCompared);
    if (!answered) return answered.error();
    others = std::move(*answered);
    return {};
  });
  if (!read || open.empty()) return read;
  Kept row = std::move(open[0]);
  const bool goes_on = row.state == QuestionState::answered;
  // What an agent says later, after the customer wrote again, is about something else.
  if (goes_on && message.seq != row.body.answer_seq + 1) return {};

  const std::string names[] = {stored.conversation.contact_name, stored.conversation.agent_name, message.author_name};
  const std::string answer = personal_.removed(message.content.text, names);
  row.body.question = personal_.removed(row.body.question, names);
  row.body.answer = cut(goes_on ? row.body.answer + "\n" + answer : answer, kLongestAnswer);
  row.body.answer_seq = message.seq;
  row.body.agent = message.author_name;
  if (!stored.conversation.group.empty()) row.body.group = stored.conversation.group;
  bool fresh = false;
  if (!goes_on) {
    const auto own = features(make_plain(row.body.question));
    double best = kSameQuestion;
    for (const Kept& other : others) {
      if (other.body.site != row.body.site || other.body.entry != row.body.entry) continue;
      const double score = likeness(own, features(make_plain(other.body.question)));
      if (score >= best && other.suggestion) {
        best = score;
        row.suggestion = other.suggestion;
      }
    }
    fresh = row.suggestion.empty();
    if (fresh) row.suggestion = new_id();
  }
  const Time now = clock_.now();
  auto written = db_.write_and_wait([&](Session& session) -> Result<void> {
    auto bytes = sealed(session, row);
    if (!bytes) return bytes.error();
    auto changed = session.run("UPDATE bot_question SET suggestion = ?, state = ?, body = ? WHERE id = ?",
                               row.suggestion, QuestionState::answered, SqlArg::blob(*bytes), row.id);
    if (!changed) return changed.error();
    auto done = fresh ? session.run(
                            "INSERT INTO bot_suggestion (id, state, entry, created_at, changed_at, changed_by) VALUES "
                            "(?, ?, ?, ?, ?, '')",
                            row.suggestion, SuggestionState::open, row.body.entry, now, now)
                      : session.run("UPDATE bot_suggestion SET changed_at = ? WHERE id = ?", now, row.suggestion);
    if (!done) return done.error();
    return {};
  });
  if (!written) return written;
  return settings_().accept == Accept::automatic ? accept_by_itself(row.suggestion) : Result<void>{};
}

Result<void> Learning::accept_by_itself(Id id) {
  auto found = find(id);
  if (!found) return found.error();
  if (!*found || (*found)->state != SuggestionState::open) return {};
  const Suggestion& s = **found;
  const auto needed = static_cast<std::size_t>(settings_().accept_after);
  if (s.given.size() < needed || !s.entry.empty()) return {};
  // Agents who say different things, or what an entry says already, are a supervisor's business.
  const auto newest = features(make_plain(s.given[0].answer));
  for (std::size_t i = 1; i < needed; ++i) {
    if (likeness(newest, features(make_plain(s.given[i].answer))) < kSameAnswer) return {};
  }
  if (std::any_of(s.similar.begin(), s.similar.end(), [](const SimilarEntry& e) { return e.same_question; })) return {};
  auto made = accept({id, "", "", s.questions, s.answer, s.group, "", 0}, "");
  if (!made && made.error().code != Errc::conflict) return made.error();
  if (made) log_.info("the bot learned an answer, entry={}", made->key);
  return {};
}

Result<std::optional<Suggestion>> Learning::find(Id id) {
  std::optional<Suggestion> out;
  auto read = db_.read([&](Session& session) -> Result<void> {
    {
      auto rows =
          session.query("SELECT state, entry, created_at, changed_at, changed_by FROM bot_suggestion WHERE id = ?", id);
      if (!rows->next()) return rows->status();
      out.emplace();
      out->id = id;
      out->state = static_cast<SuggestionState>(rows->integer(0));
      out->entry = rows->str(1);
      out->created_at = rows->time(2);
      out->changed_at = rows->time(3);
      out->changed_by = rows->str(4);
    }
    auto given = kept(session, "suggestion = ? AND state <> ?", id.value, -1, kMostShown);
    if (!given) return given.error();
    for (Kept& row : *given) {
      LearnedBody& body = row.body;
      if (out->given.empty()) {
        out->site = body.site;
        out->reason = body.reason;
        out->answer = body.answer;
        out->group = body.group;
      }
      const bool known = std::find(out->questions.begin(), out->questions.end(), body.question) != out->questions.end();
      if (!known && out->questions.size() < kMostQuestions) out->questions.push_back(body.question);
      out->given.push_back({row.conversation, std::move(body.question), std::move(body.context), std::move(body.answer),
                            std::move(body.agent), row.at});
    }
    return {};
  });
  if (!read) return read.error();
  if (!out || out->state != SuggestionState::open) return out;
  out->similar = similar_to(*out);
  auto rated = db_.read([&](Session& session) -> Result<void> {
    for (SimilarEntry& entry : out->similar) {
      auto rows = session.query("SELECT up, down FROM bot_rating WHERE entry_key = ?", entry.key);
      if (rows->next()) {
        entry.up = rows->integer(0);
        entry.down = rows->integer(1);
      }
      if (auto status = rows->status(); !status) return status;
    }
    return {};
  });
  if (!rated) return rated.error();
  return out;
}

std::vector<SimilarEntry> Learning::similar_to(const Suggestion& s) const {
  std::vector<SimilarEntry> out;
  const auto matcher = knowledge_.matcher();
  for (const std::string& question : s.questions) {
    for (const Match& match : matcher->best(make_plain(question), s.site, kMostSimilar)) {
      if (match.score < kSimilar) continue;
      const KnowledgeEntry& entry = *match.entry;
      const bool same = std::string_view(match.reason) == "exact";
      const auto known =
          std::find_if(out.begin(), out.end(), [&](const SimilarEntry& e) { return e.key == entry.key; });
      if (known != out.end()) {
        known->score = std::max(known->score, match.score);
        known->same_question = known->same_question || same;
        continue;
      }
      out.push_back({entry.key, entry.questions.front(), entry.answer_zh.empty() ? entry.answer_en : entry.answer_zh,
                     match.score, same});
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  if (out.size() > kMostSimilar) out.resize(kMostSimilar);
  return out;
}

Result<std::vector<Suggestion>> Learning::suggestions(SuggestionState state) {
  std::vector<Id> ids;
  auto read = db_.read([&](Session& session) -> Result<void> {
    auto rows =
        session.query("SELECT id FROM bot_suggestion WHERE state = ? ORDER BY changed_at DESC LIMIT 200", state);
    while (rows->next()) ids.push_back(rows->id(0));
    return rows->status();
  });
  if (!read) return read.error();
  std::vector<Suggestion> out;
  for (const Id id : ids) {
    auto found = find(id);
    if (!found) return found.error();
    if (*found && !(*found)->given.empty()) out.push_back(std::move(**found));
  }
  // What was answered most often is worth most.
  std::stable_sort(out.begin(), out.end(),
                   [](const Suggestion& a, const Suggestion& b) { return a.given.size() > b.given.size(); });
  return out;
}

Result<void> Learning::move(Session& session, Id suggestion, SuggestionState state, const std::string& entry,
                            const std::string& by) {
  auto moved = session.run(
      "UPDATE bot_suggestion SET state = ?, entry = ?, changed_at = ?, changed_by = ? WHERE id = ? AND state = ?",
      state, entry, clock_.now(), by, suggestion, SuggestionState::open);
  if (!moved) return moved.error();
  if (*moved == 0) return decided(suggestion);
  const bool gone = state == SuggestionState::dismissed;
  auto rows = session.run("UPDATE bot_question SET state = ? WHERE suggestion = ?",
                          gone ? QuestionState::dismissed : QuestionState::learned, suggestion);
  if (!rows) return rows.error();
  return {};
}

std::string Learning::key_of(const AcceptSuggestion& wish) {
  if (!wish.entry.empty()) return wish.entry;
  return wish.key.empty() ? "learned-" + wish.id.str() : wish.key;
}

Result<KnowledgeEntry> Learning::accept(const AcceptSuggestion& wish, const std::string& by) {
  auto found = find(wish.id);
  if (!found) return found.error();
  if (!*found || (*found)->state != SuggestionState::open) return decided(wish.id);
  const Suggestion& s = **found;
  KnowledgeEntry entry;
  const bool improves = !wish.entry.empty();
  if (improves) {
    const auto known = knowledge_.entries();
    const auto& all = *known;
    const auto old = std::find_if(all.begin(), all.end(), [&](const auto& e) { return e.key == wish.entry; });
    if (old == all.end()) {
      return Error{Errc::not_found, "bot.unknown_entry", "there is no knowledge entry \"" + wish.entry + "\""};
    }
    entry = *old;
  } else {
    entry.key = key_of(wish);
    entry.site = s.site;
    entry.group = wish.group;
  }
  for (const std::string& question : wish.questions) {
    const bool known = std::find(entry.questions.begin(), entry.questions.end(), question) != entry.questions.end();
    if (!known) entry.questions.push_back(question);
  }
  if (!wish.answer.empty()) (speaks_chinese(wish.answer) ? entry.answer_zh : entry.answer_en) = wish.answer;
  auto saved = improves ? knowledge_.replace(entry, by) : knowledge_.create(entry, by);
  if (!saved) return saved;
  auto moved = db_.write_and_wait([&](Session& session) {
    return move(session, wish.id, improves ? SuggestionState::improved : SuggestionState::accepted, entry.key, by);
  });
  if (!moved) return moved.error();
  return saved;
}

Result<void> Learning::dismiss(Id suggestion, const std::string& by) {
  return db_.write_and_wait(
      [&](Session& session) { return move(session, suggestion, SuggestionState::dismissed, "", by); });
}

Result<std::vector<OpenQuestion>> Learning::unanswered(Time since) {
  std::vector<OpenQuestion> out;
  auto read = db_.read([&](Session& session) -> Result<void> {
    auto rows = kept(session, "asked_at >= ? AND state <= ?", to_micros(since),
                     static_cast<std::int64_t>(QuestionState::answered), kMostUnanswered);
    if (!rows) return rows.error();
    for (Kept& row : *rows) {
      if (row.body.entry.empty()) out.push_back({row.id, row.conversation, std::move(row.body.question), row.at});
    }
    return {};
  });
  if (!read) return read.error();
  return out;
}

Result<void> Learning::dismiss_questions(const std::vector<Id>& questions) {
  return db_.write_and_wait([&](Session& session) -> Result<void> {
    for (const Id id : questions) {
      auto done = session.run("UPDATE bot_question SET state = ? WHERE id = ? AND state <= ?", QuestionState::dismissed,
                              id, QuestionState::answered);
      if (!done) return done.error();
    }
    return {};
  });
}

}  // namespace qiao::bot
