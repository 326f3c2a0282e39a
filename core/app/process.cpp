#include "core/app/process.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>

namespace qiao::core {

namespace {

template <typename Number>
std::optional<Number> number_in(const char* variable) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody changes the environment
  if (text == nullptr) return std::nullopt;
  Number value = 0;
  const char* end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, value);
  return error == std::errc() && stopped == end ? std::optional(value) : std::nullopt;
}

}  // namespace

// The protocol is described, and promised to stay, in sd_notify(3). libsystemd would bring six further libraries along
// for it.
void notify_service_manager(const std::string& state) {
  const char* name = std::getenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): nobody changes the environment
  sockaddr_un address{};
  if (name == nullptr || (*name != '/' && *name != '@')) return;
  const std::size_t length = std::strlen(name);
  if (length < 2 || length >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name, length);
  if (*name == '@') address.sun_path[0] = '\0';  // a name that is in no folder
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  // Best effort: who does not listen is not owed anything.
  [[maybe_unused]] const auto sent =
      ::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  ::close(fd);
}

std::chrono::microseconds watchdog_period() {
  const auto process = number_in<pid_t>("WATCHDOG_PID");
  if (process && *process != ::getpid()) return {};  // meant for another one, which started this
  return std::chrono::microseconds(number_in<std::int64_t>("WATCHDOG_USEC").value_or(0));
}

Result<std::unique_ptr<PidFile>> PidFile::write(const std::filesystem::path& file) {
  std::ofstream out(file, std::ios::trunc);
  out << ::getpid() << '\n';
  if (!out.flush()) {
    return Error{Errc::unavailable, "app.pid_file", fmt::format("{}: {}", file.string(), std::strerror(errno))};
  }
  return std::unique_ptr<PidFile>(new PidFile(file));
}

PidFile::~PidFile() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

void Controller::post(Task task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.notify_one();
}

void Controller::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_one();
}

void Controller::run(std::chrono::milliseconds period, const Task& tick) {
  auto next_tick = std::chrono::steady_clock::now() + period;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait_until(lock, next_tick, [this] { return !tasks_.empty() || stopping_; });
    if (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
      continue;
    }
    if (stopping_) return;
    next_tick = std::chrono::steady_clock::now() + period;
    lock.unlock();
    tick();
    lock.lock();
  }
}

SignalThread::SignalThread(std::function<void()> terminate, std::function<void()> hang_up)
    : terminate_(std::move(terminate)), hang_up_(std::move(hang_up)), wake_(::eventfd(0, EFD_CLOEXEC)) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  thread_ = std::thread([this] { wait(); });
}

SignalThread::~SignalThread() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof(one));
  thread_.join();
  ::close(wake_);
  ::close(signals_);
}

void SignalThread::wait() {
  bool terminating = false;
  for (;;) {
    pollfd ready[2] = {{signals_, POLLIN, 0}, {wake_, POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0) continue;
    if (ready[1].revents != 0) return;
    signalfd_siginfo info{};
    if (::read(signals_, &info, sizeof(info)) != sizeof(info)) continue;
    if (info.ssi_signo == SIGHUP) {
      hang_up_();
    } else if (std::exchange(terminating, true)) {
      ::_exit(128 + static_cast<int>(info.ssi_signo));
    } else {
      terminate_();
    }
  }
}

}  // namespace qiao::core
