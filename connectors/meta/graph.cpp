#include "connectors/meta/graph.hpp"

#include <fmt/format.h>

#include "connectors/channel/signing.hpp"
#include "connectors/platform/http_answer.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::meta {
namespace {

using namespace platform;
using namespace std::chrono_literals;

/// What the codes of both platforms ask for.
enum class Class { token, window, never, unsupported, rate, user_rate, quota, later, other };

Class class_of(std::int64_t code, std::int64_t subcode) {
  switch (code) {
    case 190:
    case 102:
    case 0:
      return Class::token;
    case 131047:
      return Class::window;
    case 10:
      return subcode == 2018278 ? Class::window : Class::never;
    case 551:
    case 131026:
      return Class::never;
    case 131051:
    case 131052:
    case 131053:
      return Class::unsupported;
    case 4:
    case 613:
    case 80006:
    case 80007:
    case 130429:
      return Class::rate;
    case 131056:
      return Class::user_rate;
    case 368:
    case 131048:
      return Class::quota;
    case 1:
    case 2:
    case 1200:
    case 131000:
    case 131016:
      return Class::later;
    default:
      return Class::other;
  }
}

}  // namespace

Result<void> verify(const std::string& app_secret, const HttpRequest& request) {
  const std::string expected = "sha256=" + channel::hex(channel::hmac_sha256(app_secret, request.body));
  if (channel::same(request.header("x-hub-signature-256"), expected)) return {};
  return Error{Errc::unauthorized, "meta.signature",
               "X-Hub-Signature-256 does not fit: compare app_secret with App settings > Basic > App secret"};
}

HttpResponse answer_challenge(const std::string& verify_token, const HttpRequest& request) {
  HttpResponse response;
  response.content_type = "text/plain";
  if (request.query_value("hub.mode") == "subscribe" &&
      channel::same(request.query_value("hub.verify_token"), verify_token)) {
    response.body = request.query_value("hub.challenge");
  } else {
    response.status = 403;
    response.body = "the verify token is not the one of this instance";
  }
  return response;
}

std::string appsecret_proof(const std::string& app_secret, const std::string& token) {
  return channel::hex(channel::hmac_sha256(app_secret, token));
}

std::string sentence(std::int64_t code, const std::string& said) {
  switch (class_of(code, 0)) {
    case Class::window:
      return fmt::format("the customer last wrote more than 24 hours ago; only templates get through (Meta {})", code);
    case Class::quota:
      return fmt::format("Meta holds messages of this account back for its quality or against its policy ({}: {})",
                         code, excerpt(said));
    default:
      break;
  }
  if (code == 131026)
    return fmt::format("the number does not take this message: no WhatsApp there, or too old (Meta {})", code);
  return fmt::format("Meta {}: {}", code, excerpt(said));
}

Error fault(std::string_view system, const OutboundResponse& response) {
  auto body = read_json(response.body, system);
  const Json& error = body ? at(*body, "error") : at(Json(), "");
  const std::string details = text(at(error, {"error_data", "details"}));
  const std::string said = details.empty() ? text(at(error, "message")) : details;
  const std::int64_t subcode = integer(at(error, "error_subcode"));
  Error plain = status_error(system, response, said);
  if (!at(error, "code").is_number_integer()) {
    return response.status == 401 ? channel::failure::token(plain.message) : plain;
  }
  const std::int64_t code = integer(at(error, "code"));
  const std::string says = sentence(code, said);
  const auto wait = [&](std::chrono::milliseconds usual) {
    return plain.retry_after.count() > 0 ? plain.retry_after : usual;
  };
  plain.id = fmt::format("{}.{}", system, code);
  plain.message = says;
  switch (class_of(code, subcode)) {
    case Class::token:
      return channel::failure::token(
          fmt::format("Meta does not take the access token any more: make a new one and set it ({})", says));
    case Class::window:
      return channel::failure::window_closed(fmt::format("the customer last wrote more than 24 hours ago ({})", says));
    case Class::never:
      plain.code = Errc::forbidden;
      return plain;
    case Class::unsupported:
      return channel::failure::unsupported(says);
    case Class::rate:
      plain.code = Errc::rate_limited;
      plain.retry_after = wait(30s);
      return plain;
    case Class::user_rate:
      return channel::failure::user_rate(says, wait(6s));
    case Class::quota:
      return channel::failure::quota(says, wait(1h));
    case Class::later:
      plain.code = Errc::unavailable;
      return plain;
    case Class::other:
      return plain;
  }
  return plain;
}

Graph::Graph(std::string system, const MetaSettings& settings, std::shared_ptr<channel::Services> services)
    : system_(std::move(system)), settings_(settings), services_(std::move(services)) {}

Result<Json> Graph::call(OutboundRequest request, const std::string& path) {
  request.url = join_url(settings_.url, fmt::format("{}/{}", settings_.version, path));
  if (settings_.appsecret_proof) {
    request.url += fmt::format("{}appsecret_proof={}", path.find('?') == std::string::npos ? '?' : '&',
                               appsecret_proof(settings_.app_secret.reveal(), settings_.token.reveal()));
  }
  request.headers.emplace_back("authorization", "Bearer " + settings_.token.reveal());
  auto response = services_->http->send(request);
  if (!response) return response.error();
  if (response->status < 200 || response->status > 299) return fault(system_, *response);
  return read_json(response->body, system_);
}

Result<Json> Graph::get(const std::string& path) { return call({}, path); }

Result<Json> Graph::post(const std::string& path, const Json& body) {
  OutboundRequest request;
  request.method = "POST";
  request.headers = {{"content-type", "application/json"}};
  request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return call(std::move(request), path);
}

Result<Json> Graph::upload(const std::string& path, const std::vector<std::pair<std::string, std::string>>& fields,
                           const channel::FormFile& file) {
  OutboundRequest request;
  request.method = "POST";
  auto [content_type, body] = channel::multipart(fields, file);
  request.headers = {{"content-type", content_type}};
  request.body = std::move(body);
  return call(std::move(request), path);
}

Result<channel::Receiver::File> Graph::download(const std::string& url, bool with_token) {
  OutboundRequest request;
  request.url = url;
  if (with_token) request.headers = {{"authorization", "Bearer " + settings_.token.reveal()}};
  auto response = services_->http->send(request);
  if (!response) return response.error();
  if (response->status != 200) return status_error(system_, *response);
  return channel::Receiver::File{{}, std::move(response->body)};
}

void Graph::hook(channel::Receiver& receiver, channel::Receiver::Read read) {
  Route route;
  route.method = "GET";
  route.path = "/hooks/" + services_->host.instance();
  route.access = Access::anyone();
  route.summary = "The question by which Meta makes sure of a webhook";
  route.run = Run::direct;
  services_->host.http().raw(
      std::move(route),
      [token = settings_.verify_token](const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply) {
        reply(answer_challenge(token.reveal(), *request));
      });
  receiver.hook([secret = settings_.app_secret,
                 read = std::move(read)](const HttpRequest& request) -> Result<channel::Receiver::Told> {
    if (auto signed_by_meta = verify(secret.reveal(), request); !signed_by_meta) return signed_by_meta.error();
    return read(request);
  });
}

}  // namespace qiao::meta
