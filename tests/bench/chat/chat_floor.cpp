// The least that a durable relay can do, as the floor for chat_load: one epoll thread, WebSocket text in, look up the
// peer, append to a file and sync it once a loop turn, WebSocket text out. It is a measure, not a product.
//
//   chat_floor PORT FILE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace {

struct Peer {
  int fd;
  bool upgraded = false;
  std::string in;
  std::string out;
  std::string id;
};

int epoll_fd;
int log_fd;
std::string log_buffer;
std::uint64_t last_id = 0;
std::unordered_map<std::string, Peer*> by_id;
std::vector<Peer*> dirty;

void put(Peer* peer, std::string_view text) {
  if (peer->out.empty()) dirty.push_back(peer);
  peer->out += static_cast<char>(0x81);
  if (text.size() < 126) {
    peer->out += static_cast<char>(text.size());
  } else {
    peer->out += static_cast<char>(126);
    peer->out += static_cast<char>(text.size() >> 8);
    peer->out += static_cast<char>(text.size());
  }
  peer->out += text;
}

std::string_view field(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + key.size());
  return text.substr(0, text.find('"'));
}

void message(Peer* peer, std::string_view text) {
  if (field(text, R"("t":")") == "hello") {
    peer->id = field(text, R"("id":")");
    by_id[peer->id] = peer;
    return put(peer, R"({"t":"welcome"})");
  }
  const std::string_view body = field(text, R"("body":")");
  const std::string id = std::to_string(++last_id);
  log_buffer += fmt::format("{}\t{}\t{}\n", id, peer->id, body);
  const auto to = by_id.find(std::string(field(text, R"("to":")")));
  if (to != by_id.end())
    put(to->second, fmt::format(R"({{"t":"msg","id":{},"from":"{}","body":"{}"}})", id, peer->id, body));
  put(peer, fmt::format(R"({{"t":"ack","id":{}}})", id));
}

void gone(Peer* peer) {
  ::close(peer->fd);
  by_id.erase(peer->id);
  std::erase(dirty, peer);
  delete peer;
}

void readable(Peer* peer) {
  char buffer[65536];
  const ssize_t n = ::recv(peer->fd, buffer, sizeof buffer, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) return gone(peer);
  peer->in.append(buffer, static_cast<std::size_t>(n));
  std::size_t at = 0;
  if (!peer->upgraded) {
    const std::size_t end = peer->in.find("\r\n\r\n");
    if (end == std::string::npos) return;
    // The answer to the one key that chat_load sends.
    const std::string answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    if (::send(peer->fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return gone(peer);
    peer->upgraded = true;
    at = end + 4;
  }
  while (peer->in.size() - at >= 6) {
    const auto* p = reinterpret_cast<unsigned char*>(peer->in.data()) + at;
    std::size_t length = p[1] & 127;
    std::size_t head = 2;
    if (length == 126) {
      if (peer->in.size() - at < 8) break;
      length = static_cast<std::size_t>(p[2]) << 8 | p[3];
      head = 4;
    }
    if (peer->in.size() - at < head + 4 + length) break;
    char* data = peer->in.data() + at + head + 4;
    for (std::size_t i = 0; i < length; ++i)
      data[i] = static_cast<char>(data[i] ^ static_cast<char>(p[head + (i & 3)]));
    if ((p[0] & 15) == 1) message(peer, {data, length});
    at += head + 4 + length;
  }
  peer->in.erase(0, at);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: chat_floor PORT FILE\n", stderr), 64;
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  log_fd = ::open(argv[2], O_CREAT | O_WRONLY | O_APPEND, 0600);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int one = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (log_fd < 0 || ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 4096) != 0) {
    std::perror("chat_floor");
    return 1;
  }
  epoll_fd = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    epoll_event events[512];
    const int n = ::epoll_wait(epoll_fd, events, 512, -1);
    for (int i = 0; i < n; ++i) {
      if (auto* peer = static_cast<Peer*>(events[i].data.ptr)) {
        readable(peer);
        continue;
      }
      for (int fd = 0; (fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        event.data.ptr = new Peer{.fd = fd, .in = {}, .out = {}, .id = {}};
        ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
      }
    }
    if (!log_buffer.empty()) {
      if (::write(log_fd, log_buffer.data(), log_buffer.size()) < 0 || ::fdatasync(log_fd) != 0)
        return std::perror("log"), 1;
      log_buffer.clear();
    }
    for (Peer* peer : dirty) {
      if (::send(peer->fd, peer->out.data(), peer->out.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN) continue;
      peer->out.clear();
    }
    dirty.clear();
  }
}
