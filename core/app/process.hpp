#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "qiao/result.hpp"

namespace qiao::core {

/// Tells systemd's notify socket, when there is one: "READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…".
void notify_service_manager(const std::string& state);
/// How often the service manager wants to hear WATCHDOG=1; zero: never.
std::chrono::microseconds watchdog_period();

/// A file with this process's number, gone when the object goes.
class PidFile {
 public:
  static Result<std::unique_ptr<PidFile>> write(const std::filesystem::path& file);
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

 private:
  explicit PidFile(std::filesystem::path file) : file_(std::move(file)) {}
  std::filesystem::path file_;
};

/// The one thread that starts, changes and stops plugins: it does what it is asked, in order. `post` and `stop` from
/// any thread.
class Controller {
 public:
  using Task = std::function<void()>;

  void post(Task task);
  /// Ends `run` after what is queued.
  void stop();
  /// Works on the calling thread until `stop`; calls `tick` about every `period`.
  void run(std::chrono::milliseconds period, const Task& tick);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
};

/// Blocks TERM, INT and HUP for the whole process and waits for them on a thread of its own. Made before any other
/// thread.
class SignalThread {
 public:
  /// `terminate` is called for the first TERM or INT; a second one ends the process at once.
  SignalThread(std::function<void()> terminate, std::function<void()> hang_up);
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  void wait();
  std::function<void()> terminate_;
  std::function<void()> hang_up_;
  int wake_;
  int signals_;
  std::thread thread_;
};

}  // namespace qiao::core
