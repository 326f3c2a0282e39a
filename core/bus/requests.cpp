#include "core/bus/requests.hpp"

#include <fmt/format.h>

#include "core/bus/hub.hpp"

namespace qiao::core::bus {
namespace {

/// An answer on its way to the lane that asked.
class ReplyTask final : public Task {
 public:
  ReplyTask(std::shared_ptr<Pending> pending, Pending::Reply reply)
      : pending_(std::move(pending)), reply_(std::move(reply)) {}
  void run(Queue& queue) override { pending_->deliver(std::move(reply_), &queue); }
  void abandon(const Error&) override {}
  [[nodiscard]] bool must_run() const noexcept override { return true; }

 private:
  std::shared_ptr<Pending> pending_;
  Pending::Reply reply_;
};

}  // namespace

Pending::Pending(Instance& asker, const MessageType& type, Queue* queue, std::function<void(Reply)> callback)
    : asker_(asker.shared_from_this()),
      type_(type),
      queue_(queue),
      callback_(std::move(callback)),
      called_back_(callback_ != nullptr) {}

bool Pending::complete(Reply reply) {
  if (claimed_.exchange(true, std::memory_order_acq_rel)) return false;
  if (!callback_) {
    {
      const std::lock_guard lock(mutex_);
      reply_ = std::move(reply);
      answered_.notify_all();
    }
    asker_->remove(*this);
  } else if (queue_ != nullptr) {
    Item item(std::make_unique<ReplyTask>(shared_from_this(), std::move(reply)));
    queue_->push_always(item, headers.priority);
  } else {
    deliver(std::move(reply), nullptr);
  }
  return true;
}

void Pending::expire() {
  if (complete(timeout_error())) asker_->hub().count_timeout();
}

Error Pending::timeout_error() const { return {Errc::timeout, fmt::format("no answer to {} in time", type_.name)}; }

Pending::Reply Pending::wait(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (!answered_.wait_for(lock, timeout, [this] { return reply_.has_value(); })) {
    lock.unlock();
    // Whoever answers at this very moment wins, and the answer is there.
    expire();
    lock.lock();
    answered_.wait(lock, [this] { return reply_.has_value(); });
  }
  return std::move(*reply_);
}

std::optional<Pending::Reply> Pending::poll() {
  const std::lock_guard lock(mutex_);
  return std::exchange(reply_, std::nullopt);
}

void Pending::deliver(Reply reply, Queue* queue) {
  {
    const HandlerScope scope(asker_.get(), queue, &type_, headers.id, headers.trace,
                             queue != nullptr ? queue->lane().budget : INT64_MAX);
    // A callback that runs on the answering thread is like a direct handler: that thread must not be made to wait.
    LaneState* lane = queue != nullptr ? &queue->lane() : nullptr;
    try {
      callback_(std::move(reply));
    } catch (const std::exception& e) {
      asker_->failed(lane, "reply", headers, thrown(&e));
    } catch (...) {
      asker_->failed(lane, "reply", headers, thrown(nullptr));
    }
    if (lane != nullptr) lane->counters.handled.fetch_add(1, std::memory_order_relaxed);
    callback_ = nullptr;
  }
  asker_->remove(*this);
}

Port::~Port() {
  if (!pending_->answered()) {
    pending_->complete(Error{Errc::internal, "bus.no_answer", "the server dropped the request without an answer"});
  }
}

bool Port::over(std::int64_t now) {
  const auto deadline =
      std::chrono::duration_cast<std::chrono::nanoseconds>(pending_->headers.deadline.time_since_epoch());
  if (now > deadline.count()) pending_->expire();
  return pending_->answered();
}

void RequestTask::run(Queue& queue) {
  // Under overload this saves work that nobody waits for.
  if (port_->over(target_.instance->coarse_now())) return;
  serve_request(target_, *message_, std::move(port_), &queue);
}

void serve_request(const Target& target, const Message& message, std::shared_ptr<Port> port, Queue* queue) {
  Instance& instance = *target.instance;
  const HandlerScope scope(&instance, queue, message.type, message.headers.id, message.headers.trace,
                           target.lane->budget);
  const auto refuse = [&](const Error& error) {
    instance.failed(target.lane, message.type->name, message.headers, error);
    port->answer(error);
  };
  try {
    target.serve(message, port);
  } catch (const std::exception& e) {
    refuse(thrown(&e));
  } catch (...) {
    refuse(thrown(nullptr));
  }
  target.lane->counters.handled.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace qiao::core::bus
