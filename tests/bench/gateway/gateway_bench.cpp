// What a WebSocket costs: processor time for a message that comes in and leaves twice, and memory for one that says
// nothing. The clients run in a child process, so that the figures are the server's alone.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/gateway/gateway.hpp"
#include "core/observe/metrics.hpp"

namespace {

using Clock = std::chrono::steady_clock;

int connect_to(std::uint16_t port, int n) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + static_cast<unsigned>(n / 20000));
  ::bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return -1;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

bool upgrade(int fd) {
  static const char request[] =
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  if (::send(fd, request, sizeof request - 1, 0) < 0) return false;
  std::string head;
  char c = 0;
  while (!head.ends_with("\r\n\r\n") && ::recv(fd, &c, 1, 0) == 1) head += c;
  return head.starts_with("HTTP/1.1 101");
}

/// Opens `idle` sockets and says so, then, when told, keeps one message in flight on each of `active` sockets.
int clients(std::uint16_t port, int idle, int active, double seconds, int in, int out) {
  std::vector<int> sockets;
  for (int i = 0; i < idle; ++i) {
    const int fd = connect_to(port, i);
    if (fd < 0 || !upgrade(fd)) return 1;
    sockets.push_back(fd);
  }
  char go = 0;
  if (::write(out, "i", 1) != 1 || ::read(in, &go, 1) != 1) return 1;
  std::string frame("\x81\xe4\0\0\0\0", 6);
  frame.append(100, 'x');
  const std::size_t answer = 2 * (2 + 100);
  const int poll = ::epoll_create1(0);
  std::vector<std::size_t> got(static_cast<std::size_t>(active));
  for (int i = 0; i < active; ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = static_cast<unsigned>(i);
    ::epoll_ctl(poll, EPOLL_CTL_ADD, sockets[static_cast<std::size_t>(i)], &event);
    if (::send(sockets[static_cast<std::size_t>(i)], frame.data(), frame.size(), 0) < 0) return 1;
  }
  std::uint64_t messages = 0;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end) {
    epoll_event events[128];
    const int n = ::epoll_wait(poll, events, 128, 100);
    for (int i = 0; i < n; ++i) {
      char buffer[4096];
      const auto which = events[i].data.u32;
      const ssize_t size = ::recv(sockets[which], buffer, sizeof buffer, 0);
      if (size <= 0) return 1;
      got[which] += static_cast<std::size_t>(size);
      if (got[which] < answer) continue;
      got[which] = 0;
      ++messages;
      if (::send(sockets[which], frame.data(), frame.size(), 0) < 0) return 1;
    }
  }
  if (::write(out, &messages, sizeof messages) != sizeof messages) return 1;
  return ::read(in, &go, 1) == 1 ? 0 : 1;
}

/// Keeps one POST in flight on each of `active` connections.
int posts(std::uint16_t port, int active, double seconds, int in, int out) {
  std::string request =
      "POST /hook HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
  request.append(100, 'x');
  char go = 0;
  if (::read(in, &go, 1) != 1) return 1;
  const int poll = ::epoll_create1(0);
  for (int i = 0; i < active; ++i) {
    const int fd = connect_to(port, i);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    if (::send(fd, request.data(), request.size(), 0) < 0) return 1;
  }
  std::uint64_t answers = 0;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end) {
    epoll_event events[128];
    const int n = ::epoll_wait(poll, events, 128, 100);
    for (int i = 0; i < n; ++i) {
      char buffer[4096];
      const ssize_t size = ::recv(events[i].data.fd, buffer, sizeof buffer, 0);
      if (size <= 2 || buffer[size - 1] != '}') return 1;
      ++answers;
      if (::send(events[i].data.fd, request.data(), request.size(), 0) < 0) return 1;
    }
  }
  if (::write(out, &answers, sizeof answers) != sizeof answers) return 1;
  return ::read(in, &go, 1) == 1 ? 0 : 1;
}

/// A pool of one thread.
class Pool {
 public:
  Pool() : thread_([this] { work(); }) {}
  ~Pool() {
    run(nullptr);
    thread_.join();
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  bool run(std::function<void()> task) {
    {
      std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
    return true;
  }

 private:
  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !tasks_.empty(); });
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      if (!task) return;
      task();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::thread thread_;
};

class Twice final : public qiao::SocketHandler {
 public:
  explicit Twice(std::shared_ptr<qiao::Socket> socket) : socket_(std::move(socket)) {}
  void on_text(std::string_view text) override {
    auto shared = std::make_shared<const std::string>(text);
    socket_->send(shared);
    socket_->send(std::move(shared));
  }
  void on_close(int) override {}

 private:
  std::shared_ptr<qiao::Socket> socket_;
};

class Silent final : public qiao::Logger {
 public:
  [[nodiscard]] bool enabled(qiao::LogLevel level) const noexcept override { return level >= qiao::LogLevel::error; }
  void write(qiao::LogLevel, std::string_view line) override {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  }
};

long resident_kb() {
  long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * (::sysconf(_SC_PAGESIZE) / 1024);
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  int idle = 10000;
  double seconds = 5;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--sockets") == 0) idle = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--seconds") == 0) seconds = std::atof(argv[i + 1]);
  }
  const int active = std::min(idle, 100);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  int to_child[2];
  int from_child[2];
  int port_pipe[2];
  if (::pipe(to_child) != 0 || ::pipe(from_child) != 0 || ::pipe(port_pipe) != 0) return 1;
  const pid_t child = ::fork();
  if (child == 0) {
    std::uint16_t port = 0;
    if (::read(port_pipe[0], &port, sizeof port) != sizeof port) std::_Exit(1);
    const int failed = clients(port, idle, active, seconds, to_child[0], from_child[1]);
    std::_Exit(failed != 0 ? failed : posts(port, 32, seconds, to_child[0], from_child[1]));
  }
  ::close(from_child[1]);  // so that a child that fails is noticed

  Silent log;
  Pool pool;
  qiao::core::MetricsRegistry metrics;
  qiao::core::GatewayOptions options;
  options.listen = {"127.0.0.1:0"};
  qiao::core::Gateway gateway(
      options, {log, metrics, [&](std::function<void()> work) { return pool.run(std::move(work)); }, {}});
  auto http = gateway.attach("bench");
  http->websocket({.path = "/ws", .messages_per_second = 0},
                  [](std::shared_ptr<qiao::Socket> s) { return std::make_shared<Twice>(std::move(s)); });
  http->raw({.method = "POST", .path = "/hook", .access = qiao::Access::anyone()},
            [](const auto&, const qiao::HttpReply& reply) { reply({.body = "{}"}); });
  if (!http->activate() || !gateway.start()) return 1;
  const long before = resident_kb();
  const std::uint16_t port = gateway.port();
  char said = 0;
  std::uint64_t messages = 0;
  bool ok = ::write(port_pipe[1], &port, sizeof port) == sizeof port && ::read(from_child[0], &said, 1) == 1;
  const long after = resident_kb();
  const double cpu_before = cpu_seconds();
  ok = ok && ::write(to_child[1], "g", 1) == 1 && ::read(from_child[0], &messages, sizeof messages) == sizeof messages;
  const double cpu = cpu_seconds() - cpu_before;
  std::uint64_t answers = 0;
  ok = ok && ::write(to_child[1], "g", 1) == 1;
  const double post_before = cpu_seconds();
  ok = ok && ::write(to_child[1], "g", 1) == 1 && ::read(from_child[0], &answers, sizeof answers) == sizeof answers;
  const double post_cpu = cpu_seconds() - post_before;
  ok = ok && ::write(to_child[1], "q", 1) == 1;
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!ok || status != 0 || messages == 0 || answers == 0) {
    std::fprintf(stderr, "the clients failed\n");
    return 1;
  }
  std::printf("idle: %d sockets, %.2f KB each (%ld KB before, %ld after)\n", idle,
              static_cast<double>(after - before) / idle, before, after);
  std::printf("echo, one in and two out, %d of them active: %.0f messages/s, %.2f us processor time each\n", active,
              static_cast<double>(messages) / seconds, cpu / static_cast<double>(messages) * 1e6);
  std::printf("POST to a handler on the pool, 32 connections: %.0f requests/s, %.2f us processor time each\n",
              static_cast<double>(answers) / seconds, post_cpu / static_cast<double>(answers) * 1e6);
  http.reset();
  gateway.stop(std::chrono::milliseconds(100));
  return 0;
}
