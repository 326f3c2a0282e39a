#include "plugins/web/visitor_rest.hpp"

#include "qiao/json.hpp"

namespace qiao::web {
namespace {

using namespace std::chrono_literals;
using Request = std::shared_ptr<const HttpRequest>;

constexpr std::size_t kMultipartOverhead = 64 * 1024;
constexpr std::size_t kUsualBody = 256;  // of an answer

struct NewSession {
  std::string site;
  std::string language;
};
QIAO_FIELDS(NewSession, site, language)

struct SessionMade {
  std::string token;
  Id visitor;
};
QIAO_FIELDS(SessionMade, token, visitor)

struct VisitorPost {
  std::string id;
  std::string text;
  std::vector<Id> attachments;
};
QIAO_FIELDS(VisitorPost, id, text, attachments)

struct VisitorIdentity {
  std::string identity;
  std::string name;
  std::string phone;
  std::string email;
  std::string user;
  std::string user_hash;
};
QIAO_FIELDS(VisitorIdentity, identity, name, phone, email, user, user_hash)

struct Identified {
  bool verified = false;
};
QIAO_FIELDS(Identified, verified)

struct HistoryQuery {
  std::int64_t after = 0;
  std::int32_t limit = 100;
};
QIAO_FIELDS(HistoryQuery, after, limit)

/// The answer as it goes out: with what lets a page of a known site read it.
class Answer {
 public:
  Answer(const Services& services, const HttpRequest& request, HttpReply reply) : reply_(std::move(reply)) {
    const std::string_view origin = request.header("origin");
    if (!origin.empty() && services.origin_ok(origin)) origin_ = origin;
  }
  void problem(const Error& error) const { send(HttpResponse::problem(error)); }
  void json(std::string body) const { send({.body = std::move(body)}); }
  template <class T>
  void record(const T& value) const {
    std::string body;
    body.reserve(kUsualBody);
    to_json(type_of<T>(), &value, body);
    json(std::move(body));
  }
  void send(HttpResponse response) const {
    if (!origin_.empty()) {
      response.headers.emplace_back("Access-Control-Allow-Origin", origin_);
      response.headers.emplace_back("Vary", "Origin");
    }
    response.headers.emplace_back("Cache-Control", "no-store");
    reply_(std::move(response));
  }

 private:
  HttpReply reply_;
  std::string origin_;
};

void preflight(Http& http, const std::shared_ptr<Services>& services, const std::string& path) {
  http.raw({.method = "OPTIONS",
            .path = path,
            .access = Access::anyone(),
            .summary = "Which pages may call this",
            .run = Run::direct},
           [services](const Request& request, const HttpReply& reply) {
             HttpResponse response{.status = 204,
                                   .content_type = "",
                                   .body = "",
                                   .headers = {{"Access-Control-Allow-Methods", "GET, POST"},
                                               {"Access-Control-Allow-Headers", "authorization, content-type"},
                                               {"Access-Control-Max-Age", "600"}}};
             Answer(*services, *request, reply).send(std::move(response));
           });
}

void accept(Services& services, contract::AcceptMessage message, Answer answer) {
  services.bus.request(std::move(message), 10s,
                       [answer = std::move(answer)](const Result<contract::Accepted>& accepted) {
                         if (!accepted) return answer.problem(accepted.error());
                         answer.record(*accepted);
                       });
}

void post_message(const std::shared_ptr<Services>& services, const VisitorPost& post, const Request& request,
                  const HttpReply& reply) {
  Answer answer(*services, *request, reply);
  auto pass = services->visitor(*request);
  if (!pass) return answer.problem(pass.error());
  if (auto ok = check_message(post.id, post.text, post.attachments.size()); !ok) return answer.problem(ok.error());
  contract::AcceptMessage message;
  message.channel = services->channel;
  message.external_id = external_id(pass->visitor, post.id);
  message.user = pass->visitor.str();
  message.in_app = services->settings.sites.at(pass->site).in_app;
  message.site = std::move(pass->site);
  message.content.text = post.text;
  if (post.attachments.empty()) return accept(*services, std::move(message), std::move(answer));
  std::string owner = "v:" + message.user;
  services->files.resolve(post.attachments, std::move(owner),
                          [services, message = std::move(message),
                           answer = std::move(answer)](Result<std::vector<contract::Attachment>> attachments) mutable {
                            if (!attachments) return answer.problem(attachments.error());
                            message.content.attachments = std::move(*attachments);
                            accept(*services, std::move(message), std::move(answer));
                          });
}

void history(const std::shared_ptr<Services>& services, const HistoryQuery& query, const Request& request,
             const HttpReply& reply) {
  const Answer answer(*services, *request, reply);
  auto pass = services->visitor(*request);
  if (!pass) return answer.problem(pass.error());
  services->bus.request(
      contract::FindConversation{services->channel, pass->visitor.str()}, 5s,
      [services, query, answer](const Result<contract::ConversationView>& c) {
        if (!c) return answer.problem(c.error());
        if (!c->id) return answer.json(R"({"messages":[],"more":false})");
        services->bus.request(
            contract::GetTranscript{.conversation = c->id, .after = query.after, .limit = query.limit}, 10s,
            [services, answer](const Result<contract::Transcript>& t) {
              if (!t) return answer.problem(t.error());
              std::string body = R"({"messages":[)";
              for (const auto& message : t->messages) {
                if (body.back() == '}') body += ',';
                body += visitor_message_object(message, services->links);
              }
              body += t->more ? R"(],"more":true})" : R"(],"more":false})";
              answer.json(std::move(body));
            });
      });
}

void upload(const std::shared_ptr<Services>& services, const Request& request, const HttpReply& reply) {
  const Answer answer(*services, *request, reply);
  auto pass = services->visitor(*request);
  if (!pass) return answer.problem(pass.error());
  const std::string owner = "v:" + pass->visitor.str();
  if (!services->uploads.admit(owner, services->clock.steady())) {
    Error error{Errc::rate_limited, "too many uploads; try again later"};
    error.retry_after = 60s;
    return answer.problem(error);
  }
  auto kept = keep_upload(*services, *request, owner, services->settings.visitor_file_limit);
  if (!kept) return answer.problem(kept.error());
  answer.json(to_json(*kept));
}

void download(const std::shared_ptr<Services>& services, const Request& request, const HttpReply& reply) {
  const Error gone{Errc::not_found, "there is no such file, or the link is over: ask for the message again"};
  auto id = parse_id(request->param("id"));
  if (!id || !services->tokens.file_link_ok(*id, request->query_value("e"), request->query_value("s"),
                                            services->clock.now())) {
    return reply(HttpResponse::problem(gone));
  }
  auto file = services->files.open(*id);
  if (!file) return reply(HttpResponse::problem(gone));
  auto bytes = services->files.content(*file);
  if (!bytes) {
    services->log.error("an uploaded file cannot be read: {}, file={}", bytes.error().message, id->str());
    return reply(HttpResponse::problem(gone));
  }
  HttpResponse response{.content_type = file->about.media_type, .body = std::move(*bytes)};
  response.headers = {{"Content-Disposition", content_disposition(file->about.name)},
                      {"Content-Security-Policy", "default-src 'none'; sandbox"},
                      {"Cross-Origin-Resource-Policy", "cross-origin"},
                      {"Cache-Control", "private, max-age=300"}};
  reply(std::move(response));
}

}  // namespace

void add_visitor_routes(Http& http, const std::shared_ptr<Services>& services) {
  http.route_reply<NewSession, SessionMade>(
      {.method = "POST",
       .path = "/api/v1/visitor/sessions",
       .access = Access::anyone(),
       .summary = "A token for a new visitor",
       .run = Run::direct},
      [services](const NewSession& in, const Request& request, const HttpReply& reply) {
        const Answer answer(*services, *request, reply);
        const std::string site = in.site.empty() ? services->settings.sites.begin()->first : in.site;
        if (!services->known_site(site)) return answer.problem({Errc::not_found, "this site is not known here"});
        if (!services->newcomers.admit(request->remote, services->clock.steady())) {
          Error error{Errc::rate_limited, "too many new visitors from this address"};
          error.retry_after = 60s;
          return answer.problem(error);
        }
        const VisitorPass pass{new_id(), site, services->clock.now()};
        answer.json(to_json(SessionMade{services->tokens.visitor_token(pass), pass.visitor}));
      });
  http.route_reply<VisitorPost, contract::Accepted>(
      {.method = "POST",
       .path = "/api/v1/visitor/messages",
       .access = Access::anyone(),
       .summary = "Stores a customer's message; answered after the sync to disk. Bearer: the visitor's token",
       .run = Run::direct},
      [services](const VisitorPost& in, const Request& request, const HttpReply& reply) {
        post_message(services, in, request, reply);
      });
  http.route_reply<VisitorIdentity, Identified>(
      {.method = "POST",
       .path = "/api/v1/visitor/identify",
       .access = Access::anyone(),
       .summary = "Who the visitor is, signed by the site or as they say. Bearer: the visitor's token",
       .run = Run::direct},
      [services](const VisitorIdentity& in, const Request& request, const HttpReply& reply) {
        const Answer answer(*services, *request, reply);
        auto pass = services->visitor(*request);
        if (!pass) return answer.problem(pass.error());
        ClientFrame frame;
        frame.identity = in.identity;
        frame.name = in.name;
        frame.phone = in.phone;
        frame.email = in.email;
        frame.user = in.user;
        frame.user_hash = in.user_hash;
        identify(*services, *pass, frame, [answer](const Result<bool>& proven) {
          if (!proven) return answer.problem(proven.error());
          answer.json(to_json(Identified{*proven}));
        });
      });
  http.route_reply<HistoryQuery, contract::Transcript>(
      {.method = "GET",
       .path = "/api/v1/visitor/messages",
       .access = Access::anyone(),
       .summary = "Messages of the visitor's newest conversation after a seq",
       .run = Run::direct},
      [services](const HistoryQuery& in, const Request& request, const HttpReply& reply) {
        history(services, in, request, reply);
      });
  http.raw({.method = "POST",
            .path = "/api/v1/visitor/files",
            .access = Access::anyone(),
            .summary = "Uploads a file (multipart field `file`). Bearer: the visitor's token",
            .run = Run::blocking,
            .max_body = services->settings.visitor_file_limit.count + kMultipartOverhead},
           [services](const Request& request, const HttpReply& reply) { upload(services, request, reply); });
  http.raw({.method = "GET",
            .path = "/api/v1/files/{id}",
            .access = Access::anyone(),
            .summary = "A file by its signed link",
            .run = Run::blocking},
           [services](const Request& request, const HttpReply& reply) { download(services, request, reply); });
  for (const char* path :
       {"/api/v1/visitor/sessions", "/api/v1/visitor/messages", "/api/v1/visitor/files", "/api/v1/visitor/identify"}) {
    preflight(http, services, path);
  }
}

}  // namespace qiao::web
