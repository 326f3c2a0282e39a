#pragma once

#include <sys/uio.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "core/gateway/timer_wheel.hpp"
#include "qiao/log.hpp"

namespace qiao::core {

class IoThread;

enum class Direction : std::uint8_t { read, write };

/// One accepted connection. Everything but `post_ready` happens on its I/O thread; that is why its state needs no lock.
class Connection : public std::enable_shared_from_this<Connection>, private TimerWheel::Entry {
 public:
  virtual ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  virtual void on_readable() = 0;
  virtual void on_writable() = 0;
  virtual void on_deadline() = 0;
  /// Asked for with `post_ready`.
  virtual void on_ready() {}
  /// The hub stops: finish what is under way and go.
  virtual void on_shutdown() = 0;
  /// The instance behind `owner` is taken back; whoever holds code of it lets go now.
  virtual void on_revoked(const void* owner) { static_cast<void>(owner); }
  /// Close now, whatever is under way. Idempotent.
  virtual void abort() noexcept = 0;

  [[nodiscard]] IoThread& io() const noexcept { return *io_; }

 protected:
  explicit Connection(std::shared_ptr<IoThread> io);
  void set_deadline(std::chrono::milliseconds from_now) { set_deadline(std::chrono::steady_clock::now(), from_now); }
  /// For a caller who has looked at the clock already.
  void set_deadline(std::chrono::steady_clock::time_point now, std::chrono::milliseconds from_now);
  void clear_deadline() noexcept;
  /// Takes the connection out of the thread's list and wheel; afterwards it may be destroyed anywhere.
  void unlink() noexcept;
  /// Any thread: has `on_ready` called soon; many calls cost one wake-up.
  void post_ready();

 private:
  friend class IoThread;
  std::shared_ptr<IoThread> io_;
  Connection* before_ = nullptr;
  Connection* after_ = nullptr;
  std::uint64_t deadline_ = 0;  ///< tick; 0: none
  bool listed_ = false;
};

/// A descriptor in an I/O thread's event loop; closes it in the end. I/O thread only, except construction.
///
/// The kernel tells of changes only (EPOLLET), so that waiting costs no system call; whoever reads or writes says with
/// `exhausted` when the kernel had no more to give or take.
class Descriptor {
 public:
  Descriptor(IoThread& io, int fd);
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int fd() const noexcept { return fd_; }
  /// Calls on_readable or on_writable once, from the loop, keeping the connection alive until then. Dropped when the
  /// descriptor closes.
  void wait(Direction direction, std::shared_ptr<Connection> connection);
  /// The last call would have blocked, or gave less than it was asked for: nothing can be done before the next event.
  void exhausted(Direction direction) noexcept {
    if (!ended_) side(direction).ready = false;
  }

 private:
  friend class IoThread;
  struct Side {
    bool ready = false;                   ///< something may be had without waiting
    std::shared_ptr<Connection> waiting;  ///< who is to be called
  };
  [[nodiscard]] Side& side(Direction direction) noexcept { return sides_[direction == Direction::write ? 1 : 0]; }
  IoThread& io_;
  const int fd_;
  bool ended_ = false;  ///< the other side has gone: reading never waits again
  bool due_ = false;    ///< in the loop's list of those who need not wait
  Side sides_[2];
};

/// A thread with its own event loop. Connections are pinned to one, so their handlers never run concurrently.
class IoThread : public std::enable_shared_from_this<IoThread> {
 public:
  struct Options {
    std::string name;
    std::chrono::milliseconds tick{250};
    std::function<void()> on_start;  ///< on the new thread
  };
  static constexpr std::size_t kReadBuffer = 64 * 1024;

  IoThread(Options options, Logger& log);
  ~IoThread();

  void start();
  /// Aborts what is still open and joins.
  void stop();
  [[nodiscard]] bool on_this_thread() const noexcept;
  /// Any thread; a batch of tasks costs one wake-up. False after stop: the task is dropped.
  bool post(std::function<void()> task);
  /// Runs `task` on the thread and waits for it; inline when the thread does not run. False: not done by the deadline,
  /// it will still run later.
  bool run_and_wait(std::function<void()> task, std::chrono::steady_clock::time_point deadline);
  /// The open connections of this thread; on the thread.
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> connections() const;
  [[nodiscard]] std::size_t open() const noexcept { return open_.load(std::memory_order_relaxed); }
  /// Shared by all reads of this thread; what it holds is consumed before the next read.
  [[nodiscard]] std::span<char> buffer() noexcept { return buffer_; }
  /// "Sun, 22 Nov 2026 07:04:05 GMT", made once a second. On the thread.
  [[nodiscard]] const std::string& http_date();
  [[nodiscard]] Logger& log() const noexcept { return log_; }

 private:
  friend class Connection;
  friend class Descriptor;
  struct LoopBell;
  struct Impl;
  void run();
  void look();
  void serve(Descriptor& descriptor);
  void call(Connection& connection, Direction direction);
  void drain();
  void tick();
  void link(Connection& connection);
  [[nodiscard]] std::uint64_t ticks(std::chrono::steady_clock::time_point at) const;
  void wake();
  void schedule(std::shared_ptr<Connection> connection);

  Options options_;
  Logger& log_;
  std::unique_ptr<Impl> impl_;
  std::vector<char> buffer_;
  TimerWheel wheel_;
  std::chrono::steady_clock::time_point epoch_ = std::chrono::steady_clock::now();
  Connection* first_ = nullptr;
  bool ending_ = false;      ///< on the thread: nothing new begins
  bool drain_soon_ = false;  ///< on the thread: it posted something to itself
  std::vector<Descriptor*> due_;
  std::vector<std::shared_ptr<Connection>> called_;  ///< of `ready_`, this round
  std::vector<std::shared_ptr<Connection>> let_go_;  ///< destroyed when no call is under way
  std::chrono::steady_clock::time_point next_tick_{};
  std::atomic<std::size_t> open_{0};
  std::int64_t date_second_ = 0;
  std::string date_;

  std::mutex mutex_;  // guards what follows; nothing else is locked under it
  std::vector<std::function<void()>> tasks_;
  std::vector<std::shared_ptr<Connection>> ready_;
  bool woken_ = false;
  bool running_ = false;
  bool stopped_ = false;
};

}  // namespace qiao::core
