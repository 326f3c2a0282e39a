#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "core/bus/thread_role.hpp"
#include "qiao/result.hpp"

namespace qiao::core {

/// Runs `work`, which enters a plugin, and turns what it throws into `plugin.threw`.
inline Result<void> call_plugin(const char* where, const std::function<Result<void>()>& work) {
  try {
    return work();
  } catch (const std::exception& e) {
    return Error{Errc::internal, "plugin.threw", fmt::format("{} threw: {}", where, e.what())};
  } catch (...) {
    return Error{Errc::internal, "plugin.threw", fmt::format("{} threw something that is no std::exception", where)};
  }
}

/// The same on a thread of its own, waiting for `patience` at most. Nullopt: it has not returned; the thread goes on,
/// holds whatever `work` captured, and calls `late` with the result should it ever come. Threads are never cancelled.
inline std::optional<Result<void>> call_plugin_for(std::chrono::milliseconds patience, const char* where,
                                                   std::function<Result<void>()> work,
                                                   std::function<void(Result<void>)> late = {}) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable done;
    std::optional<Result<void>> result;
    bool abandoned = false;
  };
  auto shared = std::make_shared<Shared>();
  std::thread thread([shared, where, work = std::move(work), late = std::move(late)]() mutable {
    name_thread("plugin-call");
    Result<void> result = call_plugin(where, work);
    work = {};
    std::unique_lock lock(shared->mutex);
    shared->result = result;
    shared->done.notify_one();
    const bool abandoned = shared->abandoned;
    lock.unlock();
    if (abandoned && late) late(std::move(result));
  });
  std::unique_lock lock(shared->mutex);
  if (shared->done.wait_for(lock, patience, [&] { return shared->result.has_value(); })) {
    lock.unlock();
    thread.join();
    return shared->result;
  }
  shared->abandoned = true;
  thread.detach();
  return std::nullopt;
}

}  // namespace qiao::core
