#include "cutting_proxy.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <string_view>

namespace qiao::core {
namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return address;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// A query packet: length 7, number 0, command 3, text.
constexpr std::string_view kCommit(
    "\x07\0\0\0\x03"
    "COMMIT",
    11);

}  // namespace

CuttingProxy::CuttingProxy(std::string listen, std::string server) : server_(std::move(server)) {
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(listen);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listener_, 16) != 0) {
    throw std::runtime_error("CuttingProxy: cannot listen");
  }
  acceptor_ = std::thread([this] { accept_all(); });
}

CuttingProxy::~CuttingProxy() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  for (Link& link : links_) {
    ::shutdown(link.client, SHUT_RDWR);
    ::shutdown(link.server, SHUT_RDWR);
    link.up.join();
    link.down.join();
    ::close(link.client);
    ::close(link.server);
  }
}

void CuttingProxy::accept_all() {
  while (!stopping_) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int server = open_ ? ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    const sockaddr_un address = address_of(server_);
    if (server < 0 || ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      if (server >= 0) ::close(server);
      ::close(client);
      continue;
    }
    const std::lock_guard lock(mutex_);
    Link& link = links_.emplace_back();
    link.client = client;
    link.server = server;
    link.up = std::thread([this, &link] { pump_up(link); });
    link.down = std::thread([this, &link] { pump_down(link); });
  }
}

void CuttingProxy::pump_up(Link& link) {
  char buffer[65536];
  for (;;) {
    const ssize_t got = ::recv(link.client, buffer, sizeof(buffer), 0);
    if (got <= 0) break;
    const std::string_view bytes(buffer, static_cast<std::size_t>(got));
    if (bytes == kCommit) {
      const Cut cut = cut_.exchange(Cut::none);
      if (cut != Cut::none) ++cuts_;
      if (cut == Cut::before) break;
      if (cut == Cut::after) link.swallow = true;
      if (cut == Cut::hang) {
        ::shutdown(link.client, SHUT_RDWR);
        return;  // the server's side stays open
      }
    }
    if (!send_all(link.server, bytes)) break;
  }
  ::shutdown(link.client, SHUT_RDWR);
  ::shutdown(link.server, SHUT_RDWR);
}

void CuttingProxy::pump_down(Link& link) {
  char buffer[65536];
  for (;;) {
    const ssize_t got = ::recv(link.server, buffer, sizeof(buffer), 0);
    if (got <= 0 || link.swallow) break;
    if (!send_all(link.client, {buffer, static_cast<std::size_t>(got)})) return;  // see Cut::hang
  }
  ::shutdown(link.client, SHUT_RDWR);
  ::shutdown(link.server, SHUT_RDWR);
}

}  // namespace qiao::core
