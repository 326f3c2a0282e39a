#include "plugins/bot/routes.hpp"

#include "qiao/contract/access.hpp"

namespace qiao::bot {
namespace {

namespace may = contract::permission;

struct KnowledgeSearch {
  std::string search;
};
QIAO_FIELDS(KnowledgeSearch, search)

struct KnowledgeList {
  std::vector<KnowledgeEntry> entries;
};
QIAO_FIELDS(KnowledgeList, entries)

struct EntryPath {
  std::string key;
};
QIAO_FIELDS(EntryPath, key)

struct TryQuestion {
  std::string text;
  std::string language;
  std::string site;
};
QIAO_FIELDS(TryQuestion, text, language, site)

struct Candidate {
  std::string key;
  std::string title;
  double score = 0;
  std::string reason;
};
QIAO_FIELDS(Candidate, key, title, score, reason)

struct TryAnswer {
  contract::BotAnswer answer;
  std::vector<Candidate> candidates;  ///< best first
};
QIAO_FIELDS(TryAnswer, answer, candidates)

}  // namespace

void add_routes(Http& http, KnowledgeBase& knowledge, std::function<BrainSettings()> settings) {
  http.route<KnowledgeSearch, KnowledgeList>(
      {.method = "GET",
       .path = "/api/v1/knowledge",
       .access = Access::needs(may::kKnowledgeRead),
       .summary = "What the bot knows; with `search` the entries that contain the text",
       .tag = "knowledge"},
      [&](const KnowledgeSearch& in, const HttpRequest&) -> Result<KnowledgeList> {
        return KnowledgeList{knowledge.search(in.search)};
      });
  http.route<KnowledgeEntry, KnowledgeEntry>({.method = "POST",
                                              .path = "/api/v1/knowledge",
                                              .access = Access::needs(may::kKnowledgeEdit),
                                              .summary = "Add an entry; the next customer gets it",
                                              .tag = "knowledge"},
                                             [&](const KnowledgeEntry& in, const HttpRequest& request) {
                                               return knowledge.create(in, request.principal.name);
                                             });
  http.route<KnowledgeEntry, KnowledgeEntry>({.method = "PUT",
                                              .path = "/api/v1/knowledge/{key}",
                                              .access = Access::needs(may::kKnowledgeEdit),
                                              .summary = "Replace an entry",
                                              .tag = "knowledge"},
                                             [&](const KnowledgeEntry& in, const HttpRequest& request) {
                                               return knowledge.replace(in, request.principal.name);
                                             });
  http.route<EntryPath, Nothing>({.method = "DELETE",
                                  .path = "/api/v1/knowledge/{key}",
                                  .access = Access::needs(may::kKnowledgeEdit),
                                  .summary = "Forget an entry",
                                  .tag = "knowledge"},
                                 [&](const EntryPath& in, const HttpRequest&) -> Result<Nothing> {
                                   if (auto done = knowledge.remove(in.key); !done) return done.error();
                                   return Nothing{};
                                 });
  http.route<TryQuestion, TryAnswer>(
      {.method = "POST",
       .path = "/api/v1/knowledge/try",
       .access = Access::needs(may::kKnowledgeRead),
       .summary = "What the bot would say to a text, and why",
       .tag = "knowledge"},
      [&knowledge, settings = std::move(settings)](const TryQuestion& in, const HttpRequest&) -> Result<TryAnswer> {
        const auto matcher = knowledge.matcher();
        contract::AskBot ask;
        ask.text = in.text;
        ask.language = in.language;
        ask.site = in.site;
        TryAnswer out;
        out.answer = Brain(*matcher, settings()).answer(ask);
        for (const Match& m : matcher->best(make_plain(in.text), in.site, 5)) {
          out.candidates.push_back({m.entry->key, m.entry->questions.front(), m.score, m.reason});
        }
        return out;
      });
}

}  // namespace qiao::bot
