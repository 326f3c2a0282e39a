#include "outbound_socket.hpp"

#include <Poco/Net/NetException.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace qiao::detail {
namespace {

/// False on the deadline, which a readable `bell` brings forward, when the client was closed, and on errors.
bool wait_for(int fd, short events, SteadyClock::time_point deadline, int wake, Ended& ended, int bell = -1) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    if (left <= 0) return ended = Ended::timeout, false;
    pollfd all[] = {{fd, events, 0}, {wake, POLLIN, 0}, {bell, POLLIN, 0}};
    const int ready = ::poll(all, 3, static_cast<int>(std::min<long>(left, 60'000)));
    if (ready < 0 && errno != EINTR) return ended = Ended::by_peer, false;
    if (all[1].revents != 0) return ended = Ended::cancelled, false;
    if (ready > 0 && all[0].revents != 0) return true;
    if (all[2].revents != 0) return ended = Ended::timeout, false;
  }
}

std::string tls_error(SSL* ssl) {
  const unsigned long code = ERR_peek_error();
  if (const long verdict = ssl ? SSL_get_verify_result(ssl) : X509_V_OK; verdict != X509_V_OK) {
    ERR_clear_error();
    return X509_verify_cert_error_string(verdict);
  }
  char text[256] = "the peer ended the handshake";
  if (code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

}  // namespace

GuardedSocket::GuardedSocket(int fd, int wake) : StreamSocketImpl(fd), fd_(fd), wake_(wake) {}

void GuardedSocket::begin(SteadyClock::time_point deadline, std::size_t may_receive) {
  deadline_ = deadline;
  may_receive_ = may_receive;
  received_ = sent_ = 0;
}

bool GuardedSocket::wait(short events) {
  // Half a TLS record must be written whatever happens; only input can be waited for in vain.
  if (!patience_ || events != POLLIN) return wait_for(fd_, events, deadline_, wake_, ended_);
  Ended ended = Ended::no;
  const bool ready = wait_for(fd_, events, patience_->until, wake_, ended, patience_->bell);
  if (ended != Ended::timeout) ended_ = ended;
  return ready;
}

int GuardedSocket::raw_send(const char* data, std::size_t size) {
  while (ended_ == Ended::no) {
    const ssize_t n = ::send(fd_, data, size, MSG_NOSIGNAL);
    if (n >= 0) {
      sent_ += static_cast<std::size_t>(n);
      return static_cast<int>(n);
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait(POLLOUT)) break;
    } else if (errno != EINTR) {
      ended_ = Ended::by_peer;
    }
  }
  return -1;
}

int GuardedSocket::raw_receive(char* data, std::size_t size) {
  while (ended_ == Ended::no) {
    // Also when bytes are there: a peer that trickles must not outlive the deadline.
    if (!wait(POLLIN)) break;
    const ssize_t n = ::recv(fd_, data, size, 0);
    if (n > 0) {
      received_ += static_cast<std::size_t>(n);
      if (received_ > may_receive_) {
        ended_ = Ended::too_much;
        break;
      }
      return static_cast<int>(n);
    }
    if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) ended_ = Ended::by_peer;
  }
  return -1;
}

bool GuardedSocket::flush_tls() {
  char bytes[16 * 1024];
  BIO* out = SSL_get_wbio(ssl_.get());
  while (BIO_ctrl_pending(out) > 0) {
    const int n = BIO_read(out, bytes, sizeof bytes);
    for (int at = 0; at < n;) {
      const int sent = raw_send(bytes + at, static_cast<std::size_t>(n - at));
      if (sent < 0) return false;
      at += sent;
    }
  }
  return true;
}

// The records go through memory: so every wait is ours, with its deadline, and no write can raise SIGPIPE.
template <class F>
int GuardedSocket::through_tls(F call) {
  char bytes[16 * 1024];
  for (;;) {
    if (ended_ != Ended::no) return -1;
    ERR_clear_error();
    const int done = call(ssl_.get());
    const int why = done > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), done);
    if (!flush_tls()) return -1;
    switch (why) {
      case SSL_ERROR_NONE:
        return done;
      case SSL_ERROR_WANT_READ: {
        const int n = raw_receive(bytes, sizeof bytes);
        if (n < 0) return -1;
        BIO_write(SSL_get_rbio(ssl_.get()), bytes, n);
        break;
      }
      case SSL_ERROR_WANT_WRITE:
        break;
      case SSL_ERROR_ZERO_RETURN:
        closed_well_ = true;
        ended_ = Ended::by_peer;
        return -1;
      default:
        ended_ = Ended::tls;
        return -1;
    }
  }
}

Result<void> GuardedSocket::secure(SSL_CTX* context, const std::string& host, bool literal) {
  ssl_.reset(SSL_new(context));
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  if (!ssl_ || !in || !out) throw std::bad_alloc();
  SSL_set_bio(ssl_.get(), in, out);
  SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, nullptr);
  if (literal) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str());
  } else {
    SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl_.get(), host.c_str());
    SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
  }
  if (through_tls([](SSL* ssl) { return SSL_connect(ssl); }) > 0) return {};
  switch (ended_) {
    case Ended::timeout:
      return Error{Errc::timeout, "outbound.timeout", fmt::format("{} did not finish the TLS handshake in time", host)};
    case Ended::cancelled:
      return Error{Errc::cancelled, "the client was closed"};
    case Ended::too_much:
    case Ended::by_peer:
      return Error{Errc::unavailable, "outbound.tls", fmt::format("{} broke off the TLS handshake", host)};
    default:
      return Error{Errc::unavailable, "outbound.tls",
                   fmt::format("TLS with {} failed: {}; its certificate must be trusted and name this host (ca_file "
                               "adds authorities)",
                               host, tls_error(ssl_.get()))};
  }
}

bool GuardedSocket::stale() {
  if (ended_ != Ended::no) return true;
  pollfd one{fd_, POLLIN, 0};
  return ::poll(&one, 1, 0) != 0;
}

bool GuardedSocket::holds_input() const {
  return ssl_ && (SSL_has_pending(ssl_.get()) != 0 || BIO_ctrl_pending(SSL_get_rbio(ssl_.get())) > 0);
}

int GuardedSocket::sendBytes(const void* buffer, int length, int) {
  const char* data = static_cast<const char*>(buffer);
  int done = 0;
  while (done < length) {
    const int n = ssl_ ? through_tls([&](SSL* ssl) { return SSL_write(ssl, data + done, length - done); })
                       : raw_send(data + done, static_cast<std::size_t>(length - done));
    if (n < 0) throw Poco::Net::NetException("not sent");
    done += n;
  }
  return done;
}

int GuardedSocket::receiveBytes(void* buffer, int length, int) {
  const int n = ssl_ ? through_tls([&](SSL* ssl) { return SSL_read(ssl, buffer, length); })
                     : raw_receive(static_cast<char*>(buffer), static_cast<std::size_t>(length));
  if (n >= 0) return n;
  // Without its closing word a TLS stream may have been cut by anybody on the way.
  if (ended_ == Ended::by_peer && (!ssl_ || closed_well_)) return 0;
  throw Poco::Net::NetException("not received");
}

int connect_to(const sockaddr* address, socklen_t size, SteadyClock::time_point deadline, int wake, Ended& ended) {
  const int fd = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return ended = Ended::by_peer, -1;
  ended = Ended::no;
  if (::connect(fd, address, size) != 0) {
    int error = errno;
    if (error == EINPROGRESS && wait_for(fd, POLLOUT, deadline, wake, ended)) {
      socklen_t length = sizeof error;
      if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    }
    if (error != 0) {
      if (ended == Ended::no) ended = Ended::by_peer;
      ::close(fd);
      return -1;
    }
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

Result<std::shared_ptr<SSL_CTX>> outbound_tls(const std::string& ca_file) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return Error{Errc::internal, "outbound.tls", "cannot set up TLS: " + tls_error(nullptr)};
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_default_verify_paths(context.get());
  if (!ca_file.empty() && SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) != 1) {
    return Error{
        Errc::bad_value, "outbound.tls",
        fmt::format("cannot read certificates from ca_file {}: {}; it must be PEM", ca_file, tls_error(nullptr))};
  }
  return context;
}

}  // namespace qiao::detail
