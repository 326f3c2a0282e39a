#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "core/store/sqlite/connection.hpp"

namespace qiao::core::sqlite {

/// Copies what is in the write-ahead log into the database file, on a thread of its own, so that commits need not wait.
/// Any thread.
class Checkpointer {
 public:
  static Result<std::unique_ptr<Checkpointer>> open(const ConnectionSettings& settings);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Does one round soon.
  void poke();
  /// A round is asked for or under way.
  [[nodiscard]] bool busy() const noexcept { return busy_.load(std::memory_order_acquire); }
  /// Pages of the log that the last round left copied.
  [[nodiscard]] int copied() const noexcept { return copied_.load(std::memory_order_relaxed); }
  /// An error after which what is on disk is unknown; lasts.
  [[nodiscard]] std::optional<Error> failure() const;

 private:
  explicit Checkpointer(std::unique_ptr<Connection> connection);
  void run();

  const std::unique_ptr<Connection> connection_;
  std::atomic<bool> failed_{false};
  std::atomic<bool> busy_{false};
  std::atomic<int> copied_{0};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Error failure_;          // guarded by mutex_
  bool poked_ = false;     // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace qiao::core::sqlite
