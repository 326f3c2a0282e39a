#include "http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace qiao::testkit {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string unchunk(std::string_view in) {
  std::string out;
  while (!in.empty()) {
    const std::size_t end = in.find("\r\n");
    if (end == std::string_view::npos) break;
    const std::size_t size = std::stoul(std::string(in.substr(0, end)), nullptr, 16);
    if (size == 0) break;
    out += in.substr(end + 2, size);
    in.remove_prefix(std::min(in.size(), end + 2 + size + 2));
  }
  return out;
}

HttpAnswer parse(const std::string& bytes) {
  HttpAnswer answer;
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos || bytes.size() < 12) return answer;
  answer.status = std::atoi(bytes.c_str() + 9);
  for (std::size_t at = bytes.find("\r\n") + 2; at < end + 2;) {
    const std::size_t stop = bytes.find("\r\n", at);
    const std::string field = bytes.substr(at, stop - at);
    if (const std::size_t colon = field.find(':'); colon != std::string::npos) {
      const std::size_t value = field.find_first_not_of(' ', colon + 1);
      answer.headers.emplace_back(lower(field.substr(0, colon)), value == std::string::npos ? "" : field.substr(value));
    }
    at = stop + 2;
  }
  answer.body = bytes.substr(end + 4);
  if (answer.header("transfer-encoding") == "chunked") answer.body = unchunk(answer.body);
  return answer;
}

}  // namespace

std::string_view HttpAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

HttpAnswer http_request(int port, const std::string& method, const std::string& path, const std::string& body,
                        const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string request =
      fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n", method, path, port);
  bool typed = false;
  for (const auto& [name, value] : headers) {
    typed = typed || lower(name) == "content-type";
    request += fmt::format("{}: {}\r\n", name, value);
  }
  if (!body.empty() && !typed) request += "Content-Type: application/json\r\n";
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    request += fmt::format("Content-Length: {}\r\n", body.size());
  }
  request += "\r\n" + body;

  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string bytes;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char buffer[16 * 1024];
    for (ssize_t got; (got = ::recv(fd, buffer, sizeof(buffer), 0)) > 0;)
      bytes.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return parse(bytes);
}

}  // namespace qiao::testkit
