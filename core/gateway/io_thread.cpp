#include "core/gateway/io_thread.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <future>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "core/bus/wakeups.hpp"

namespace qiao::core {
namespace {

constexpr std::size_t kKeptReady = 1024;  // places for connections with something to do, kept for the next round

}  // namespace

/// Written to by other threads; never read, since the loop looks at changes only.
struct IoThread::LoopBell final : Bell {
  ~LoopBell() override { ::close(fd); }
  void ring() noexcept override { ::eventfd_write(fd, 1); }
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
};

struct IoThread::Impl {
  Impl() : epoll(::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
    if (epoll < 0 || bell->fd < 0 || ::epoll_ctl(epoll, EPOLL_CTL_ADD, bell->fd, &event) != 0) {
      throw std::system_error(errno, std::generic_category(), "no event loop for the I/O thread");
    }
  }
  ~Impl() { ::close(epoll); }
  const int epoll;
  const std::shared_ptr<LoopBell> bell = std::make_shared<LoopBell>();
  std::array<epoll_event, 256> events{};
  int got = 0;  ///< events of this round
  std::thread thread;
  std::atomic<std::thread::id> id{};
};

Connection::Connection(std::shared_ptr<IoThread> io) : io_(std::move(io)) { io_->link(*this); }
Connection::~Connection() { unlink(); }

void Connection::set_deadline(std::chrono::steady_clock::time_point now, std::chrono::milliseconds from_now) {
  const auto tick = io_->options_.tick;
  // One tick more, so that a deadline never comes early.
  deadline_ = io_->ticks(now) + static_cast<std::uint64_t>((from_now + tick - std::chrono::milliseconds(1)) / tick) + 1;
  if (!linked() || due > deadline_) io_->wheel_.schedule(*this, deadline_);
}

void Connection::clear_deadline() noexcept { deadline_ = 0; }

void Connection::unlink() noexcept {
  TimerWheel::cancel(*this);
  deadline_ = 0;
  if (!std::exchange(listed_, false)) return;
  (before_ ? before_->after_ : io_->first_) = after_;
  if (after_) after_->before_ = before_;
  before_ = after_ = nullptr;
  io_->open_.fetch_sub(1, std::memory_order_relaxed);
}

void Connection::post_ready() { io_->schedule(shared_from_this()); }

Descriptor::Descriptor(IoThread& io, int fd) : io_(io), fd_(fd) {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = this}};
  if (::epoll_ctl(io.impl_->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    const int reason = errno;
    ::close(fd);
    throw std::system_error(reason, std::generic_category(), "the event loop does not take a descriptor");
  }
}

Descriptor::~Descriptor() {
  ::close(fd_);  // which takes it out of the loop as well
  IoThread::Impl& loop = *io_.impl_;
  for (int i = 0; i < loop.got; ++i) {
    if (loop.events[static_cast<std::size_t>(i)].data.ptr == this) loop.events[static_cast<std::size_t>(i)].events = 0;
  }
  if (due_) std::replace(io_.due_.begin(), io_.due_.end(), this, static_cast<Descriptor*>(nullptr));
  // The connection may be in the middle of closing itself.
  for (Side& side : sides_) {
    if (side.waiting) io_.let_go_.push_back(std::move(side.waiting));
  }
}

void Descriptor::wait(Direction direction, std::shared_ptr<Connection> connection) {
  Side& mine = side(direction);
  mine.waiting = std::move(connection);
  if (!mine.ready || due_) return;
  due_ = true;
  io_.due_.push_back(this);
}

IoThread::IoThread(Options options, Logger& log)
    : options_(std::move(options)), log_(log), impl_(std::make_unique<Impl>()), buffer_(kReadBuffer) {}

IoThread::~IoThread() { stop(); }

void IoThread::start() {
  {
    std::lock_guard lock(mutex_);
    running_ = true;
  }
  std::promise<void> started;
  impl_->thread = std::thread([this, &started] {
    impl_->id.store(std::this_thread::get_id());
    pthread_setname_np(pthread_self(), options_.name.c_str());
    if (options_.on_start) options_.on_start();
    started.set_value();
    run();
  });
  started.get_future().wait();
}

void IoThread::run() {
  while (!ending_) {
    try {
      look();
    } catch (const std::exception& e) {
      log_.error("an I/O task failed unexpectedly: {}", e.what());
    }
    let_go_.clear();
  }
}

/// One round: what the kernel tells, those who need not wait for it, what other threads posted, the clock.
void IoThread::look() {
  Impl& loop = *impl_;
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_tick_) {
    next_tick_ = now + options_.tick;
    tick();
  }
  int patience = 0;
  if (due_.empty() && !drain_soon_) {
    patience = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(next_tick_ - now).count());
  }
  loop.got = std::max(0, ::epoll_wait(loop.epoll, loop.events.data(), static_cast<int>(loop.events.size()), patience));
  const Round round;
  bool rung = std::exchange(drain_soon_, false);
  for (int i = 0; i < loop.got; ++i) {
    const epoll_event& event = loop.events[static_cast<std::size_t>(i)];
    if (event.events == 0) continue;
    if (event.data.ptr == nullptr) {
      rung = true;
      continue;
    }
    auto& descriptor = *static_cast<Descriptor*>(event.data.ptr);
    if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) descriptor.ended_ = true;
    if (descriptor.ended_ || (event.events & EPOLLIN) != 0) descriptor.side(Direction::read).ready = true;
    if (descriptor.ended_ || (event.events & EPOLLOUT) != 0) descriptor.side(Direction::write).ready = true;
    if (!descriptor.due_) {
      descriptor.due_ = true;
      due_.push_back(&descriptor);
    }
  }
  loop.got = 0;
  // Whoever waits again while being served gets the next round.
  const std::size_t count = due_.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (Descriptor* descriptor = std::exchange(due_[i], nullptr)) serve(*descriptor);
  }
  due_.erase(due_.begin(), due_.begin() + static_cast<std::ptrdiff_t>(count));
  if (rung) drain();
}

void IoThread::serve(Descriptor& descriptor) {
  descriptor.due_ = false;
  // Both are taken out first: the one that is called may destroy the descriptor.
  std::shared_ptr<Connection> called[2];
  for (int i = 0; i < 2; ++i) {
    Descriptor::Side& side = descriptor.sides_[i];
    if (side.ready) called[i] = std::move(side.waiting);
  }
  if (called[0]) call(*called[0], Direction::read);
  if (called[1]) call(*called[1], Direction::write);
}

void IoThread::call(Connection& connection, Direction direction) {
  try {
    direction == Direction::read ? connection.on_readable() : connection.on_writable();
  } catch (const std::exception& e) {
    log_.error("a connection failed unexpectedly and was closed: {}", e.what());
    connection.abort();
  }
}

void IoThread::stop() {
  bool ran = false;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    ran = running_;
    if (!ran) stopped_ = true;
  }
  if (!ran) {
    for (const auto& connection : connections()) connection->abort();
    let_go_.clear();
    return;
  }
  post([this] {
    for (const auto& connection : connections()) connection->abort();
    std::lock_guard lock(mutex_);
    stopped_ = true;
    ending_ = true;
  });
  impl_->thread.join();
  std::vector<std::function<void()>> tasks;
  std::vector<std::shared_ptr<Connection>> ready;
  std::lock_guard lock(mutex_);
  running_ = false;
  tasks.swap(tasks_);
  ready.swap(ready_);
}

bool IoThread::on_this_thread() const noexcept {
  return impl_->id.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

bool IoThread::post(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return false;
    tasks_.push_back(std::move(task));
    if (woken_) return true;
    woken_ = true;
  }
  wake();
  return true;
}

void IoThread::schedule(std::shared_ptr<Connection> connection) {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    ready_.push_back(std::move(connection));
    if (woken_) return;
    woken_ = true;
  }
  wake();
}

void IoThread::wake() {
  if (on_this_thread()) {
    drain_soon_ = true;
    return;
  }
  ring_soon(impl_->bell);
}

void IoThread::drain() {
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
    ready_.swap(called_);
    woken_ = false;
  }
  for (auto& task : tasks) {
    if (ending_) break;
    try {
      task();
    } catch (const std::exception& e) {
      log_.error("an I/O task failed unexpectedly: {}", e.what());
    }
  }
  for (auto& connection : called_) {
    if (ending_) break;
    try {
      connection->on_ready();
    } catch (const std::exception& e) {
      log_.error("a connection failed unexpectedly and was closed: {}", e.what());
      connection->abort();
    }
  }
  called_.clear();
  if (called_.capacity() > kKeptReady) called_.shrink_to_fit();
}

bool IoThread::run_and_wait(std::function<void()> task, std::chrono::steady_clock::time_point deadline) {
  if (on_this_thread()) {
    task();
    return true;
  }
  bool running = false;
  {
    std::lock_guard lock(mutex_);
    running = running_;
  }
  if (!running) {
    task();
    return true;
  }
  auto done = std::make_shared<std::promise<void>>();
  auto future = done->get_future();
  if (!post([task = std::move(task), done] {
        task();
        done->set_value();
      })) {
    return true;  // stopped meanwhile: every connection of it is gone
  }
  done.reset();
  ring_now();
  return future.wait_until(deadline) == std::future_status::ready;
}

std::vector<std::shared_ptr<Connection>> IoThread::connections() const {
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(open());
  for (Connection* c = first_; c; c = c->after_) {
    if (auto alive = c->weak_from_this().lock()) all.push_back(std::move(alive));
  }
  return all;
}

void IoThread::link(Connection& connection) {
  connection.listed_ = true;
  connection.after_ = first_;
  if (first_) first_->before_ = &connection;
  first_ = &connection;
  open_.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t IoThread::ticks(std::chrono::steady_clock::time_point at) const {
  return static_cast<std::uint64_t>((at - epoch_) / options_.tick);
}

void IoThread::tick() {
  wheel_.advance(ticks(std::chrono::steady_clock::now()), [this](TimerWheel::Entry& entry) {
    auto& connection = static_cast<Connection&>(entry);
    if (connection.deadline_ == 0) return;
    if (connection.deadline_ > wheel_.now()) return wheel_.schedule(connection, connection.deadline_);
    connection.deadline_ = 0;
    if (const auto alive = connection.weak_from_this().lock()) alive->on_deadline();
  });
}

const std::string& IoThread::http_date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[40];
    date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
    date_second_ = now;
  }
  return date_;
}

}  // namespace qiao::core
