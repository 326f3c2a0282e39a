#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace qiao::test {

/// A server on a free loopback port whose every byte the test decides. Each connection runs `script` on a thread of its
/// own; all end with the object.
class FaultServer {
 public:
  class Peer {
   public:
    Peer(int fd, const std::atomic<bool>& stop) : fd_(fd), stop_(stop) {}
    [[nodiscard]] int fd() const { return fd_; }
    /// One request head (no body); empty when the client went away or the test ends.
    std::string head() {
      std::string text;
      for (char c = 0; !text.ends_with("\r\n\r\n");) {
        if (!wait(POLLIN) || ::recv(fd_, &c, 1, 0) != 1) return {};
        text += c;
      }
      return text;
    }
    bool send(const std::string& bytes) {
      return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
    }
    /// False when the client went away or the test ends.
    bool wait(short events) {
      while (!stop_) {
        pollfd one{fd_, events, 0};
        if (::poll(&one, 1, 20) > 0) return true;
      }
      return false;
    }
    /// A pause of `ms` that ends early when the client goes away.
    bool pause(int ms) {
      pollfd one{fd_, POLLRDHUP, 0};
      return ::poll(&one, 1, ms) == 0 && !stop_;
    }
    void reset() {
      const linger now{1, 0};
      ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    /// Keeps silent until the client has gone.
    void hang() {
      while (pause(20)) {
      }
    }

   private:
    int fd_;
    const std::atomic<bool>& stop_;
  };

  explicit FaultServer(std::function<void(Peer&)> script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("FaultServer: no loopback port");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  FaultServer(const FaultServer&) = delete;
  FaultServer& operator=(const FaultServer&) = delete;
  ~FaultServer() {
    stop_ = true;
    acceptor_.join();
    for (std::thread& t : threads_) t.join();
    ::close(listener_);
  }

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string host_port() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void accept_all() {
    while (!stop_) {
      pollfd one{listener_, POLLIN, 0};
      if (::poll(&one, 1, 20) <= 0) continue;
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      ++connections_;
      threads_.emplace_back([this, fd] {
        Peer peer(fd, stop_);
        script_(peer);
        ::close(fd);
      });
    }
  }

  const std::function<void(Peer&)> script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0};
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace qiao::test
