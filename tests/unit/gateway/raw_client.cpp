#include "raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace qiao::test {
namespace {

constexpr int kPatienceSeconds = 20;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::string RawClient::Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  timeval patience{kPatienceSeconds, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0)
    throw std::runtime_error("cannot connect");
}

RawClient::~RawClient() { ::close(fd_); }

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void RawClient::finish_sending() { ::shutdown(fd_, SHUT_WR); }

bool RawClient::fill() {
  char buffer[16384];
  const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
  if (n <= 0) return false;
  in_.append(buffer, static_cast<std::size_t>(n));
  return true;
}

std::string RawClient::read_some() {
  if (in_.empty()) fill();
  return std::exchange(in_, {});
}

std::string RawClient::read_exactly(std::size_t size) {
  while (in_.size() < size) {
    if (!fill()) return {};
  }
  std::string out = in_.substr(0, size);
  in_.erase(0, size);
  return out;
}

std::optional<RawClient::Response> RawClient::read_response(bool head_only) {
  std::size_t end = 0;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  std::string head = in_.substr(0, end + 2);
  in_.erase(0, end + 4);
  Response response;
  if (head.compare(0, 9, "HTTP/1.1 ") != 0) return std::nullopt;
  response.status = std::stoi(head.substr(9, 3));
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size()) {
    const std::size_t line_end = head.find("\r\n", at);
    const std::string line = head.substr(at, line_end - at);
    const std::size_t colon = line.find(": ");
    response.headers.emplace_back(lower(line.substr(0, colon)), line.substr(colon + 2));
    at = line_end + 2;
  }
  const std::string length = response.header("content-length");
  if (!head_only && !length.empty()) {
    const std::size_t size = std::stoul(length);
    if (size > 0) response.body = read_exactly(size);
    if (response.body.size() != size) return std::nullopt;
  }
  return response;
}

std::optional<RawClient::Response> RawClient::ask(std::string_view bytes, bool head_only) {
  send(bytes);
  return read_response(head_only);
}

bool RawClient::closed_by_server() {
  for (;;) {
    char buffer[4096];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n == 0) return true;
    if (n < 0) return errno == ECONNRESET || errno == EPIPE;
  }
}

std::optional<RawClient::Response> RawClient::upgrade(std::string_view path, std::string_view extra_headers) {
  std::string request = "GET ";
  request += path;
  request +=
      " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
  if (extra_headers.find("Sec-WebSocket-Key") == std::string_view::npos) {
    request += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  }
  request += extra_headers;
  request += "\r\n";
  return ask(request);
}

std::string RawClient::frame(int opcode, std::string_view payload, bool fin, bool masked, int reserved) {
  std::string out;
  out += static_cast<char>((fin ? 0x80 : 0) | (reserved << 4) | opcode);
  const int mask_bit = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    out += static_cast<char>(mask_bit | static_cast<int>(payload.size()));
  } else if (payload.size() < 65536) {
    out += static_cast<char>(mask_bit | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size());
  } else {
    out += static_cast<char>(mask_bit | 127);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift);
  }
  if (!masked) return out + std::string(payload);
  const char key[4] = {0x37, '\xfa', 0x21, 0x3d};
  out.append(key, 4);
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ key[i % 4]);
  return out;
}

RawClient::Frame RawClient::read_frame() {
  Frame out;
  const std::string head = read_exactly(2);
  if (head.size() != 2) return out;
  out.fin = (head[0] & 0x80) != 0;
  std::size_t size = static_cast<unsigned char>(head[1]);
  const std::size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (more > 0) {
    size = 0;
    for (const char c : read_exactly(more)) size = size << 8 | static_cast<unsigned char>(c);
  }
  out.opcode = head[0] & 0x0f;
  if (size > 0) out.payload = read_exactly(size);
  return out;
}

int RawClient::Frame::close_code() const {
  if (opcode != 8 || payload.size() < 2) return -1;
  return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
}

int RawClient::read_close() {
  for (;;) {
    const Frame next = read_frame();
    if (next.opcode < 0 || next.opcode == 8) return next.close_code();
  }
}

std::string get(std::string_view path, std::string_view extra_headers) {
  std::string out = "GET ";
  return out.append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(extra_headers).append("\r\n");
}

std::string post(std::string_view path, std::string_view body, std::string_view extra_headers) {
  std::string out = "POST ";
  out.append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(extra_headers);
  return out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}

}  // namespace qiao::test
