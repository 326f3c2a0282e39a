#include "tests/integration/support/http_connection.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace qiao::testing {

HttpConnection::~HttpConnection() {
  if (fd_ >= 0) ::close(fd_);
}

HttpAnswer HttpConnection::request(const std::string& method, const std::string& path, const std::string& body,
                                   const std::string& fields) {
  std::string bytes = fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{}", method, path, port_, fields);
  if (method != "GET") bytes += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  bytes += "\r\n" + body;

  // An idle connection may have been closed by the other side; nothing of the request was taken then.
  if (fd_ >= 0) {
    char byte = 0;
    if (::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
      ::close(fd_);
      fd_ = -1;
    }
  }
  if (fd_ < 0) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      ::close(fd_);
      fd_ = -1;
      return {};
    }
  }
  HttpAnswer answer = exchange(bytes);
  if (answer.status == 0) {
    ::close(fd_);
    fd_ = -1;
  }
  return answer;
}

HttpAnswer HttpConnection::exchange(const std::string& bytes) {
  if (::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) return {};
  std::string in;
  std::size_t head = std::string::npos;
  std::size_t length = 0;
  char buffer[8192];
  while (head == std::string::npos || in.size() < head + 4 + length) {
    const ssize_t got = ::recv(fd_, buffer, sizeof(buffer), 0);
    if (got <= 0) return {};
    in.append(buffer, static_cast<std::size_t>(got));
    if (head != std::string::npos || (head = in.find("\r\n\r\n")) == std::string::npos) continue;
    std::string fields = in.substr(0, head);
    std::transform(fields.begin(), fields.end(), fields.begin(), [](unsigned char c) { return std::tolower(c); });
    if (const auto at = fields.find("content-length:"); at != std::string::npos) {
      length = std::strtoul(fields.c_str() + at + 15, nullptr, 10);
    }
  }
  return {std::atoi(in.c_str() + 9), in.substr(head + 4, length)};
}

}  // namespace qiao::testing
