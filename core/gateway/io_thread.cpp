#include "core/gateway/io_thread.hpp"

#include <pthread.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <ctime>
#include <future>
#include <thread>

namespace qiao::core {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;

struct IoThread::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<Executor> work{context.get_executor()};
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> timer{
      context};
  std::thread thread;
  std::atomic<std::thread::id> id{};
};

struct Descriptor::Impl {
  Impl(asio::io_context& context, int fd) : handle(context.get_executor(), fd) {}
  asio::posix::basic_stream_descriptor<Executor> handle;
};

Connection::Connection(std::shared_ptr<IoThread> io) : io_(std::move(io)) { io_->link(*this); }
Connection::~Connection() { unlink(); }

void Connection::set_deadline(std::chrono::milliseconds from_now) {
  const auto tick = io_->options_.tick;
  // One tick more, so that a deadline never comes early.
  deadline_ =
      io_->ticks_now() + static_cast<std::uint64_t>((from_now + tick - std::chrono::milliseconds(1)) / tick) + 1;
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

Descriptor::Descriptor(IoThread& io, int fd) : impl_(std::make_unique<Impl>(io.impl_->context, fd)), fd_(fd) {}

Descriptor::~Descriptor() = default;

void Descriptor::wait(Direction direction, std::shared_ptr<Connection> connection) {
  impl_->handle.async_wait(
      direction == Direction::read ? asio::posix::descriptor_base::wait_read : asio::posix::descriptor_base::wait_write,
      [c = std::move(connection), direction](const boost::system::error_code& failed) {
        if (failed) return;
        try {
          direction == Direction::read ? c->on_readable() : c->on_writable();
        } catch (const std::exception& e) {
          c->io().log().error("a connection failed unexpectedly and was closed: {}", e.what());
          c->abort();
        }
      });
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
  tick();
  for (;;) {
    try {
      impl_->context.run();
      return;
    } catch (const std::exception& e) {
      log_.error("an I/O task failed unexpectedly: {}", e.what());
    }
  }
}

void IoThread::stop() {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    if (!running_) {
      stopped_ = true;
      return;
    }
  }
  post([this] {
    for (const auto& connection : connections()) connection->abort();
    std::lock_guard lock(mutex_);
    stopped_ = true;
    // The loop ends by itself once the cancelled waits have let go of their connections; stopping it would keep them.
    ending_ = true;
    impl_->timer.cancel();
    impl_->work.reset();
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
  asio::post(impl_->context, [this] { drain(); });
}

void IoThread::drain() {
  std::vector<std::function<void()>> tasks;
  std::vector<std::shared_ptr<Connection>> ready;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
    ready.swap(ready_);
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
  for (auto& connection : ready) {
    if (ending_) break;
    try {
      connection->on_ready();
    } catch (const std::exception& e) {
      log_.error("a connection failed unexpectedly and was closed: {}", e.what());
      connection->abort();
    }
  }
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

std::uint64_t IoThread::ticks_now() const {
  return static_cast<std::uint64_t>((std::chrono::steady_clock::now() - epoch_) / options_.tick);
}

void IoThread::tick() {
  if (ending_) return;
  wheel_.advance(ticks_now(), [this](TimerWheel::Entry& entry) {
    auto& connection = static_cast<Connection&>(entry);
    if (connection.deadline_ == 0) return;
    if (connection.deadline_ > wheel_.now()) return wheel_.schedule(connection, connection.deadline_);
    connection.deadline_ = 0;
    if (const auto alive = connection.weak_from_this().lock()) alive->on_deadline();
  });
  impl_->timer.expires_after(options_.tick);
  impl_->timer.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) tick();
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
