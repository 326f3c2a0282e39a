#include "plugins/bot/routes.hpp"

#include "plugins/bot/knowledge_check.hpp"
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
  std::string channel;
};
QIAO_FIELDS(TryQuestion, text, language, site, channel)

struct Candidate {
  std::string key;
  std::string title;
  double score = 0;
  std::string reason;
  std::string question;  ///< the entry's question that is most like the text
  std::string keyword;   ///< the rule of its keywords that holds
};
QIAO_FIELDS(Candidate, key, title, score, reason, question, keyword)

struct TryAnswer {
  contract::BotAnswer answer;
  std::vector<Candidate> candidates;  ///< best first
  double threshold = 0;               ///< what is below it is not answered
};
QIAO_FIELDS(TryAnswer, answer, candidates, threshold)

struct VersionList {
  std::vector<EntryVersion> versions;
};
QIAO_FIELDS(VersionList, versions)

struct RestoreEntry {
  std::string key;
  std::int64_t version = 0;
};
QIAO_FIELDS(RestoreEntry, key, version)

struct DraftList {
  std::vector<Draft> drafts;
};
QIAO_FIELDS(DraftList, drafts)

struct WarningList {
  std::vector<Warning> warnings;
};
QIAO_FIELDS(WarningList, warnings)

void add_version_routes(Http& http, KnowledgeBase& knowledge) {
  http.route<EntryPath, VersionList>({.method = "GET",
                                      .path = "/api/v1/knowledge/{key}/versions",
                                      .access = Access::needs(may::kKnowledgeRead),
                                      .summary = "What an entry was, newest first; of one that was removed too",
                                      .tag = "knowledge"},
                                     [&](const EntryPath& in, const HttpRequest&) -> Result<VersionList> {
                                       auto versions = knowledge.versions(in.key);
                                       if (!versions) return versions.error();
                                       return VersionList{std::move(*versions)};
                                     });
  http.route<RestoreEntry, KnowledgeEntry>({.method = "POST",
                                            .path = "/api/v1/knowledge/{key}/restore",
                                            .access = Access::needs(may::kKnowledgeEdit),
                                            .summary = "Make an earlier version the one that customers get",
                                            .tag = "knowledge"},
                                           [&](const RestoreEntry& in, const HttpRequest& request) {
                                             return knowledge.restore(in.key, in.version, Editor(request));
                                           });
  http.route<KnowledgeEntry, WarningList>(
      {.method = "POST",
       .path = "/api/v1/knowledge/check",
       .access = Access::needs(may::kKnowledgeRead),
       .summary = "What of an entry repeats, contradicts or hides another one; nothing is saved",
       .tag = "knowledge"},
      [&](const KnowledgeEntry& in, const HttpRequest&) -> Result<WarningList> {
        return WarningList{warnings_of(in, *knowledge.entries(), *knowledge.matcher())};
      });
}

void add_draft_routes(Http& http, KnowledgeBase& knowledge) {
  http.route<Nothing, DraftList>({.method = "GET",
                                  .path = "/api/v1/knowledge-drafts",
                                  .access = Access::needs(may::kKnowledgeRead),
                                  .summary = "Entries that somebody wrote and customers do not get yet",
                                  .tag = "knowledge"},
                                 [&](const Nothing&, const HttpRequest&) -> Result<DraftList> {
                                   auto drafts = knowledge.drafts();
                                   if (!drafts) return drafts.error();
                                   return DraftList{std::move(*drafts)};
                                 });
  http.route<Draft, Draft>(
      {.method = "POST",
       .path = "/api/v1/knowledge-drafts",
       .access = Access::needs(may::kKnowledgeRead),
       .summary = "Keep an entry as a draft, or hand it in for review; replaces an earlier draft",
       .tag = "knowledge"},
      [&](const Draft& in, const HttpRequest& request) { return knowledge.put_draft(in, Editor(request)); });
  http.route<EntryPath, Nothing>({.method = "DELETE",
                                  .path = "/api/v1/knowledge-drafts/{key}",
                                  .access = Access::needs(may::kKnowledgeRead),
                                  .summary = "Throw a draft away",
                                  .tag = "knowledge"},
                                 [&](const EntryPath& in, const HttpRequest& request) -> Result<Nothing> {
                                   if (auto done = knowledge.drop_draft(in.key, Editor(request)); !done)
                                     return done.error();
                                   return Nothing{};
                                 });
  http.route<EntryPath, KnowledgeEntry>(
      {.method = "POST",
       .path = "/api/v1/knowledge-drafts/{key}/publish",
       .access = Access::needs(may::kKnowledgeEdit),
       .summary = "Make a draft what customers get",
       .tag = "knowledge"},
      [&](const EntryPath& in, const HttpRequest& request) { return knowledge.publish(in.key, Editor(request)); });
}

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
  http.route<KnowledgeEntry, KnowledgeEntry>(
      {.method = "POST",
       .path = "/api/v1/knowledge",
       .access = Access::needs(may::kKnowledgeEdit),
       .summary = "Add an entry; the next customer gets it",
       .tag = "knowledge"},
      [&](const KnowledgeEntry& in, const HttpRequest& request) { return knowledge.create(in, Editor(request)); });
  http.route<KnowledgeEntry, KnowledgeEntry>(
      {.method = "PUT",
       .path = "/api/v1/knowledge/{key}",
       .access = Access::needs(may::kKnowledgeEdit),
       .summary = "Replace an entry",
       .tag = "knowledge"},
      [&](const KnowledgeEntry& in, const HttpRequest& request) { return knowledge.replace(in, Editor(request)); });
  http.route<EntryPath, Nothing>({.method = "DELETE",
                                  .path = "/api/v1/knowledge/{key}",
                                  .access = Access::needs(may::kKnowledgeEdit),
                                  .summary = "Forget an entry",
                                  .tag = "knowledge"},
                                 [&](const EntryPath& in, const HttpRequest& request) -> Result<Nothing> {
                                   if (auto done = knowledge.remove(in.key, Editor(request)); !done)
                                     return done.error();
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
        ask.channel = in.channel;
        TryAnswer out;
        out.answer = Brain(*matcher, settings()).answer(ask);
        out.threshold = settings().threshold;
        const Plain text = make_plain(in.text);
        for (const Match& m : matcher->best(text, in.site, 5)) {
          Matcher::Why why = matcher->explain(text, *m.entry);
          out.candidates.push_back({m.entry->key, m.entry->questions.front(), m.score, m.reason,
                                    std::move(why.question), std::move(why.keyword)});
        }
        return out;
      });
  add_version_routes(http, knowledge);
  add_draft_routes(http, knowledge);
  add_exchange_routes(http, knowledge);
}

}  // namespace qiao::bot
