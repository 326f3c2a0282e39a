#include "plugins/bot/learning_routes.hpp"

#include "qiao/contract/access.hpp"

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

}  // namespace

void add_learning_routes(Http& http, Learning& learning, const Clock& clock) {
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
      [&](const AcceptSuggestion& in, const HttpRequest& request) {
        return learning.accept(in, request.principal.name);
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
