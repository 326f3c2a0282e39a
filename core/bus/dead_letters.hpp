#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "qiao/message.hpp"
#include "qiao/result.hpp"

namespace qiao::core {

/// A message that an instance could not handle, in a form that survives the process.
struct DeadLetter {
  Id id;  ///< of the message, so that a replay is recognised as the same message
  Id trace;
  std::string message;  ///< the type's name
  int version = 1;
  std::string body;  ///< qiao/codec.hpp
  std::uint64_t partition = 0;
  std::string source;    ///< the instance that published it
  std::string instance;  ///< the instance that could not handle it
  Priority priority = Priority::service;
  std::string
      error;  ///< the error's stable id: what the handler answered, "plugin.threw", "bus.dropped", "bus.revoked"
  std::string reason;  ///< a sentence
  Time at{};
};

/// Takes what could not be handled. Called on any thread, possibly several at once, possibly from a bus worker: it must
/// not wait, publish or throw.
class DeadLetterSink {
 public:
  virtual ~DeadLetterSink() = default;
  virtual void add(DeadLetter letter) noexcept = 0;
};

/// Keeps the newest dead letters in memory. Any thread.
class DeadLetterRing final : public DeadLetterSink {
 public:
  explicit DeadLetterRing(std::size_t capacity = 256) : capacity_(capacity) {}
  void add(DeadLetter letter) noexcept override;
  /// Oldest first.
  [[nodiscard]] std::vector<DeadLetter> list() const;

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<DeadLetter> letters_;
};

/// The letter as one JSON object; its body by field names where `type` is known and still decodes it, in hexadecimal
/// else.
std::string to_json(const DeadLetter& letter, const MessageType* type);

}  // namespace qiao::core
