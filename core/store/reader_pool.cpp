#include "core/store/reader_pool.hpp"

#include <fmt/format.h>

#include <chrono>

namespace qiao::core {

namespace {
constexpr auto kLongestWait = std::chrono::seconds(5);
}

ReaderPool::ReaderPool(StoreBackend& backend, std::size_t most, Metrics& metrics)
    : backend_(backend), most_(most), reads_(metrics.counter("qiao_store_reads_total", "Snapshots read")) {}

Result<void> ReaderPool::read(const Database::Work& work) {
  auto session = acquire();
  if (!session) return session.error();
  reads_.add();
  Result<void> result;
  if (auto begun = (*session)->begin_snapshot(); !begun) {
    result = for_callers(begun.error(), Trouble::io);
  } else {
    try {
      result = work(**session);
    } catch (const std::exception& thrown) {
      result = Error{Errc::internal, "store.work_threw", fmt::format("a read threw: {}", thrown.what())};
    }
    (*session)->end_snapshot();
  }
  release(std::move(*session));
  return result;
}

Result<std::unique_ptr<ReaderSession>> ReaderPool::acquire() {
  std::unique_lock lock(mutex_);
  const bool got = returned_.wait_for(lock, kLongestWait, [this] { return !free_.empty() || open_ < most_; });
  if (!got) {
    return Error{Errc::overloaded, "store.overloaded",
                 fmt::format("all {} reading sessions are busy; try again in a moment", most_)};
  }
  if (!free_.empty()) {
    auto session = std::move(free_.back());
    free_.pop_back();
    return session;
  }
  ++open_;
  lock.unlock();
  auto opened = backend_.open_reader();
  if (!opened) {
    lock.lock();
    --open_;
    lock.unlock();
    returned_.notify_one();
    return for_callers(opened.error(), Trouble::io);
  }
  return opened;
}

void ReaderPool::release(std::unique_ptr<ReaderSession> session) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(session));
  }
  returned_.notify_one();
}

}  // namespace qiao::core
