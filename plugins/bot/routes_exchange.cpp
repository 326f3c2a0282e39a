#include "plugins/bot/knowledge_exchange.hpp"
#include "plugins/bot/routes.hpp"
#include "qiao/contract/access.hpp"

namespace qiao::bot {
namespace {

namespace may = contract::permission;

struct VocabularyVersions {
  std::vector<VocabularyVersion> versions;
};
QIAO_FIELDS(VocabularyVersions, versions)

struct RestoreVocabulary {
  std::int64_t version = 0;
};
QIAO_FIELDS(RestoreVocabulary, version)

Result<Format> format_of(const HttpRequest& request) {
  const std::string_view name = request.query_value("format");
  if (name == "yaml") return Format::yaml;
  if (name == "csv") return Format::csv;
  if (name == "xlsx") return Format::xlsx;
  return Error{Errc::bad_value, "bot.bad_format", "format: expected yaml, csv or xlsx"};
}

HttpResponse file_of(const std::string& body, Format format) {
  constexpr const char* kTypes[] = {"application/yaml; charset=utf-8", "text/csv; charset=utf-8",
                                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"};
  constexpr const char* kNames[] = {"knowledge.yaml", "knowledge.csv", "knowledge.xlsx"};
  const auto index = static_cast<std::size_t>(format);
  HttpResponse response;
  response.content_type = kTypes[index];
  response.body = body;
  response.headers.emplace_back("content-disposition", std::string("attachment; filename=\"") + kNames[index] + "\"");
  return response;
}

}  // namespace

void add_exchange_routes(Http& http, KnowledgeBase& knowledge) {
  http.raw({.method = "GET",
            .path = "/api/v1/knowledge-export",
            .access = Access::needs(may::kKnowledgeEdit),
            .summary = "All entries as a file; `format` is yaml, csv or xlsx",
            .tag = "knowledge"},
           [&](const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
             const auto format = format_of(*request);
             if (!format) return reply(HttpResponse::problem(format.error()));
             reply(file_of(write_knowledge(*knowledge.entries(), *format), *format));
           });
  http.raw({.method = "POST",
            .path = "/api/v1/knowledge-import",
            .access = Access::needs(may::kKnowledgeEdit),
            .summary = "Add and change entries from a file in the body; with `apply=true`, else it says what would "
                       "happen. Entries that are not in the file stay",
            .max_body = std::size_t{8} << 20U,
            .tag = "knowledge"},
           [&](const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
             const auto format = format_of(*request);
             if (!format) return reply(HttpResponse::problem(format.error()));
             auto entries = parse_knowledge(request->body, *format);
             if (!entries) return reply(HttpResponse::problem(entries.error()));
             auto report =
                 knowledge.import(std::move(*entries), request->query_value("apply") == "true", Editor(*request));
             if (!report) return reply(HttpResponse::problem(report.error()));
             HttpResponse response;
             response.body = to_json(*report);
             reply(std::move(response));
           });
  http.route<Nothing, Vocabulary>({.method = "GET",
                                   .path = "/api/v1/vocabulary",
                                   .access = Access::needs(may::kKnowledgeRead),
                                   .summary = "The shop's synonyms, stop words and names of products",
                                   .tag = "knowledge"},
                                  [&](const Nothing&, const HttpRequest&) { return knowledge.vocabulary(); });
  http.route<Vocabulary, Vocabulary>(
      {.method = "PUT",
       .path = "/api/v1/vocabulary",
       .access = Access::needs(may::kKnowledgeEdit),
       .summary = "Replace the shop's words; holds for the next message",
       .tag = "knowledge"},
      [&](const Vocabulary& in, const HttpRequest& request) { return knowledge.put_vocabulary(in, Editor(request)); });
  http.route<Nothing, VocabularyVersions>({.method = "GET",
                                           .path = "/api/v1/vocabulary/versions",
                                           .access = Access::needs(may::kKnowledgeRead),
                                           .summary = "What the shop's words were, newest first",
                                           .tag = "knowledge"},
                                          [&](const Nothing&, const HttpRequest&) -> Result<VocabularyVersions> {
                                            auto versions = knowledge.vocabulary_versions();
                                            if (!versions) return versions.error();
                                            return VocabularyVersions{std::move(*versions)};
                                          });
  http.route<RestoreVocabulary, Vocabulary>({.method = "POST",
                                             .path = "/api/v1/vocabulary/restore",
                                             .access = Access::needs(may::kKnowledgeEdit),
                                             .summary = "Make earlier words the ones that hold",
                                             .tag = "knowledge"},
                                            [&](const RestoreVocabulary& in, const HttpRequest& request) {
                                              return knowledge.restore_vocabulary(in.version, Editor(request));
                                            });
}

}  // namespace qiao::bot
