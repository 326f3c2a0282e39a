#include "core/gateway/listener.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace qiao::core {
namespace {

sockaddr_in6 v6_address(const Address& address, std::uint16_t port) {
  sockaddr_in6 out{};
  out.sin6_family = AF_INET6;
  out.sin6_port = htons(port);
  std::memcpy(&out.sin6_addr, address.bytes.data(), 16);
  return out;
}

sockaddr_in v4_address(const Address& address, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  std::memcpy(&out.sin_addr, address.bytes.data() + 12, 4);
  return out;
}

Address address_of(const sockaddr_storage& from) {
  Address out;
  if (from.ss_family == AF_INET6) {
    std::memcpy(out.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, 16);
  } else {
    out.bytes[10] = out.bytes[11] = 0xff;
    std::memcpy(out.bytes.data() + 12, &reinterpret_cast<const sockaddr_in&>(from).sin_addr, 4);
  }
  return out;
}

}  // namespace

Result<BoundSocket> bind_listener(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::string_view host = std::string_view(text).substr(0, colon);
  const auto address =
      colon == std::string::npos ? std::nullopt : Address::parse(host == "localhost" ? "127.0.0.1" : host);
  std::uint16_t port = 0;
  const char* digits = text.data() + (colon == std::string::npos ? text.size() : colon + 1);
  const auto [end, failed] = std::from_chars(digits, text.data() + text.size(), port);
  if (!address || failed != std::errc() || end != text.data() + text.size()) {
    return Error{
        Errc::bad_value, "http.bad_option",
        fmt::format("cannot listen on \"{}\": expected ADDRESS:PORT, for example 127.0.0.1:8080 or [::1]:8080", text)};
  }
  const bool v4 = address->v4();
  const int fd = ::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto give_up = [&](std::string_view what) {
    const int reason = errno;
    if (fd >= 0) ::close(fd);
    std::string_view advice;
    if (reason == EADDRINUSE) advice = "; another program listens there: stop it or choose another port";
    if (reason == EACCES) advice = "; ports below 1024 need the capability CAP_NET_BIND_SERVICE";
    if (reason == EADDRNOTAVAIL) advice = "; this machine does not have the address";
    return Error{Errc::unavailable, "http.bind",
                 fmt::format("cannot {} {}: {}{}", what, text, std::strerror(reason), advice)};
  };
  if (fd < 0) return give_up("open a socket for");
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!v4) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const sockaddr_in a4 = v4_address(*address, port);
  const sockaddr_in6 a6 = v6_address(*address, port);
  const auto* where = v4 ? reinterpret_cast<const sockaddr*>(&a4) : reinterpret_cast<const sockaddr*>(&a6);
  if (::bind(fd, where, v4 ? sizeof a4 : sizeof a6) != 0 || ::listen(fd, 4096) != 0) return give_up("listen on");
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return give_up("listen on");
  port = ntohs(v4 ? reinterpret_cast<const sockaddr_in&>(bound).sin_port
                  : reinterpret_cast<const sockaddr_in6&>(bound).sin6_port);
  return BoundSocket{fd, port,
                     v4 ? fmt::format("{}:{}", address->str(), port) : fmt::format("[{}]:{}", address->str(), port)};
}

Listener::Listener(std::shared_ptr<IoThread> io_thread, int fd, Accept accept)
    : Connection(std::move(io_thread)),
      descriptor_(std::make_unique<Descriptor>(io(), fd)),
      accept_(std::move(accept)) {}

void Listener::start() { descriptor_->wait(Direction::read, shared_from_this()); }

void Listener::on_readable() {
  if (!descriptor_) return;
  for (int n = 0; n < 64; ++n) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int fd =
        ::accept4(descriptor_->fd(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == ECONNABORTED || errno == EINTR) continue;
      if (errno == EAGAIN) {
        descriptor_->exhausted(Direction::read);
        break;
      }
      if (!std::exchange(starved_, true)) {
        io().log().error("cannot accept connections: {}; raise the limit of open files if it is that",
                         std::strerror(errno));
      }
      set_deadline(std::chrono::milliseconds(100));
      return;
    }
    starved_ = false;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    accept_(fd, address_of(from));
  }
  start();
}

void Listener::on_deadline() {
  if (descriptor_) start();
}

void Listener::abort() noexcept {
  descriptor_.reset();
  unlink();
}

}  // namespace qiao::core
