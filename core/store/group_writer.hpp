#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/store/backend.hpp"
#include "core/store/job_queue.hpp"
#include "qiao/health.hpp"
#include "qiao/log.hpp"
#include "qiao/metrics.hpp"

namespace qiao::core {

class PendingJobs {
 public:
  explicit PendingJobs(std::string instance) : instance_(std::move(instance)) {}
  [[nodiscard]] const std::string& instance() const noexcept { return instance_; }
  void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  void remove() noexcept;
  void wait_for_none();
  /// False: not before `patience` was over.
  bool wait_for_none(std::chrono::milliseconds patience);

 private:
  const std::string instance_;
  std::atomic<std::uint64_t> count_{0};
  std::mutex mutex_;
  std::condition_variable none_;
};

/// The thread that writes. While one group of jobs is being synced the next one gathers; each group is one transaction.
///
/// A group that met a deadlock, or lost its connection before the commit, runs again. One whose commit is in doubt
/// waits until the database tells, and refuses everybody else meanwhile.
///
/// Jobs of a group run one after the other in the same transaction, without savepoints. When one fails after it changed
/// something, the whole group is undone and run again with a savepoint around each job, so that it is undone alone.
class GroupWriter {
 public:
  enum class State : std::uint8_t {
    ok,
    full,    ///< the last group found no space; the next one tries again
    broken,  ///< the last group met an I/O error; the next one tries again
    failed,  ///< nothing is written any more
  };
  struct Settings {
    std::size_t group_max = 64;
    std::size_t queue_capacity = 16384;  ///< jobs a priority
  };
  /// Called on the writer thread, once, when the state becomes `failed`.
  using OnFatal = std::function<void(const Error&)>;

  GroupWriter(std::unique_ptr<WriterSession> session, Settings settings, Logger& log, Metrics& metrics, Health& health,
              OnFatal on_fatal);
  /// Stops as `stop` does.
  ~GroupWriter();

  void submit(Job job);
  /// Finishes what is queued, then refuses. Jobs that come later get `store.stopping` on their caller's thread.
  void stop();
  [[nodiscard]] State state() const noexcept { return state_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t queued(Priority priority) const;
  /// True on the writer thread of any store: in `work`, `done` and undo functions.
  [[nodiscard]] static bool on_writer_thread() noexcept;

  /// For work that needs more than a Session; only from within `work`.
  [[nodiscard]] WriterSession& session() noexcept { return *session_; }

 private:
  struct WriterBell;
  enum class Attempt : std::uint8_t { committed, failed, needs_isolation, again };
  void run();
  bool wait_for_jobs();
  void run_group();
  Attempt attempt(bool isolated);
  Attempt transaction_failed(const Error& error);
  Attempt resolve_doubt(const Error& error);
  void probe();
  void refuse_waiting(const Error& error);
  Result<void> run_job(Job& job);
  Result<void> run_isolated(Job& job);
  void undo(std::size_t keep);
  void fail_group(const Error& error, Trouble trouble);
  void enter(State state, const Error& error);
  void recovered();
  void finish(Job& job, Result<void> result);
  void finish_group();
  void refuse_all(std::vector<std::pair<Job, Error>>& refused);

  const std::unique_ptr<WriterSession> session_;
  const Settings settings_;
  Logger& log_;
  Health& health_;
  const OnFatal on_fatal_;
  Counter& commits_;
  Counter& jobs_;
  Counter& job_errors_;
  Counter& rollbacks_;
  Counter& refused_total_;
  Histogram& commit_seconds_;

  // Of the writer thread.
  std::vector<Job> group_;
  std::vector<Result<void>> results_;

  std::atomic<State> state_{State::ok};
  std::optional<Error> fatal_;  // set before state_ becomes failed; read by the writer thread only
  mutable std::mutex mutex_;
  const std::shared_ptr<WriterBell> bell_;
  JobQueue queue_;                              // guarded by mutex_
  std::vector<std::pair<Job, Error>> refused_;  // guarded by mutex_
  bool sleeping_ = false;                       // guarded by mutex_
  bool stopping_ = false;                       // guarded by mutex_
  bool idle_done_ = true;                       // of the writer thread
  int retries_ = 0;                             // of the writer thread: of this group
  std::thread thread_;
};

}  // namespace qiao::core
