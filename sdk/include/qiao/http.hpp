#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qiao/fields.hpp"
#include "qiao/id.hpp"
#include "qiao/json.hpp"
#include "qiao/result.hpp"

namespace qiao {

/// Who is asking. The kernel knows no agents: a plugin registered with `Http::authenticator` turns a token into this.
struct Principal {
  enum class Type : std::uint8_t { nobody, visitor, agent, partner };
  Type type = Type::nobody;
  Id id;  ///< of the agent, visitor or partner
  Id session;
  std::string name;
  std::vector<std::string> permissions;  ///< e.g. "conversations.write"; "*" is all
  [[nodiscard]] QIAO_API bool may(std::string_view permission) const;
};

struct HttpRequest {
  std::string method;
  std::string path;                                          ///< decoded, without the query
  std::vector<std::pair<std::string, std::string>> query;    ///< decoded
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::vector<std::pair<std::string, std::string>> params;   ///< from `{name}` in the route
  std::string body;
  std::string remote;   ///< the client's address, from a proxy header only when the proxy is configured
  bool secure = false;  ///< came over TLS, here or at the configured proxy
  Id request_id;        ///< also the trace of what the bus carries for it
  Principal principal;
  [[nodiscard]] QIAO_API std::string_view header(std::string_view lower_case_name) const;
  [[nodiscard]] QIAO_API std::string_view param(std::string_view name) const;
  [[nodiscard]] QIAO_API std::string_view query_value(std::string_view name) const;
  [[nodiscard]] QIAO_API std::string_view cookie(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};  ///< values with CR, LF or NUL are refused
  /// application/problem+json with type, title, status, detail, and Retry-After where the error has one.
  QIAO_API static HttpResponse problem(const Error& error);
};

/// Answers one HTTP request, once, from any thread. Copies share the one answer; destroying the last unanswered answers
/// 500.
using HttpReply = std::function<void(HttpResponse)>;

/// Where a handler runs.
enum class Run : std::uint8_t {
  blocking,  ///< on the pool for work that waits: may read the database, may `ask`
  direct,    ///< on the connection's I/O thread: short, never waits
};

/// Who may call a route. There is no default: a route without an answer to that question does not register.
struct Access {
  std::string permission;
  bool open = false;
  bool logged_in = false;
  std::string key{};  ///< of `own_key`
  static Access anyone() { return {.permission = {}, .open = true}; }
  static Access signed_in() { return {.permission = {}, .logged_in = true}; }
  static Access needs(std::string permission) { return {.permission = std::move(permission)}; }
  /// The handler itself asks for a key of its own kind in `Authorization: Bearer`, which is no login of the hub: the
  /// front lets everybody through to it. `name` is what the OpenAPI document calls the key.
  static Access own_key(std::string name) { return {.permission = {}, .open = true, .key = std::move(name)}; }
};

struct Route {
  std::string method;  ///< GET POST PUT PATCH DELETE
  std::string path;    ///< "/api/v1/tickets/{id}"
  Access access;
  std::string summary{};  ///< one sentence for the OpenAPI document
  Run run = Run::blocking;
  std::size_t max_body = 1 << 20;
  std::string tag{};      ///< OpenAPI group; empty: the instance's name
  std::string example{};  ///< an answer as JSON, for the OpenAPI document
};

/// An empty body or answer.
struct Nothing {};
QIAO_FIELDS(Nothing)

/// The server's side of an open WebSocket. Any thread; frames keep their order. After close nothing is sent.
class QIAO_API Socket {
 public:
  virtual ~Socket() = default;
  /// Queues a text frame; shared so that one encoding serves many sockets. False: closed, or the client is too slow
  /// (over 1 MiB queued), in which case the socket closes with 1013 and the client resumes from its last sequence.
  virtual bool send(std::shared_ptr<const std::string> text) = 0;
  bool send(std::string text) { return send(std::make_shared<const std::string>(std::move(text))); }
  virtual void close(int code, std::string_view reason) = 0;
  [[nodiscard]] virtual const HttpRequest& upgrade() const noexcept = 0;  ///< without its body; query and headers stay
};

/// The plugin's side of an open WebSocket; called on the socket's I/O thread, one call at a time. Must not wait.
class QIAO_API SocketHandler {
 public:
  virtual ~SocketHandler() = default;
  virtual void on_text(std::string_view text) = 0;
  /// The last call. `code` is what the other side said, 1006 when it vanished.
  virtual void on_close(int code) = 0;
};

struct SocketRoute {
  std::string path;
  std::string summary{};
  Access access = Access::anyone();  ///< usually open: the token comes in the first frame
  std::size_t max_frame = 64 * 1024;
  unsigned messages_per_second = 20;   ///< above it the socket closes with 4429; 0: no limit
  std::chrono::seconds idle{75};       ///< closes with 4408 when nothing came for so long
  std::vector<std::string> origins{};  ///< allowed Origin values; empty: same host only; "*": any
};

/// One instance's door to the hub's HTTP front. Registrations belong to the host, as with the bus; open sockets of an
/// instance that stops are closed with 1012 and clients come back to its successor.
class QIAO_API Http {
 public:
  using RawHandler = std::function<void(std::shared_ptr<const HttpRequest>, HttpReply)>;
  /// Turns the request's bearer token or cookie into a Principal; nobody when there is none. On the I/O thread: memory
  /// only.
  using Authenticator = std::function<Result<Principal>(const HttpRequest&)>;
  using SocketFactory = std::function<std::shared_ptr<SocketHandler>(std::shared_ptr<Socket>)>;

  virtual ~Http() = default;

  /// A route with typed input and output: `handler(const In&, const HttpRequest&) -> Result<Out>`. POST, PUT and PATCH
  /// take In from the JSON body, GET and DELETE from the query; fields named in the path always come from the path.
  template <class In, class Out, class F>
  void route(Route r, F handler) {
    add_typed(std::move(r), type_of<In>(), type_of<Out>(),
              [f = std::move(handler)](std::shared_ptr<const HttpRequest> request, const Decoder& decode,
                                       const HttpReply& reply) {
                In in{};
                if (auto done = decode(*request, &in); !done) return reply(HttpResponse::problem(done.error()));
                Result<Out> out = f(static_cast<const In&>(in), *request);
                if (!out) return reply(HttpResponse::problem(out.error()));
                HttpResponse response;
                if constexpr (std::is_same_v<Out, Nothing>) {
                  response.status = 204;
                } else {
                  response.body = to_json(*out);
                }
                reply(std::move(response));
              });
  }
  /// The same, answering later: `handler(const In&, const HttpRequest&, std::function<void(Result<Out>)>)`.
  template <class In, class Out, class F>
  void route_async(Route r, F handler) {
    add_typed(std::move(r), type_of<In>(), type_of<Out>(),
              [f = std::move(handler)](std::shared_ptr<const HttpRequest> request, const Decoder& decode,
                                       const HttpReply& reply) {
                In in{};
                if (auto done = decode(*request, &in); !done) return reply(HttpResponse::problem(done.error()));
                f(static_cast<const In&>(in), *request, [reply](Result<Out> out) {
                  if (!out) return reply(HttpResponse::problem(out.error()));
                  HttpResponse response;
                  response.body = to_json(*out);
                  reply(std::move(response));
                });
              });
  }
  /// Typed in, and typed out in the OpenAPI document, but the handler writes the whole answer itself, now or later, for
  /// cookies and other statuses: `handler(const In&, std::shared_ptr<const HttpRequest>, HttpReply)`.
  template <class In, class Out, class F>
  void route_reply(Route r, F handler) {
    add_typed(std::move(r), type_of<In>(), type_of<Out>(),
              [f = std::move(handler)](std::shared_ptr<const HttpRequest> request, const Decoder& decode,
                                       const HttpReply& reply) {
                In in{};
                if (auto done = decode(*request, &in); !done) return reply(HttpResponse::problem(done.error()));
                f(static_cast<const In&>(in), std::move(request), reply);
              });
  }
  /// Bytes in, bytes out: webhooks (signatures are over the raw body), downloads, pages.
  virtual void raw(Route r, RawHandler handler) = 0;
  virtual void websocket(SocketRoute r, SocketFactory factory) = 0;
  /// Serves a folder under a prefix: index.html, ETag, precompressed .br and .gz beside the file, immutable caching for
  /// names with a content hash. `headers` go on every answer. `fallback`: the file for unknown paths of a single-page
  /// app.
  virtual void files(std::string prefix, std::string folder, std::vector<std::pair<std::string, std::string>> headers,
                     std::string fallback = {}) = 0;
  virtual void authenticator(Authenticator turn_token_into_principal) = 0;

 protected:
  using Decoder = std::function<Result<void>(const HttpRequest&, void* in)>;
  using TypedHandler = std::function<void(std::shared_ptr<const HttpRequest>, const Decoder&, const HttpReply&)>;
  virtual void add_typed(Route r, const TypeInfo& in, const TypeInfo& out, TypedHandler handler) = 0;
};

}  // namespace qiao
