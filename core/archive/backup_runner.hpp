#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/archive/archive.hpp"
#include "core/archive/schedule.hpp"
#include "core/store/store.hpp"

namespace qiao::core {

/// Takes backups of a running hub when they are due and removes those that need not be kept, on a thread of its own
/// that runs behind all others. When the last one was taken is read from the folder, so a restart changes nothing.
///
/// Reports as the instance "backup": degraded after a failure, and when the newest backup is older than it should be.
class BackupRunner {
 public:
  struct Settings {
    BackupTimes times;
    BackupKeep keep;
    std::filesystem::path folder;     ///< of the backups
    std::filesystem::path instances;  ///< the data folder's `instances/`
    std::string hub_version;
  };
  struct Host {
    Store& store;
    Logger& log;
    Metrics& metrics;
    Health& health;
    const Clock& clock;
  };

  BackupRunner(Settings settings, Host host);
  /// Gives up a backup that is being written; nothing of it stays behind.
  ~BackupRunner();
  BackupRunner(const BackupRunner&) = delete;
  BackupRunner& operator=(const BackupRunner&) = delete;

  /// Begins to look every few seconds.
  void start();
  /// Looks once: takes a backup when one is due. Where nobody has called `start`.
  void look();

 private:
  void run();
  [[nodiscard]] std::vector<Time> taken() const;
  Result<BackupReport> take(Time now, const std::vector<Time>& before);
  void remove_superfluous();
  void tell(Time now, const std::vector<Time>& before);

  const Settings settings_;
  const Host host_;
  const std::unique_ptr<InstanceStore> database_;
  const Time begun_;
  Counter& taken_total_;
  Counter& failed_total_;
  Gauge& age_;
  Gauge& bytes_;
  Gauge& duration_;
  std::optional<Error> failure_;  // of the last attempt; of the thread that looks
  Time retry_at_{};               // likewise
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace qiao::core
