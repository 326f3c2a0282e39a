#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/store/backend.hpp"
#include "qiao/metrics.hpp"

namespace qiao::core {

/// Reading sessions, opened when they are first needed and lent one at a time. Any thread.
class ReaderPool {
 public:
  ReaderPool(StoreBackend& backend, std::size_t most, Metrics& metrics);

  /// Runs `work` on one snapshot. Waits up to five seconds for a session, then `store.overloaded`.
  Result<void> read(const Database::Work& work);

 private:
  Result<std::unique_ptr<ReaderSession>> acquire();
  void release(std::unique_ptr<ReaderSession> session);

  StoreBackend& backend_;
  const std::size_t most_;
  Counter& reads_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<ReaderSession>> free_;
  std::size_t open_ = 0;
};

}  // namespace qiao::core
