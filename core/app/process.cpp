#include "core/app/process.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>

namespace qiao::core {

void notify_service_manager(const std::string& state) { ::sd_notify(0, state.c_str()); }

std::chrono::microseconds watchdog_period() {
  std::uint64_t micros = 0;
  return std::chrono::microseconds(::sd_watchdog_enabled(0, &micros) > 0 ? static_cast<std::int64_t>(micros) : 0);
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
