#include "qiao/outbound.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/StreamSocket.h>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <optional>

#include "outbound_resolve.hpp"
#include "outbound_socket.hpp"
#include "outbound_url.hpp"

namespace qiao {
namespace {

using namespace std::chrono_literals;
using detail::Address;
using detail::Ended;
using detail::GuardedSocket;
using detail::SteadyClock;
using detail::UrlParts;

constexpr std::size_t kHeadBytes = 64 * 1024;
constexpr auto kKeepIdle = 30s;

Error closed_error() { return {Errc::cancelled, "the client was closed"}; }

/// Poco's session on a connection that was made and checked here. It must never make one itself.
class Session final : public Poco::Net::HTTPClientSession {
 public:
  explicit Session(GuardedSocket* socket) : HTTPClientSession(Poco::Net::StreamSocket(socket)) { setKeepAlive(true); }
  [[nodiscard]] bool has_leftovers() const { return buffered() > 0; }

 protected:
  void connect(const Poco::Net::SocketAddress&) override { throw Poco::IOException("the connection was lost"); }
};

struct Connection {
  explicit Connection(GuardedSocket* s) : socket(s), session(s) {}
  GuardedSocket* socket;  // the session's
  Session session;
  SteadyClock::time_point idle_since{};
};

bool repeatable(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" || method == "DELETE";
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

Result<void> check_headers(const OutboundRequest& request) {
  const auto bad = [](std::string why) { return Error{Errc::bad_value, "outbound.bad_request", std::move(why)}; };
  if (!is_token(request.method)) return bad("the method is no HTTP method");
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) return bad(fmt::format("a header's name has a character that is not allowed"));
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return bad(fmt::format("the value of header {} has a line break or a zero byte", name));
    }
    const std::string known = lower(name);
    if (known == "host" || known == "content-length" || known == "transfer-encoding" || known == "connection") {
      return bad(fmt::format("header {} is the client's own", name));
    }
  }
  return {};
}

}  // namespace

std::string_view OutboundResponse::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

struct OutboundClient::Impl {
  explicit Impl(OutboundSettings given) : settings(std::move(given)), wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wake < 0) throw std::runtime_error("OutboundClient: no file descriptor left");
    for (std::string& name : settings.named) name = lower(std::move(name));
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { ::close(wake); }

  [[nodiscard]] bool is_named(const std::string& host_port) const {
    return std::find(settings.named.begin(), settings.named.end(), host_port) != settings.named.end();
  }

  Result<std::vector<Address>> resolve(const std::string& host, SteadyClock::time_point deadline) {
    const auto unresolved = [&](std::string_view why) {
      return Error{Errc::unavailable, "outbound.unresolved",
                   fmt::format("cannot find the address of {}: {}", host, why)};
    };
    std::vector<Address> found;
    if (settings.resolve && !detail::numeric_address(host)) {
      auto texts = settings.resolve(host);
      if (!texts) return unresolved(texts.error().message);
      for (const std::string& text : *texts) {
        const auto address = detail::numeric_address(text);
        if (!address) return unresolved("the resolver answered something that is no address");
        found.push_back(*address);
      }
    } else {
      auto addresses = detail::resolve_host(host, deadline, resolving, [this] { return closed.load(); });
      if (!addresses) return addresses.error();
      found = std::move(*addresses);
    }
    if (found.empty()) return unresolved("it has none");
    return found;
  }

  /// Every address of the host, when all of them may be called.
  Result<std::vector<Address>> allowed(const std::string& host, std::uint16_t port, const std::string& host_port,
                                       SteadyClock::time_point deadline) {
    auto found = resolve(host, deadline);
    if (!found) return found.error();
    for (Address& address : *found) {
      const std::string_view special = detail::special_address(address.get());
      if (!special.empty() && !is_named(host_port)) {
        return Error{Errc::forbidden, "outbound.refused_address",
                     fmt::format("{} leads to an address that is {}; only hosts named in the configuration may",
                                 host_port, special)};
      }
      detail::set_port(address, port);
    }
    return found;
  }

  Result<std::unique_ptr<Connection>> connect(const std::vector<Address>& addresses, const std::string& host_port,
                                              SteadyClock::time_point deadline) {
    const auto until = std::min(deadline, SteadyClock::now() + settings.connect_timeout);
    Ended ended = Ended::by_peer;
    const int fd = detail::connect_to_any(addresses, until, wake, ended);
    if (ended == Ended::cancelled) return closed_error();
    if (fd < 0) {
      return Error{Errc::unavailable, "outbound.unreachable",
                   fmt::format(fmt::runtime(ended == Ended::timeout ? "{} did not accept a connection within {} ms"
                                                                    : "{} refused the connection"),
                               host_port, settings.connect_timeout.count())};
    }
    return std::make_unique<Connection>(new GuardedSocket(fd, wake));
  }

  Result<std::unique_ptr<Connection>> open(const UrlParts& url, SteadyClock::time_point deadline) {
    const std::string host_port = url.host_port();
    const auto until = std::min(deadline, SteadyClock::now() + settings.connect_timeout);
    auto addresses = allowed(url.host, url.port, host_port, until);
    if (!addresses) return addresses.error();
    std::string tunnel;
    if (!settings.proxy.empty()) {
      tunnel = addresses->front().text(url.port);
      auto proxy = detail::parse_url("http://" + settings.proxy);
      if (!proxy) return Error{Errc::bad_value, "outbound.bad_url", "proxy: expected host:port"};
      addresses = resolve(proxy->host, until);
      if (!addresses) return addresses.error();
      for (Address& address : *addresses) detail::set_port(address, proxy->port);
    }
    auto made = connect(*addresses, tunnel.empty() ? host_port : settings.proxy, until);
    if (!made) return made.error();
    Connection& connection = **made;
    connection.socket->begin(deadline, kHeadBytes);
    if (!tunnel.empty()) {
      if (auto done = ask_proxy(*connection.socket, tunnel); !done) return done.error();
    }
    if (url.tls) {
      auto context = tls_context();
      if (!context) return context.error();
      if (auto done = connection.socket->secure(context->get(), url.host, url.literal); !done) return done.error();
    }
    return made;
  }

  Result<void> ask_proxy(GuardedSocket& socket, const std::string& target) const {
    const std::string ask = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", target);
    std::string head;
    try {
      socket.sendBytes(ask.data(), static_cast<int>(ask.size()), 0);
      // A byte at a time: what follows the head belongs to the host behind the proxy.
      for (char c = 0; !head.ends_with("\r\n\r\n") && head.size() < 8192 && socket.receiveBytes(&c, 1, 0) == 1;) {
        head += c;
      }
    } catch (const Poco::Exception&) {
      head.clear();
    }
    if (socket.ended() == Ended::cancelled) return closed_error();
    if (head.starts_with("HTTP/1.") && head.size() > 9 && head[9] == '2' && head.ends_with("\r\n\r\n")) return {};
    return Error{Errc::unavailable, "outbound.unreachable",
                 fmt::format("the proxy {} did not open a way to {}", settings.proxy, target)};
  }

  Result<std::shared_ptr<SSL_CTX>> tls_context() {
    const std::lock_guard lock(mutex);
    if (!tls) {
      auto made = detail::outbound_tls(settings.ca_file);
      if (!made) return made.error();
      tls = *made;
    }
    return tls;
  }

  std::unique_ptr<Connection> take_idle(const std::string& key) {
    std::vector<std::unique_ptr<Connection>> old;  // closed outside of the lock
    const std::lock_guard lock(mutex);
    auto& list = idle[key];
    while (!list.empty()) {
      auto connection = std::move(list.back());
      list.pop_back();
      if (SteadyClock::now() - connection->idle_since < kKeepIdle && !connection->socket->stale()) return connection;
      old.push_back(std::move(connection));
    }
    return nullptr;
  }

  void give_back(const std::string& key, std::unique_ptr<Connection> connection) {
    connection->idle_since = SteadyClock::now();
    const std::lock_guard lock(mutex);
    if (closed) return;
    auto& list = idle[key];
    list.push_back(std::move(connection));
    if (list.size() > settings.connections) list.erase(list.begin());
  }

  Error failed(const Connection& connection, const std::string& host_port, SteadyClock::duration patience) const {
    switch (connection.socket->ended()) {
      case Ended::cancelled:
        return closed_error();
      case Ended::timeout:
        return {Errc::timeout, "outbound.timeout",
                fmt::format("{} did not answer within {} ms", host_port,
                            std::chrono::duration_cast<std::chrono::milliseconds>(patience).count())};
      case Ended::too_much:
        return too_large(host_port);
      case Ended::tls:
        return {Errc::unavailable, "outbound.tls", fmt::format("the encryption of {} broke", host_port)};
      default:
        return {Errc::unavailable, "outbound.broken",
                fmt::format("the answer of {} ended early or is not HTTP", host_port)};
    }
  }

  Error too_large(const std::string& host_port) const {
    return {Errc::too_large, "outbound.too_large",
            fmt::format("the answer of {} is larger than {} bytes", host_port, settings.max_body)};
  }

  /// One request and its answer. `keep` says whether the connection may be used again.
  std::optional<OutboundResponse> exchange(Connection& connection, const UrlParts& url, const OutboundRequest& request,
                                           bool& keep) {
    Poco::Net::HTTPRequest head(request.method, url.path, "HTTP/1.1");
    head.set("Host", url.authority());
    head.set("User-Agent", "Qiao");
    for (const auto& [name, value] : request.headers) head.set(name, value);
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
      head.setContentLength64(static_cast<Poco::Int64>(request.body.size()));
    }
    OutboundResponse answer;
    Poco::Net::HTTPResponse got;
    got.setFieldLimit(100);
    try {
      connection.session.sendRequest(head).write(request.body.data(),
                                                 static_cast<std::streamsize>(request.body.size()));
      std::istream& in = connection.session.receiveResponse(got);
      char bytes[16 * 1024];
      while (answer.body.size() <= settings.max_body && (in.read(bytes, sizeof bytes) || in.gcount() > 0)) {
        answer.body.append(bytes, static_cast<std::size_t>(in.gcount()));
      }
    } catch (const Poco::Exception&) {
      return std::nullopt;
    }
    if (answer.body.size() > settings.max_body) return answer;
    const Ended ended = connection.socket->ended();
    const bool by_length = got.hasContentLength();
    const bool bodiless = request.method == "HEAD" || got.getStatus() == 204 || got.getStatus() == 304;
    const bool until_close = !by_length && !got.getChunkedTransferEncoding() && !bodiless;
    if (ended != Ended::no && !(ended == Ended::by_peer && until_close)) return std::nullopt;
    if (by_length && !bodiless && static_cast<Poco::Int64>(answer.body.size()) != got.getContentLength64()) {
      return std::nullopt;
    }
    answer.status = static_cast<int>(got.getStatus());
    if (answer.status < 200 || answer.status > 599) return std::nullopt;
    for (const auto& [name, value] : got) answer.headers.emplace_back(lower(name), value);
    // What is left over would be read as the answer to the next request.
    keep = ended == Ended::no && !until_close && got.getKeepAlive() && !connection.session.has_leftovers();
    return answer;
  }

  Result<OutboundResponse> send(const OutboundRequest& request) {
    auto url = detail::parse_url(request.url);
    if (!url) return url.error();
    if (auto fine = check_headers(request); !fine) return fine.error();
    auto patience = settings.total_timeout;
    if (request.timeout.count() > 0) patience = std::min(patience, request.timeout);
    const auto deadline = SteadyClock::now() + patience;
    const std::string host_port = url->host_port();
    const std::string key = (url->tls ? "s" : "p") + host_port;
    for (bool first = true;; first = false) {
      if (closed) return closed_error();
      std::unique_ptr<Connection> connection = first ? take_idle(key) : nullptr;
      const bool reused = connection != nullptr;
      if (!reused) {
        auto opened = open(*url, deadline);
        if (!opened) return opened.error();
        connection = std::move(*opened);
      }
      GuardedSocket& socket = *connection->socket;
      socket.begin(deadline, kHeadBytes + 2 * settings.max_body);
      bool keep = false;
      auto answer = exchange(*connection, *url, request, keep);
      if (answer && answer->body.size() > settings.max_body) return too_large(host_port);
      if (answer) {
        if (keep) give_back(key, std::move(connection));
        return std::move(*answer);
      }
      const bool lost = reused && socket.received() == 0 && socket.ended() == Ended::by_peer;
      if (lost && (repeatable(request.method) || socket.sent() == 0)) continue;
      return failed(*connection, host_port, patience);
    }
  }

  OutboundSettings settings;
  const int wake;
  std::atomic<bool> closed{false};
  std::shared_ptr<std::atomic<int>> resolving = std::make_shared<std::atomic<int>>(0);
  std::mutex mutex;
  std::shared_ptr<SSL_CTX> tls;
  std::map<std::string, std::vector<std::unique_ptr<Connection>>> idle;
};

OutboundClient::OutboundClient(OutboundSettings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
OutboundClient::~OutboundClient() = default;

Result<OutboundResponse> OutboundClient::send(const OutboundRequest& request) { return impl_->send(request); }

void OutboundClient::close() noexcept {
  impl_->closed = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(impl_->wake, &one, sizeof one);
  const std::lock_guard lock(impl_->mutex);
  impl_->idle.clear();
}

}  // namespace qiao
