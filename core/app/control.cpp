#include "core/app/control.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "qiao/json.hpp"

namespace qiao::core {
namespace {

constexpr int kReadTimeoutMs = 2000;
constexpr std::size_t kLongestRequest = 64 * 1024;

Result<sockaddr_un> address_of(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = socket.string();
  if (name.size() >= sizeof(address.sun_path)) {
    return Error{Errc::bad_value, "control.path_too_long",
                 fmt::format("{}: the name of the control socket is longer than {} bytes; choose a shorter data folder",
                             name, sizeof(address.sun_path) - 1)};
  }
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
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

/// Reads up to a line end. `patience_ms` is for each piece; -1 waits as long as the other side lives.
std::optional<std::string> read_line(int fd, std::size_t longest, int patience_ms) {
  std::string line;
  char buffer[4096];
  while (line.size() < longest) {
    pollfd ready{fd, POLLIN, 0};
    if (::poll(&ready, 1, patience_ms) <= 0) return std::nullopt;
    const ssize_t got = ::recv(fd, buffer, sizeof(buffer), 0);
    if (got <= 0) return std::nullopt;
    line.append(buffer, static_cast<std::size_t>(got));
    if (line.back() == '\n') {
      line.pop_back();
      return line;
    }
  }
  return std::nullopt;
}

}  // namespace

std::filesystem::path control_socket(const std::filesystem::path& data_dir) { return data_dir / "control.sock"; }

Result<std::unique_ptr<ControlServer>> ControlServer::listen(const std::filesystem::path& socket, Handler handler) {
  auto address = address_of(socket);
  if (!address) return address.error();
  std::error_code ignored;
  std::filesystem::remove(socket, ignored);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const mode_t before = ::umask(0177);
  const bool bound = fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) == 0;
  ::umask(before);
  if (!bound || ::listen(fd, 8) != 0) {
    Error error{Errc::unavailable, "control.cannot_listen",
                fmt::format("{}: {}", socket.string(), std::strerror(errno))};
    if (fd >= 0) ::close(fd);
    return error;
  }
  const int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return std::unique_ptr<ControlServer>(new ControlServer(socket, fd, wake, std::move(handler)));
}

ControlServer::ControlServer(std::filesystem::path socket, int listener, int wake, Handler handler)
    : socket_(std::move(socket)), listener_(listener), wake_(wake), handler_(std::move(handler)), thread_([this] {
        serve();
      }) {}

ControlServer::~ControlServer() {
  const std::uint64_t one = 1;
  if (::write(wake_, &one, sizeof(one)) < 0) ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
  ::close(wake_);
  std::error_code ignored;
  std::filesystem::remove(socket_, ignored);
}

void ControlServer::serve() {
  for (;;) {
    pollfd ready[2] = {{listener_, POLLIN, 0}, {wake_, POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) return;
    if (ready[1].revents != 0) return;
    if ((ready[0].revents & POLLIN) == 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    answer(connection);
    ::close(connection);
  }
}

void ControlServer::answer(int connection) {
  const auto line = read_line(connection, kLongestRequest, kReadTimeoutMs);
  if (!line) return;
  ControlReply reply;
  if (auto request = from_json<ControlRequest>(*line)) {
    reply = handler_(*request);
  } else {
    reply = {false, "control.bad_request", request.error().message};
  }
  send_all(connection, to_json(reply) + "\n");
}

Result<ControlReply> ask_hub(const std::filesystem::path& data_dir, const ControlRequest& request) {
  const std::filesystem::path socket = control_socket(data_dir);
  auto address = address_of(socket);
  if (!address) return address.error();
  struct Connection {
    int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ~Connection() { ::close(fd); }
  } connection;
  if (::connect(connection.fd, reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0) {
    return Error{Errc::unavailable, "control.no_hub",
                 fmt::format("no hub answers at {} ({}); is it running with this --data?", socket.string(),
                             std::strerror(errno))};
  }
  std::optional<std::string> line;
  if (send_all(connection.fd, to_json(request) + "\n")) {
    line = read_line(connection.fd, std::size_t{64} * 1024 * 1024, -1);
  }
  if (!line) {
    return Error{Errc::unavailable, "control.broken", "the hub went away before it answered; see its log"};
  }
  return from_json<ControlReply>(*line);
}

}  // namespace qiao::core
