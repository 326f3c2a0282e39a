#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/store/reader_pool.hpp"
#include "qiao/log.hpp"
#include "qiao/time.hpp"

namespace qiao::core {

/// Reading for reports: on a replica of the database that is there and not too far behind, in turn, else on the
/// database itself. How far a replica is behind is asked at most every two seconds. Any thread.
class ReportReaders {
 public:
  struct Replica {
    std::string address;  ///< for people
    std::unique_ptr<StoreBackend> backend;
  };
  ReportReaders(std::vector<Replica> replicas, std::chrono::seconds most_behind, ReaderPool& primary,
                const Clock& clock, Logger& log, Metrics& metrics);

  Result<void> read(const Database::Work& work);

 private:
  struct Place {
    std::string address;
    std::unique_ptr<StoreBackend> backend;
    std::unique_ptr<ReaderPool> readers;
    std::mutex mutex;
    SteadyTime asked{};
    bool usable = false;
    bool told = false;  ///< that it is not used
  };
  bool usable(Place& place);
  Result<std::chrono::seconds> behind(Place& place);

  const std::chrono::seconds most_behind_;
  ReaderPool& primary_;
  const Clock& clock_;
  Logger& log_;
  Counter& reads_;
  std::vector<std::unique_ptr<Place>> places_;
  std::atomic<std::size_t> turn_{0};
};

}  // namespace qiao::core
