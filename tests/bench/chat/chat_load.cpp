// Load for a chat server over WebSocket: customers write short texts, agents receive them. Each text carries the time
// at which it was due, so latency is measured end to end without understanding the protocol. One thread, one epoll
// loop.
//
//   chat_load qiao|relay --port P --mode sat|rate|idle [--visitors N] [--agents N] [--window W] [--rate R] [--secs S]
//             [--warm S] [--pid SERVER] [--agent-tokens FILE]
//
// sat:  closed loop, each customer keeps W texts in flight until an agent has them
// rate: open loop, text k is due at start + k/R, and latency counts from then (no coordinated omission)
// idle: connects everybody, then reports the server's memory for each connection
//
// Prints one JSON object. `relay` is the plain protocol of chat_floor.cpp and peer.mjs.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

namespace {

using Nanos = std::uint64_t;

Nanos now() {
  return static_cast<Nanos>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

[[noreturn]] void fail(const std::string& what) {
  fmt::print(stderr, "chat_load: {}\n", what);
  std::exit(1);
}

struct Options {
  bool qiao = true;
  std::string mode = "sat";
  int port = 0;
  std::size_t visitors = 100;
  std::size_t agents = 10;
  int window = 1;
  double rate = 1000;
  double seconds = 5;
  double warm = 2;
  int pid = 0;
  std::vector<std::string> agent_tokens;
};

/// Latencies in microseconds, kept whole: a run has a few hundred thousand.
struct Latencies {
  std::vector<float> micros;
  double percentile(double p) {
    if (micros.empty()) return 0;
    const auto at = static_cast<std::size_t>(p * static_cast<double>(micros.size() - 1));
    std::nth_element(micros.begin(), micros.begin() + static_cast<std::ptrdiff_t>(at), micros.end());
    return static_cast<double>(micros[at]);
  }
};

struct Usage {
  double cpu_seconds = 0;
  double rss_kb = 0;
};

Usage usage_of(int pid) {
  Usage usage;
  if (pid == 0) return usage;
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(stat, line);
  line.erase(0, line.rfind(')') + 2);
  long user = 0;
  long system = 0;
  if (std::sscanf(line.c_str(), "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system) == 2) {
    usage.cpu_seconds = static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  std::ifstream memory(fmt::format("/proc/{}/smaps_rollup", pid));
  while (std::getline(memory, line)) {
    if (line.starts_with("Rss:")) usage.rss_kb = std::atof(line.c_str() + 4);
  }
  return usage;
}

struct Connection {
  int fd = -1;
  bool agent = false;
  std::size_t index = 0;
  bool upgraded = false;
  bool ready = false;
  std::uint32_t sequence = 0;  // of the next text
  std::uint32_t expected = 0;  // of this customer's next text at the agents
  std::string in;
  std::string out;
};

constexpr std::string_view kMark = "LG1:";
constexpr std::size_t kMarkSize = 4 + 16 + 8 + 8;

class Load {
 public:
  explicit Load(Options options) : o_(std::move(options)), epoll_(epoll_create1(0)) {
    connections_.resize(o_.agents + o_.visitors);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].agent = i < o_.agents;
      connections_[i].index = i < o_.agents ? i : i - o_.agents;
    }
  }

  void run() {
    const Usage before = usage_of(o_.pid);
    const Nanos began = now();
    connect_all(0, o_.agents);
    connect_all(o_.agents, connections_.size());
    const double connected = static_cast<double>(now() - began) / 1e9;
    if (o_.mode == "idle") {
      wait_until(now() + static_cast<Nanos>(o_.seconds * 1e9));
      const Usage after = usage_of(o_.pid);
      fmt::print(
          R"({{"mode":"idle","connections":{},"connect_s":{:.2f},"rss_before_kb":{:.0f},"rss_kb":{:.0f},"kb_per_connection":{:.2f}}})"
          "\n",
          connections_.size(), connected, before.rss_kb, after.rss_kb,
          (after.rss_kb - before.rss_kb) / static_cast<double>(connections_.size()));
      return;
    }
    measure();
  }

 private:
  Connection& visitor(std::size_t i) { return connections_[o_.agents + i]; }

  // ---- the protocol -------------------------------------------------------------------------------------------------

  std::string path(const Connection& c) const {
    if (!o_.qiao) return "/ws";
    return c.agent ? "/api/v1/agent" : "/api/v1/visitor";
  }
  std::string hello(const Connection& c) const {
    if (o_.qiao) {
      return c.agent ? fmt::format(R"({{"t":"hello","token":"{}"}})", o_.agent_tokens[c.index])
                     : R"({"t":"hello","language":"en"})";
    }
    return fmt::format(R"({{"t":"hello","id":"{}{}","role":"{}"}})", c.agent ? 'a' : 'v', c.index,
                       c.agent ? "agent" : "visitor");
  }
  std::string message(const Connection& c, const std::string& body) const {
    if (o_.qiao) return fmt::format(R"({{"t":"msg","id":"{}-{}","text":"{}"}})", c.index, c.sequence, body);
    return fmt::format(R"({{"t":"msg","to":"a{}","body":"{}"}})", c.index % o_.agents, body);
  }

  void frame(Connection& c, std::string_view text) {
    if (!c.ready) {
      c.ready = text.find(R"("t":"welcome")") != std::string_view::npos;
      if (c.ready) ++ready_;
      return;
    }
    if (!c.agent) {
      if (text.find(R"("t":"ack")") != std::string_view::npos) ++acks_;
      if (text.find(R"("t":"error")") != std::string_view::npos) fail(fmt::format("refused: {}", text));
      return;
    }
    const std::size_t at = text.find(kMark);
    if (at == std::string_view::npos || text.size() < at + kMarkSize) return;
    const Nanos due = std::strtoull(std::string(text.substr(at + 4, 16)).c_str(), nullptr, 16);
    const auto who = std::strtoul(std::string(text.substr(at + 20, 8)).c_str(), nullptr, 16);
    const auto sequence =
        static_cast<std::uint32_t>(std::strtoul(std::string(text.substr(at + 28, 8)).c_str(), nullptr, 16));
    if (who >= o_.visitors) return;
    Connection& sender = visitor(who);
    if (sequence < sender.expected) {
      ++doubled_;
      return;
    }
    gaps_ += sequence - sender.expected;
    sender.expected = sequence + 1;
    ++delivered_;
    if (measuring_) {
      ++counted_;
      latencies_.micros.push_back(static_cast<float>(now() - due) / 1000);
    }
    if (running_ && o_.mode == "sat") write(sender, now());
  }

  void write(Connection& c, Nanos due) {
    std::string body = fmt::format("{}{:016x}{:08x}{:08x} the quick brown customer asks about the lazy order", kMark,
                                   due, c.index, c.sequence);
    body.resize(100, '.');
    send(c, message(c, body));
    ++c.sequence;
    ++sent_;
  }

  // ---- WebSocket ----------------------------------------------------------------------------------------------------

  void send(Connection& c, std::string_view payload) {
    if (c.out.empty()) dirty_.push_back(&c);
    c.out += static_cast<char>(0x81);
    if (payload.size() < 126) {
      c.out += static_cast<char>(0x80 | payload.size());
    } else {
      c.out += static_cast<char>(0x80 | 126);
      c.out += static_cast<char>(payload.size() >> 8);
      c.out += static_cast<char>(payload.size());
    }
    c.out.append(4, '\0');  // a masking key of zero: the server's work is the same, the generator's is less
    c.out += payload;
  }

  void flush() {
    for (Connection* c : dirty_) {
      std::string_view rest = c->out;
      while (!rest.empty()) {
        const ssize_t n = ::send(c->fd, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (n < 0) fail(fmt::format("send: {}", std::strerror(errno)));
        rest.remove_prefix(static_cast<std::size_t>(n));
      }
      c->out.clear();
    }
    dirty_.clear();
  }

  void readable(Connection& c) {
    static char buffer[256 * 1024];
    const ssize_t n = ::recv(c.fd, buffer, sizeof buffer, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) fail(fmt::format("{} {} was closed by the server", c.agent ? "agent" : "visitor", c.index));
    c.in.append(buffer, static_cast<std::size_t>(n));
    std::string_view rest = c.in;
    if (!c.upgraded) {
      const std::size_t end = rest.find("\r\n\r\n");
      if (end == std::string_view::npos) return;
      if (rest.substr(9, 3) != "101") fail(fmt::format("no upgrade: {}", rest.substr(0, 200)));
      c.upgraded = true;
      rest.remove_prefix(end + 4);
      send(c, hello(c));
    }
    while (rest.size() >= 2) {
      std::size_t head = 2;
      std::size_t length = static_cast<unsigned char>(rest[1]);
      if (length == 126) {
        if (rest.size() < 4) break;
        length =
            static_cast<std::size_t>(static_cast<unsigned char>(rest[2])) << 8 | static_cast<unsigned char>(rest[3]);
        head = 4;
      } else if (length == 127) {
        fail("a frame of over 64 KiB");
      }
      if (rest.size() < head + length) break;
      const int opcode = rest[0] & 15;
      if (opcode == 8) fail(fmt::format("{} {} got a close frame", c.agent ? "agent" : "visitor", c.index));
      if (opcode == 1) frame(c, rest.substr(head, length));
      rest.remove_prefix(head + length);
    }
    c.in.erase(0, c.in.size() - rest.size());
    if (c.in.empty()) c.in.shrink_to_fit();
  }

  void connect(Connection& c) {
    c.fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const int one = 1;
    ::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    // Many connections need more than one local address to have ports enough.
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(c.index % 16));
    if (::bind(c.fd, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0) fail("cannot bind a local address");
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(o_.port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(c.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      fail(fmt::format("cannot connect: {}", std::strerror(errno)));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &c;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
    const std::string request = fmt::format(
        "GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
        "13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        path(c), o_.port);
    if (::send(c.fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) fail("cannot send");
  }

  void connect_all(std::size_t from, std::size_t to) {
    std::size_t started = from;
    const std::size_t base = ready_;
    const Nanos end = now() + 120'000'000'000;
    while (ready_ - base < to - from) {
      while (started < to && started - from - (ready_ - base) < 100) connect(connections_[started++]);
      step(now() + 10'000'000);
      if (now() > end) fail(fmt::format("only {} of {} connections are ready", ready_ - base, to - from));
    }
  }

  void step(Nanos until) {
    flush();
    epoll_event events[512];
    const Nanos t = now();
    const Nanos wait = until > t ? until - t : 0;
    const timespec limit{static_cast<time_t>(wait / 1'000'000'000), static_cast<long>(wait % 1'000'000'000)};
    const int n = ::epoll_pwait2(epoll_, events, 512, &limit, nullptr);
    for (int i = 0; i < n; ++i) readable(*static_cast<Connection*>(events[i].data.ptr));
    flush();
  }

  void wait_until(Nanos end) {
    while (now() < end) step(end);
  }

  // ---- measuring ----------------------------------------------------------------------------------------------------

  void measure() {
    running_ = true;
    const Nanos began = now();
    const Nanos from = began + static_cast<Nanos>(o_.warm * 1e9);
    const Nanos to = from + static_cast<Nanos>(o_.seconds * 1e9);
    if (o_.mode == "sat") {
      for (std::size_t i = 0; i < o_.visitors; ++i) {
        for (int w = 0; w < o_.window; ++w) write(visitor(i), now());
      }
    }
    Usage before;
    Nanos measured_from = 0;
    const double gap = 1e9 / o_.rate;
    std::size_t k = 0;
    for (Nanos t = now(); t < to; t = now()) {
      if (!measuring_ && t >= from) {
        measuring_ = true;
        before = usage_of(o_.pid);
        measured_from = now();
      }
      Nanos next = measuring_ ? to : from;
      if (o_.mode == "rate") {
        const auto due = [&] { return began + static_cast<Nanos>(static_cast<double>(k) * gap); };
        for (; due() <= t; ++k) write(visitor(k % o_.visitors), due());
        next = std::min(next, due());
      }
      step(next);
    }
    const double elapsed = static_cast<double>(now() - measured_from) / 1e9;
    const Usage after = usage_of(o_.pid);
    measuring_ = false;
    running_ = false;
    const Nanos drained = now() + 3'000'000'000;
    while (delivered_ < sent_ && now() < drained) step(now() + 10'000'000);
    fmt::print(
        R"({{"mode":"{}","messages_per_s":{:.0f},"cpu_us_per_message":{:.2f},"p50_us":{:.0f},"p99_us":{:.0f},"max_us":{:.0f},)"
        R"("sent":{},"delivered":{},"acks":{},"doubled":{},"gaps":{},"rss_kb":{:.0f}}})"
        "\n",
        o_.mode, static_cast<double>(counted_) / elapsed,
        counted_ == 0 ? 0 : (after.cpu_seconds - before.cpu_seconds) * 1e6 / static_cast<double>(counted_),
        latencies_.percentile(0.5), latencies_.percentile(0.99), latencies_.percentile(1), sent_, delivered_, acks_,
        doubled_, gaps_, after.rss_kb);
  }

  const Options o_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::vector<Connection*> dirty_;
  std::size_t ready_ = 0;
  bool running_ = false;
  bool measuring_ = false;
  std::size_t sent_ = 0;
  std::size_t delivered_ = 0;
  std::size_t counted_ = 0;
  std::size_t acks_ = 0;
  std::size_t doubled_ = 0;
  std::size_t gaps_ = 0;
  Latencies latencies_;
};

Options parse(int argc, char** argv) {
  if (argc < 2) fail("usage: see the head of chat_load.cpp");
  Options o;
  o.qiao = std::string_view(argv[1]) == "qiao";
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string key = argv[i];
    const std::string value = argv[i + 1];
    if (key == "--mode")
      o.mode = value;
    else if (key == "--port")
      o.port = std::stoi(value);
    else if (key == "--visitors")
      o.visitors = std::stoul(value);
    else if (key == "--agents")
      o.agents = std::stoul(value);
    else if (key == "--window")
      o.window = std::stoi(value);
    else if (key == "--rate")
      o.rate = std::stod(value);
    else if (key == "--secs")
      o.seconds = std::stod(value);
    else if (key == "--warm")
      o.warm = std::stod(value);
    else if (key == "--pid")
      o.pid = std::stoi(value);
    else if (key == "--agent-tokens") {
      std::ifstream file(value);
      for (std::string line; std::getline(file, line);) o.agent_tokens.push_back(line);
    } else
      fail("unknown option " + key);
  }
  if (o.qiao && o.agent_tokens.size() < o.agents) fail("one token for each agent is needed: --agent-tokens FILE");
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  Load(parse(argc, argv)).run();
}
