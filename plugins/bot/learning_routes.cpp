#include "plugins/bot/learning_routes.hpp"

#include "qiao/contract/access.hpp"
#include "qiao/json.hpp"

namespace qiao::bot {
namespace {

namespace may = contract::permission;
constexpr std::size_t kMostTopics = 100;
constexpr std::size_t kMostExamples = 50;

struct SuggestionQuery {
  SuggestionState state = SuggestionState::open;
};
QIAO_FIELDS(SuggestionQuery, state)

struct SuggestionList {
  std::vector<Suggestion> suggestions;
};
QIAO_FIELDS(SuggestionList, suggestions)

struct SuggestionPath {
  Id id;
};
QIAO_FIELDS(SuggestionPath, id)

struct TopicQuery {
  std::int32_t days = 30;
};
QIAO_FIELDS(TopicQuery, days)

struct TopicQuestion {
  Id id;
  Id conversation;
  std::string text;
  Time at;
};
QIAO_FIELDS(TopicQuestion, id, conversation, text, at)

struct TopicView {
  std::string name;
  std::int32_t count = 0;
  std::vector<TopicQuestion> questions;  ///< newest first, at most 50
};
QIAO_FIELDS(TopicView, name, count, questions)

struct TopicList {
  std::int32_t questions = 0;
  std::vector<TopicView> topics;
};
QIAO_FIELDS(TopicList, questions, topics)

struct QuestionIds {
  std::vector<Id> questions;
};
QIAO_FIELDS(QuestionIds, questions)

Route editing(const char* method, const char* path, const char* summary) {
  return {.method = method,
          .path = path,
          .access = Access::needs(may::kKnowledgeEdit),
          .summary = summary,
          .tag = "learning"};
}

struct RolloutWish {
  std::string subject;
  Stage stage = Stage::staff;
  std::int32_t percent = 0;
  std::vector<Id> contacts;
  double threshold = 0;
};
QIAO_FIELDS(RolloutWish, subject, stage, percent, contacts, threshold)

struct RolloutSubject {
  std::string subject;
};
QIAO_FIELDS(RolloutSubject, subject)

struct RolloutList {
  std::vector<RolloutReport> rollouts;
};
QIAO_FIELDS(RolloutList, rollouts)

/// Empty when there is no such entry.
std::string entry_as_json(const KnowledgeBase& knowledge, const std::string& key) {
  const auto entries = knowledge.entries();
  for (const KnowledgeEntry& entry : *entries) {
    if (entry.key == key) return to_json(entry);
  }
  return {};
}

void add_rollout_routes(Http& http, Rollouts& rollouts, const KnowledgeBase& knowledge) {
  http.route<Nothing, RolloutList>(
      editing("GET", "/api/v1/learning/rollouts", "What is not for everybody yet, and how it goes"),
      [&](const Nothing&, const HttpRequest&) -> Result<RolloutList> {
        auto all = rollouts.report();
        if (!all) return all.error();
        return RolloutList{std::move(*all)};
      });
  http.route<RolloutWish, Nothing>(
      editing("POST", "/api/v1/learning/rollouts",
              "Begin one, or change its stage: changes of an entry are from now on only for those who have it"),
      [&](const RolloutWish& in, const HttpRequest& request) -> Result<Nothing> {
        Rollout rollout{in.subject, in.stage, in.percent, in.contacts, in.threshold, {}, {}, {}};
        if (in.subject.starts_with("entry:")) {
          rollout.before = entry_as_json(knowledge, in.subject.substr(6));
          if (rollout.before.empty())
            return Error{Errc::not_found, "bot.unknown_entry",
                         "there is no knowledge entry \"" + in.subject.substr(6) + "\""};
        }
        if (auto done = rollouts.set(std::move(rollout), request.principal.name); !done) return done.error();
        return Nothing{};
      });
  http.route<RolloutSubject, Nothing>(
      editing("POST", "/api/v1/learning/rollouts/back", "Take it back: everybody has what was before"),
      [&](const RolloutSubject& in, const HttpRequest& request) -> Result<Nothing> {
        if (auto done = rollouts.back(in.subject, Editor(request)); !done) return done.error();
        return Nothing{};
      });
}

}  // namespace

void add_learning_routes(Http& http, Learning& learning, Rollouts& rollouts, const KnowledgeBase& knowledge,
                         const Clock& clock) {
  add_rollout_routes(http, rollouts, knowledge);
  http.route<SuggestionQuery, SuggestionList>(
      editing("GET", "/api/v1/learning/suggestions", "What agents answered to questions that the bot could not"),
      [&](const SuggestionQuery& in, const HttpRequest&) -> Result<SuggestionList> {
        auto found = learning.suggestions(in.state);
        if (!found) return found.error();
        return SuggestionList{std::move(*found)};
      });
  http.route<AcceptSuggestion, KnowledgeEntry>(
      editing("POST", "/api/v1/learning/suggestions/{id}/accept",
              "Turn a suggestion into an entry, or with `entry` into a better one; the next customer gets it"),
      [&](const AcceptSuggestion& in, const HttpRequest& request) -> Result<KnowledgeEntry> {
        const std::string& by = request.principal.name;
        Rollout rollout;
        if (!in.stage.empty()) {
          if (in.stage != "staff" && in.stage != "share")
            return Error{Errc::bad_value, "bot.bad_rollout", "stage: expected staff, share or nothing"};
          rollout.subject = "entry:" + Learning::key_of(in);
          rollout.stage = in.stage == "staff" ? Stage::staff : Stage::share;
          rollout.percent = in.percent;
          rollout.before = entry_as_json(knowledge, Learning::key_of(in));
          if (auto done = rollouts.set(rollout, by); !done) return done.error();
        }
        auto made = learning.accept(in, by);
        if (!made && !in.stage.empty()) {
          rollout.stage = Stage::everybody;
          if (auto done = rollouts.set(rollout, by); !done) return done.error();
        }
        return made;
      });
  http.route<SuggestionPath, Nothing>(editing("POST", "/api/v1/learning/suggestions/{id}/dismiss", "Not worth knowing"),
                                      [&](const SuggestionPath& in, const HttpRequest& request) -> Result<Nothing> {
                                        if (auto done = learning.dismiss(in.id, request.principal.name); !done)
                                          return done.error();
                                        return Nothing{};
                                      });
  http.route<TopicQuery, TopicList>(
      editing("GET", "/api/v1/learning/topics", "What customers asked and the bot did not know, by topic"),
      [&](const TopicQuery& in, const HttpRequest&) -> Result<TopicList> {
        if (in.days < 1 || in.days > 365) {
          return Error{Errc::bad_value, "bot.bad_days", "days: expected 1 to 365"};
        }
        auto open = learning.unanswered(clock.now() - std::chrono::hours(24 * in.days));
        if (!open) return open.error();
        TopicList out;
        out.questions = static_cast<std::int32_t>(open->size());
        for (const Topic& topic : topics_of(*open)) {
          if (out.topics.size() == kMostTopics) break;
          TopicView& view = out.topics.emplace_back();
          view.name = topic.name;
          view.count = static_cast<std::int32_t>(topic.questions.size());
          for (const std::size_t q : topic.questions) {
            if (view.questions.size() == kMostExamples) break;
            const OpenQuestion& question = (*open)[q];
            view.questions.push_back({question.id, question.conversation, question.text, question.at});
          }
        }
        return out;
      });
  http.route<QuestionIds, Nothing>(
      editing("POST", "/api/v1/learning/topics/dismiss", "These questions are of no interest"),
      [&](const QuestionIds& in, const HttpRequest&) -> Result<Nothing> {
        if (auto done = learning.dismiss_questions(in.questions); !done) return done.error();
        return Nothing{};
      });
}

}  // namespace qiao::bot
