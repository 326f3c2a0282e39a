#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "core/bus/instance.hpp"

namespace qiao::core::bus {

/// One question on its way: gives its asker exactly one answer, whoever is first: the server, the deadline, a queue
/// that refuses, or the asker's end.
///
/// It is on its asker's list from the question until the callback has returned, so that the asker's end can wait for
/// it.
class Pending final : public std::enable_shared_from_this<Pending> {
 public:
  using Reply = Result<MessageRef>;
  /// With a callback: it runs on `queue`, or on the answering thread when `queue` is null. Without: `wait` takes the
  /// answer.
  Pending(Instance& asker, const MessageType& type, Queue* queue, std::function<void(Reply)> callback);

  /// The first answer counts; false for later ones. Any thread.
  bool complete(Reply reply);
  [[nodiscard]] bool answered() const noexcept { return claimed_.load(std::memory_order_acquire); }
  /// The deadline has passed.
  void expire();
  /// Somebody has to tell it that its deadline has passed; who asked with `wait` looks at the clock themselves.
  [[nodiscard]] bool needs_alarm() const noexcept { return called_back_ && !answered(); }

  /// Blocks until the answer is there; past `timeout` the answer is `timeout`.
  Reply wait(std::chrono::milliseconds timeout);
  /// The answer, if it is there; for manual mode.
  std::optional<Reply> poll();
  Error timeout_error() const;

  /// Runs the callback on this thread.
  void deliver(Reply reply, Queue* queue);

  Headers headers;  ///< of the question

 private:
  friend class Instance;
  const std::shared_ptr<Instance> asker_;
  const MessageType& type_;
  Queue* const queue_;
  std::function<void(Reply)> callback_;
  const bool called_back_;
  std::atomic<bool> claimed_{false};

  std::mutex mutex_;
  std::condition_variable answered_;
  std::optional<Reply> reply_;

  // The asker's list, under its mutex.
  std::shared_ptr<Pending> self_;
  Pending* before_ = nullptr;
  Pending* after_ = nullptr;
};

/// The server's end of a question. The last copy answers `bus.no_answer` if nobody else did.
class Port final : public ReplyPort {
 public:
  explicit Port(std::shared_ptr<Pending> pending) : pending_(std::move(pending)) {}
  ~Port() override;
  void answer(Result<MessageRef> reply) override { pending_->complete(std::move(reply)); }
  /// Nobody waits any more: it is answered, or its deadline has passed, which this then answers.
  bool over(std::int64_t now);

 private:
  std::shared_ptr<Pending> pending_;
};

/// A question in its server's queue.
class RequestTask final : public Task {
 public:
  RequestTask(const Target& target, MessageRef message, std::shared_ptr<Port> port)
      : target_(target), message_(std::move(message)), port_(std::move(port)) {}
  void run(Queue& queue) override;
  void abandon(const Error& why) override { port_->answer(why); }
  [[nodiscard]] bool droppable() const noexcept override { return true; }

 private:
  const Target& target_;
  MessageRef message_;
  std::shared_ptr<Port> port_;
};

/// Runs a server on this thread; `queue` is null for a direct lane.
void serve_request(const Target& target, const Message& message, std::shared_ptr<Port> port, Queue* queue);

}  // namespace qiao::core::bus
