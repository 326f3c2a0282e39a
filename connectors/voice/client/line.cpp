#include "connectors/voice/client/line.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/DNS.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/RejectCertificateHandler.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SSLManager.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/WebSocket.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace qiao::voice {
namespace {

namespace net = Poco::Net;

constexpr std::size_t kPiece = 64 * 1024;
constexpr int kMostMessage = 4 << 20;

Error gone(const std::string& why) { return {Errc::unavailable, "voice.unreachable", why}; }
Error ended() { return {Errc::cancelled, "the connector is stopping"}; }

Poco::Timespan span(std::chrono::milliseconds time) { return Poco::Timespan(time.count() * 1000); }

/// True when the socket has something to read, or is broken; false when the bell rang or the time is over.
bool wait_for(int socket, const Bell& bell, short events, std::chrono::milliseconds patience) {
  pollfd both[] = {{socket, events, 0}, {bell.fd(), POLLIN, 0}};
  const int ready = ::poll(both, 2, static_cast<int>(patience.count()));
  return ready > 0 && both[0].revents != 0;
}

/// Runs what may throw; the line is gone then.
template <class F>
auto guarded(const Bell& bell, const std::string& where, F work) -> decltype(work()) {
  try {
    return work();
  } catch (const net::SSLException& e) {
    if (bell.ended()) return ended();
    return Error{Errc::unavailable, "voice.tls", fmt::format("{}: no trusted TLS: {}", where, e.displayText())};
  } catch (const net::WebSocketException& e) {
    if (bell.ended()) return ended();
    return Error{Errc::unavailable, "voice.refused", fmt::format("{}: {}", where, e.displayText())};
  } catch (const Poco::Exception& e) {
    if (bell.ended()) return ended();
    return gone(fmt::format("{}: {}", where, e.displayText()));
  }
}

/// Holds a socket for the bell as long as it lives.
class Held {
 public:
  Held(std::shared_ptr<Bell> bell, int socket) : bell_(std::move(bell)) { bell_->hold(socket); }
  ~Held() { bell_->hold(-1); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  [[nodiscard]] Bell& bell() const { return *bell_; }

 private:
  const std::shared_ptr<Bell> bell_;
};

net::Context::Ptr tls_context(const std::string& ca_file) {
  return new net::Context(net::Context::TLS_CLIENT_USE, "", "", ca_file, net::Context::VERIFY_STRICT, 9, true);
}

/// Connected, without TLS; the bell may break it meanwhile.
net::StreamSocket connected(const LineAddress& address, const std::shared_ptr<Bell>& bell) {
  const net::SocketAddress where(address.host, address.port);
  net::StreamSocket socket;
  socket.connectNB(where);
  const int fd = socket.impl()->sockfd();
  const Held held(bell, fd);
  bell->hush();
  if (bell->ended()) throw net::NetException("ended");
  if (!wait_for(fd, *bell, POLLOUT, address.timeout)) throw Poco::TimeoutException("no answer");
  int problem = 0;
  socklen_t size = sizeof problem;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size);
  if (problem != 0) throw net::ConnectionRefusedException(std::string(::strerror(problem)));
  socket.setBlocking(true);
  socket.setSendTimeout(span(address.timeout));
  socket.setReceiveTimeout(span(address.timeout));
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  return socket;
}

net::StreamSocket secured(const net::StreamSocket& plain, const LineAddress& address) {
  net::SecureStreamSocket secure = net::SecureStreamSocket::attach(plain, address.host, tls_context(address.ca_file));
  secure.completeHandshake();
  secure.verifyPeerCertificate(address.host);
  return secure;
}

/// With TLS where it is wanted.
net::StreamSocket opened(const LineAddress& address, const std::shared_ptr<Bell>& bell) {
  net::StreamSocket socket = connected(address, bell);
  if (!address.tls) return socket;
  const Held held(bell, socket.impl()->sockfd());
  return secured(socket, address);
}

net::WebSocket upgraded(const LineAddress& address, const std::string& path,
                        const std::vector<std::pair<std::string, std::string>>& headers,
                        const std::shared_ptr<Bell>& bell) {
  const net::StreamSocket socket = opened(address, bell);
  const Held held(bell, socket.impl()->sockfd());
  // Without a host the session never opens a connection of its own in place of this one.
  net::HTTPClientSession session(socket);
  session.setTimeout(span(address.timeout));
  net::HTTPRequest request(net::HTTPRequest::HTTP_GET, path, net::HTTPMessage::HTTP_1_1);
  request.setHost(address.host, address.port);
  for (const auto& [name, value] : headers) request.set(name, value);
  net::HTTPResponse response;
  return net::WebSocket(session, request, response);
}

std::string place(const LineAddress& address) { return fmt::format("{}:{}", address.host, address.port); }

class TcpLine final : public Line {
 public:
  TcpLine(net::StreamSocket socket, const LineAddress& address, std::shared_ptr<Bell> bell)
      : socket_(std::move(socket)), where_(place(address)), held_(std::move(bell), socket_.impl()->sockfd()) {}

  Result<std::string> read(std::chrono::milliseconds patience) override {
    return guarded(held_.bell(), where_, [&]() -> Result<std::string> {
      if (held_.bell().ended()) return ended();
      // Decrypted bytes may wait where poll does not see them.
      if (socket_.available() <= 0 && !wait_for(socket_.impl()->sockfd(), held_.bell(), POLLIN, patience)) {
        held_.bell().hush();
        return std::string();
      }
      std::string bytes(kPiece, '\0');
      const int count = socket_.receiveBytes(bytes.data(), static_cast<int>(bytes.size()));
      if (count <= 0) return gone(where_ + " closed the line");
      bytes.resize(static_cast<std::size_t>(count));
      return bytes;
    });
  }

  Result<void> write(std::string_view bytes) override {
    return guarded(held_.bell(), where_, [&]() -> Result<void> {
      while (!bytes.empty()) {
        const int count = socket_.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
        if (count <= 0) return gone(where_ + " takes nothing any more");
        bytes.remove_prefix(static_cast<std::size_t>(count));
      }
      return {};
    });
  }

 private:
  net::StreamSocket socket_;
  const std::string where_;
  const Held held_;  // destroyed first: the bell lets go before the socket closes
};

class WebSocketLine final : public Line {
 public:
  WebSocketLine(net::WebSocket socket, const LineAddress& address, std::shared_ptr<Bell> bell)
      : socket_(std::move(socket)), where_(place(address)), held_(std::move(bell), socket_.impl()->sockfd()) {
    socket_.setMaxPayloadSize(kMostMessage);
    socket_.setReceiveTimeout(span(address.timeout));
    socket_.setSendTimeout(span(address.timeout));
  }

  Result<std::string> read(std::chrono::milliseconds patience) override {
    return guarded(held_.bell(), where_, [&]() -> Result<std::string> {
      if (held_.bell().ended()) return ended();
      if (socket_.available() <= 0 && !wait_for(socket_.impl()->sockfd(), held_.bell(), POLLIN, patience)) {
        held_.bell().hush();
        return std::string();
      }
      Poco::Buffer<char> frame(0);
      int flags = 0;
      const int count = socket_.receiveFrame(frame, flags);
      const int kind = flags & net::WebSocket::FRAME_OP_BITMASK;
      if (kind == net::WebSocket::FRAME_OP_PING) {
        socket_.sendFrame(frame.begin(), static_cast<int>(frame.size()),
                          static_cast<int>(net::WebSocket::FRAME_FLAG_FIN) | net::WebSocket::FRAME_OP_PONG);
        return std::string(1, ' ');  // a sign of life
      }
      if (kind == net::WebSocket::FRAME_OP_PONG) return std::string(1, ' ');
      if (kind == net::WebSocket::FRAME_OP_CLOSE || (count <= 0 && flags == 0)) {
        return gone(where_ + " closed the WebSocket");
      }
      message_.append(frame.begin(), frame.size());
      if (message_.size() > static_cast<std::size_t>(kMostMessage)) return gone(where_ + ": a message too long");
      if ((flags & net::WebSocket::FRAME_FLAG_FIN) == 0) return std::string(1, ' ');
      return std::exchange(message_, {});
    });
  }

  Result<void> write(std::string_view bytes) override {
    return guarded(held_.bell(), where_, [&]() -> Result<void> {
      socket_.sendFrame(bytes.data(), static_cast<int>(bytes.size()), net::WebSocket::FRAME_TEXT);
      return {};
    });
  }

  Result<void> beat() override {
    return guarded(held_.bell(), where_, [&]() -> Result<void> {
      socket_.sendFrame("", 0, static_cast<int>(net::WebSocket::FRAME_FLAG_FIN) | net::WebSocket::FRAME_OP_PING);
      return {};
    });
  }

 private:
  net::WebSocket socket_;
  const std::string where_;
  std::string message_;  // the parts that came so far
  const Held held_;
};

}  // namespace

Bell::Bell() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Bell::~Bell() {
  if (fd_ >= 0) ::close(fd_);
}

void Bell::ring() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(fd_, &one, sizeof one);
}

void Bell::hush() noexcept {
  if (ended()) return;
  std::uint64_t count = 0;
  (void)!::read(fd_, &count, sizeof count);
}

void Bell::end() noexcept {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
  }
  ring();
}

bool Bell::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

void Bell::hold(int socket) {
  const std::lock_guard lock(mutex_);
  socket_ = socket;
  if (ended_ && socket >= 0) ::shutdown(socket, SHUT_RDWR);
}

Result<std::unique_ptr<Line>> open_line(const LineAddress& address, const std::shared_ptr<Bell>& bell) {
  using Made = Result<std::unique_ptr<Line>>;
  return guarded(*bell, place(address),
                 [&]() -> Made { return Made(std::make_unique<TcpLine>(opened(address, bell), address, bell)); });
}

Result<std::unique_ptr<Line>> open_websocket(const LineAddress& address, const std::string& path,
                                             const std::vector<std::pair<std::string, std::string>>& headers,
                                             const std::shared_ptr<Bell>& bell) {
  using Made = Result<std::unique_ptr<Line>>;
  return guarded(*bell, place(address), [&]() -> Made {
    return Made(std::make_unique<WebSocketLine>(upgraded(address, path, headers, bell), address, bell));
  });
}

}  // namespace qiao::voice
