// GET requests at a fixed rate, or as fast as the answers come; prints one line of JSON.
//
//   partner_load --port P [--rate N] [--secs S] [--warm S] [--connections N] [--key qk_…] [--pid SERVER] [--path /a?b=]
//                [--values a,b,c]
//
// With a rate, requests have their time of departure, whether or not the server keeps up: latency counts from then, so
// that a stall is seen by all who would have come during it. Without one, each connection asks as soon as it was
// answered. `path` is followed by one of `values` in turn.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  int port = 0;
  int pid = 0;
  double rate = 0;
  double secs = 5;
  double warm = 1;
  int connections = 64;
  std::string key;
  std::string path = "/healthz";
  std::vector<std::string> values{""};
};

[[noreturn]] void fail(const std::string& text) {
  std::fprintf(stderr, "partner_load: %s\n", text.c_str());
  std::exit(1);
}

double cpu_seconds(int pid) {
  if (pid == 0) return 0;
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(stat, line);
  std::size_t at = line.rfind(')');
  for (int skip = 0; skip < 12 && at != std::string::npos; ++skip) at = line.find(' ', at + 1);
  if (at == std::string::npos) return 0;
  char* end = nullptr;
  const double user = std::strtod(line.c_str() + at, &end);
  return (user + std::strtod(end, nullptr)) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct Connection {
  int fd = -1;
  bool busy = false;
  Clock::time_point due;
  std::string in;
};

class Load {
 public:
  explicit Load(Options options)
      : o_(std::move(options)), epoll_(epoll_create1(0)), all_(static_cast<std::size_t>(o_.connections)) {
    for (const std::string& value : o_.values) {
      requests_.push_back(fmt::format("GET {}{} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", o_.path, value,
                                      o_.key.empty() ? "" : fmt::format("Authorization: Bearer {}\r\n", o_.key)));
    }
    for (std::size_t i = 0; i < all_.size(); ++i) open(i);
  }

  void run() {
    const auto start = Clock::now();
    const auto measure = start + seconds(o_.warm);
    const auto end = measure + seconds(o_.secs);
    double cpu = -1;
    auto next = start;
    const auto gap = o_.rate > 0 ? seconds(1 / o_.rate) : Clock::duration{};
    if (o_.rate <= 0) {
      for (std::size_t i = 0; i < all_.size(); ++i) send(i, Clock::now());
    } else {
      for (std::size_t i = 0; i < all_.size(); ++i) idle_.push_back(i);
    }
    for (auto now = start; now < end; now = Clock::now()) {
      if (cpu < 0 && now >= measure) {
        cpu = cpu_seconds(o_.pid);
        measuring_ = true;
      }
      for (; o_.rate > 0 && next <= now; next += gap) due_.push_back(next);
      while (!due_.empty() && !idle_.empty()) {
        const std::size_t i = idle_.back();
        idle_.pop_back();
        send(i, due_.front());
        due_.pop_front();
      }
      receive(o_.rate > 0 ? next : end);
    }
    const double used = cpu_seconds(o_.pid) - cpu;
    report(used, due_.size());
  }

 private:
  static Clock::duration seconds(double s) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(s));
  }

  void open(std::size_t i) {
    Connection& c = all_[i];
    c.fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(o_.port));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (::connect(c.fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) fail(std::strerror(errno));
    const int on = 1;
    ::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
  }

  void send(std::size_t i, Clock::time_point due) {
    const std::string& request = requests_[turn_++ % requests_.size()];
    all_[i].due = due;
    all_[i].busy = true;
    if (::send(all_[i].fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      fail("a request could not be sent");
  }

  void receive(Clock::time_point until) {
    epoll_event events[256];
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    const int count = ::epoll_wait(epoll_, events, 256, static_cast<int>(std::clamp<long>(left, 0, 100)));
    for (int e = 0; e < count; ++e) read(events[e].data.u64);
  }

  void read(std::size_t i) {
    Connection& c = all_[i];
    char buffer[16384];
    const ssize_t got = ::recv(c.fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (got <= 0) fail("the server closed a connection");
    c.in.append(buffer, static_cast<std::size_t>(got));
    const std::size_t head = c.in.find("\r\n\r\n");
    if (head == std::string::npos) return;
    const std::size_t length = c.in.find("Content-Length: ");
    const std::size_t body = length < head ? std::strtoul(c.in.c_str() + length + 16, nullptr, 10) : 0;
    if (c.in.size() < head + 4 + body) return;
    const bool good = c.in.compare(9, 3, "200") == 0;
    c.in.clear();
    c.busy = false;
    const auto now = Clock::now();
    if (measuring_) {
      ++(good ? answered_ : refused_);
      latencies_.push_back(std::chrono::duration<double, std::micro>(now - c.due).count());
    }
    if (o_.rate > 0) {
      idle_.push_back(i);
    } else {
      send(i, now);
    }
  }

  void report(double cpu, std::size_t late) {
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double part) {
      return latencies_.empty()
                 ? 0.0
                 : latencies_[static_cast<std::size_t>(part * static_cast<double>(latencies_.size() - 1))];
    };
    const double all = static_cast<double>(answered_ + refused_);
    fmt::print(
        R"({{"per_s":{:.0f},"refused":{},"waiting":{},"p50_us":{:.0f},"p99_us":{:.0f},"p999_us":{:.0f},"max_us":{:.0f},"server_us_each":{:.2f}}})"
        "\n",
        all / o_.secs, refused_, late, at(0.5), at(0.99), at(0.999), at(1), all > 0 ? cpu / all * 1e6 : 0);
  }

  Options o_;
  int epoll_;
  std::vector<std::string> requests_;
  std::vector<Connection> all_;
  std::vector<std::size_t> idle_;
  std::deque<Clock::time_point> due_;
  std::size_t turn_ = 0;
  bool measuring_ = false;
  std::uint64_t answered_ = 0;
  std::uint64_t refused_ = 0;
  std::vector<double> latencies_;
};

}  // namespace

int main(int argc, char** argv) {
  Options o;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--port")
      o.port = std::atoi(value);
    else if (name == "--pid")
      o.pid = std::atoi(value);
    else if (name == "--rate")
      o.rate = std::atof(value);
    else if (name == "--secs")
      o.secs = std::atof(value);
    else if (name == "--warm")
      o.warm = std::atof(value);
    else if (name == "--connections")
      o.connections = std::atoi(value);
    else if (name == "--key")
      o.key = value;
    else if (name == "--path")
      o.path = value;
    else if (name == "--values") {
      o.values.clear();
      for (std::string rest = value; !rest.empty();) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        o.values.push_back(rest.substr(0, comma));
        rest.erase(0, comma + 1);
      }
    } else {
      fail("unknown option " + name);
    }
  }
  if (o.port == 0 || o.connections < 1 || o.values.empty()) fail("see the head of partner_load.cpp");
  Load(std::move(o)).run();
}
