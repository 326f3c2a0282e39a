#include "qiao/testkit/fake_peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace qiao::testkit {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Takes one whole request off the front of `buffer`.
std::optional<FakePeer::Request> take_request(std::string& buffer) {
  const std::size_t end = buffer.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  FakePeer::Request request;
  const std::size_t line_end = buffer.find("\r\n");
  const std::string line = buffer.substr(0, line_end);
  const std::size_t first = line.find(' ');
  const std::size_t second = line.find(' ', first + 1);
  if (first == std::string::npos || second == std::string::npos) {
    buffer.clear();
    return std::nullopt;
  }
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, second - first - 1);
  std::size_t length = 0;
  for (std::size_t at = line_end + 2; at < end + 2;) {
    const std::size_t stop = buffer.find("\r\n", at);
    const std::string field = buffer.substr(at, stop - at);
    if (const std::size_t colon = field.find(':'); colon != std::string::npos) {
      const std::size_t value = field.find_first_not_of(' ', colon + 1);
      request.headers.emplace_back(lower(field.substr(0, colon)),
                                   value == std::string::npos ? "" : field.substr(value));
      if (request.headers.back().first == "content-length") length = std::stoul(request.headers.back().second);
    }
    at = stop + 2;
  }
  if (buffer.size() < end + 4 + length) return std::nullopt;
  request.body = buffer.substr(end + 4, length);
  buffer.erase(0, end + 4 + length);
  return request;
}

}  // namespace

std::string_view FakePeer::Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

struct FakePeer::Impl {
  enum class Manner { answer, silence, reset, garbage };
  struct Answer {
    int status;
    std::string body;
    std::string content_type;
  };
  struct Connection {
    int fd;
    std::string buffer;
  };

  Impl() {
    listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener, 64) != 0 ||
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("FakePeer: no loopback port");
    }
    port = ntohs(address.sin_port);
    wake = ::eventfd(0, EFD_CLOEXEC);
    thread = std::thread([this] { serve(); });
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake, &one, sizeof(one));
    thread.join();
    for (const Connection& c : connections) ::close(c.fd);
    ::close(listener);
    ::close(wake);
  }

  void serve() {
    for (;;) {
      std::vector<pollfd> ready{{wake, POLLIN, 0}, {listener, POLLIN, 0}};
      for (const Connection& c : connections) ready.push_back({c.fd, POLLIN, 0});
      if (::poll(ready.data(), ready.size(), -1) < 0) continue;
      if (ready[0].revents != 0) return;
      std::vector<Connection> open;
      for (std::size_t i = 0; i < connections.size(); ++i) {
        if (ready[i + 2].revents == 0 || receive(connections[i])) {
          open.push_back(std::move(connections[i]));
        } else {
          ::close(connections[i].fd);
        }
      }
      connections = std::move(open);
      if (ready[1].revents != 0) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) connections.push_back({fd, {}});
      }
    }
  }

  /// False when the connection is over.
  bool receive(Connection& connection) {
    char bytes[16 * 1024];
    const ssize_t got = ::recv(connection.fd, bytes, sizeof(bytes), 0);
    if (got <= 0) return false;
    connection.buffer.append(bytes, static_cast<std::size_t>(got));
    while (auto request = take_request(connection.buffer)) {
      if (!respond(connection.fd, *request)) return false;
    }
    return true;
  }

  bool respond(int fd, const Request& request) {
    const std::lock_guard lock(mutex);
    requests.push_back(request);
    switch (manner) {
      case Manner::silence:
        return true;
      case Manner::reset: {
        const linger now{1, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        return false;
      }
      case Manner::garbage: {
        static constexpr std::string_view kNoise("\x00\xff\x17qiao \r\n\r\n{{{{", 16);
        ::send(fd, kNoise.data(), kNoise.size(), MSG_NOSIGNAL);
        return false;
      }
      case Manner::answer:
        break;
    }
    const std::string path = request.target.substr(0, request.target.find('?'));
    auto found = by_path.find({request.method, path});
    const Answer& answer = found == by_path.end() ? general : found->second;
    const std::string bytes =
        fmt::format("HTTP/1.1 {} Answer\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", answer.status,
                    answer.content_type, answer.body.size(), request.method == "HEAD" ? "" : answer.body);
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()) &&
           request.header("connection") != "close";
  }

  int listener = -1;
  int wake = -1;
  int port = 0;
  std::vector<Connection> connections;  // of the thread
  std::mutex mutex;
  Manner manner = Manner::answer;
  Answer general{404, R"({"error":"not found"})", "application/json"};
  std::map<std::pair<std::string, std::string>, Answer> by_path;
  std::vector<Request> requests;
  std::thread thread;
};

FakePeer::FakePeer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FakePeer::FakePeer(FakePeer&&) noexcept = default;
FakePeer& FakePeer::operator=(FakePeer&&) noexcept = default;
FakePeer::~FakePeer() = default;

FakePeer FakePeer::http() { return FakePeer(std::make_unique<Impl>()); }

FakePeer& FakePeer::answers(int status, std::string body, std::string content_type) & {
  const std::lock_guard lock(impl_->mutex);
  impl_->manner = Impl::Manner::answer;
  impl_->general = {status, std::move(body), std::move(content_type)};
  return *this;
}

FakePeer& FakePeer::on(std::string method, std::string path, int status, std::string body) & {
  const std::lock_guard lock(impl_->mutex);
  impl_->manner = Impl::Manner::answer;
  impl_->by_path[{std::move(method), std::move(path)}] = {status, std::move(body), "application/json"};
  return *this;
}

FakePeer& FakePeer::never_answers() & {
  const std::lock_guard lock(impl_->mutex);
  impl_->manner = Impl::Manner::silence;
  return *this;
}

FakePeer& FakePeer::resets() & {
  const std::lock_guard lock(impl_->mutex);
  impl_->manner = Impl::Manner::reset;
  return *this;
}

FakePeer& FakePeer::garbage() & {
  const std::lock_guard lock(impl_->mutex);
  impl_->manner = Impl::Manner::garbage;
  return *this;
}

FakePeer FakePeer::answers(int status, std::string body, std::string content_type) && {
  return std::move(answers(status, std::move(body), std::move(content_type)));
}
FakePeer FakePeer::on(std::string method, std::string path, int status, std::string body) && {
  return std::move(on(std::move(method), std::move(path), status, std::move(body)));
}
FakePeer FakePeer::never_answers() && { return std::move(never_answers()); }
FakePeer FakePeer::resets() && { return std::move(resets()); }
FakePeer FakePeer::garbage() && { return std::move(garbage()); }

std::string FakePeer::url() const { return fmt::format("http://127.0.0.1:{}", impl_->port); }
int FakePeer::port() const { return impl_->port; }

std::vector<FakePeer::Request> FakePeer::requests() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

}  // namespace qiao::testkit
