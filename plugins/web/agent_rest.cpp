#include "plugins/web/agent_rest.hpp"

#include "qiao/contract/access.hpp"
#include "qiao/json.hpp"

namespace qiao::web {
namespace {

using namespace std::chrono_literals;
using Request = std::shared_ptr<const HttpRequest>;

struct MessagesQuery {
  Id id;
  std::int64_t after = 0;
  std::int64_t before = 0;
  std::int32_t limit = 50;
};
QIAO_FIELDS(MessagesQuery, id, after, before, limit)

struct AgentPost {
  Id id;
  std::string client_id;
  std::string text;
  bool note = false;
  std::vector<Id> attachments;
};
QIAO_FIELDS(AgentPost, id, client_id, text, note, attachments)

/// Runs `then` with the conversation if whoever asks may see it.
template <class F>
void with_conversation(const std::shared_ptr<Services>& services, Id id, const Request& request, const HttpReply& reply,
                       F then) {
  services->bus.request(contract::GetConversation{id}, 5s,
                        [request, reply, then = std::move(then)](const Result<contract::ConversationView>& c) {
                          if (!c) return reply(HttpResponse::problem(c.error()));
                          if (!contract::may_see(request->principal, *c)) {
                            return reply(HttpResponse::problem({Errc::not_found, "there is no such conversation"}));
                          }
                          then(*c);
                        });
}

void messages(const std::shared_ptr<Services>& services, const MessagesQuery& query, const Request& request,
              const HttpReply& reply) {
  with_conversation(services, query.id, request, reply, [services, query, reply](const contract::ConversationView& c) {
    // Without a place to start from, the newest ones.
    const std::int64_t before = query.after == 0 && query.before == 0 ? c.last_seq + 1 : query.before;
    services->bus.request(
        contract::GetTranscript{
            .conversation = c.id, .after = query.after, .before = before, .limit = query.limit, .notes = true},
        10s, [services, reply](const Result<contract::Transcript>& t) {
          if (!t) return reply(HttpResponse::problem(t.error()));
          HttpResponse response{.body = R"({"messages":[)"};
          for (const auto& message : t->messages) {
            if (response.body.back() == '}') response.body += ',';
            response.body += agent_message_object(message, services->links);
          }
          response.body += t->more ? R"(],"more":true})" : R"(],"more":false})";
          reply(std::move(response));
        });
  });
}

void post(const std::shared_ptr<Services>& services, const AgentPost& in, const Request& request,
          const HttpReply& reply) {
  if (auto ok = check_message(in.client_id, in.text, in.attachments.size()); !ok) {
    return reply(HttpResponse::problem(ok.error()));
  }
  with_conversation(services, in.id, request, reply, [services, in, request, reply](const contract::ConversationView&) {
    const Principal& who = request->principal;
    services->files.resolve(in.attachments, "a:" + who.id.str(),
                            [services, in, request, reply](Result<std::vector<contract::Attachment>> files) {
                              if (!files) return reply(HttpResponse::problem(files.error()));
                              contract::WriteMessage ask;
                              ask.conversation = in.id;
                              ask.author_id = request->principal.id;
                              ask.author_name = request->principal.name;
                              ask.note = in.note;
                              ask.content = {.text = in.text, .attachments = std::move(*files)};
                              ask.client_id = in.client_id;
                              services->bus.request(std::move(ask), 10s,
                                                    [reply](const Result<contract::Accepted>& accepted) {
                                                      if (!accepted)
                                                        return reply(HttpResponse::problem(accepted.error()));
                                                      reply({.body = to_json(*accepted)});
                                                    });
                            });
  });
}

}  // namespace

void add_agent_routes(Http& http, const std::shared_ptr<Services>& services) {
  const Access access = Access::needs(contract::permission::kConversations);
  http.route_reply<MessagesQuery, contract::Transcript>(
      {.method = "GET",
       .path = "/api/v1/conversations/{id}/messages",
       .access = access,
       .summary = "Messages of a conversation, private notes included: after a seq, or the last ones before one",
       .run = Run::direct},
      [services](const MessagesQuery& in, const Request& request, const HttpReply& reply) {
        messages(services, in, request, reply);
      });
  http.route_reply<AgentPost, contract::Accepted>(
      {.method = "POST",
       .path = "/api/v1/conversations/{id}/messages",
       .access = access,
       .summary = "A reply or a private note; answered after the sync to disk",
       .run = Run::direct},
      [services](const AgentPost& in, const Request& request, const HttpReply& reply) {
        post(services, in, request, reply);
      });
  http.raw({.method = "POST",
            .path = "/api/v1/files",
            .access = access,
            .summary = "Uploads a file (multipart field `file`)",
            .run = Run::blocking,
            .max_body = services->settings.agent_file_limit.count + 64 * 1024},
           [services](const Request& request, const HttpReply& reply) {
             auto kept = keep_upload(*services, *request, "a:" + request->principal.id.str(),
                                     services->settings.agent_file_limit);
             if (!kept) return reply(HttpResponse::problem(kept.error()));
             reply({.body = to_json(*kept)});
           });
}

}  // namespace qiao::web
