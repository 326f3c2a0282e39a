#include "front_fixture.hpp"

namespace qiao::test {

Pool::Pool()
    : thread_([this] {
        std::unique_lock lock(mutex_);
        for (;;) {
          changed_.wait(lock, [this] { return ending_ || (!held_ && !queue_.empty()); });
          if (queue_.empty() || (ending_ && held_)) return;
          auto work = std::move(queue_.front());
          queue_.pop_front();
          lock.unlock();
          work();
          work = nullptr;
          lock.lock();
        }
      }) {}

Pool::~Pool() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool Pool::run(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (refusing_) return false;
    queue_.push_back(std::move(work));
  }
  changed_.notify_all();
  return true;
}

void Pool::hold() {
  std::lock_guard lock(mutex_);
  held_ = true;
}

void Pool::release() {
  {
    std::lock_guard lock(mutex_);
    held_ = false;
  }
  changed_.notify_all();
}

void Pool::refuse(bool on) {
  std::lock_guard lock(mutex_);
  refusing_ = on;
}

void CapturingLogger::write(LogLevel, std::string_view line) {
  std::lock_guard lock(mutex_);
  lines_.emplace_back(line);
}

bool CapturingLogger::contains(std::string_view text) const {
  std::lock_guard lock(mutex_);
  for (const std::string& line : lines_) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

core::GatewayOptions quick_options() {
  core::GatewayOptions options;
  options.listen = {"127.0.0.1:0"};
  options.tick = std::chrono::milliseconds(5);
  return options;
}

FrontFixture::FrontFixture(core::GatewayOptions options) {
  if (options.listen == core::GatewayOptions{}.listen) options = quick_options();
  gateway = std::make_unique<core::Gateway>(
      std::move(options),
      core::GatewayServices{
          log, metrics, [this](std::function<void()> work) { return pool.run(std::move(work)); }, {}});
  http = gateway->attach("test");
  if (auto started = gateway->start(); !started) throw std::runtime_error(started.error().message);
}

FrontFixture::~FrontFixture() {
  pool.release();
  http.reset();
  gateway->stop();
}

std::uint64_t FrontFixture::refused(const std::string& reason) {
  return metrics
      .counter("qiao_http_refused_total", "Requests, connections and frames refused, by reason", {{"reason", reason}})
      .value();
}

bool FrontFixture::eventually(const std::function<bool()>& happened) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!happened()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace qiao::test
