#include "core/store/group_writer.hpp"

#include <algorithm>
#include <chrono>

#include "core/bus/thread_role.hpp"
#include "core/bus/wakeups.hpp"
#include "core/observe/trace.hpp"

namespace qiao::core {
namespace {

using SteadyClock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// After this long without work the writer tidies up.
constexpr auto kIdleAfter = std::chrono::milliseconds(200);
/// One job that takes longer holds up every other writer, which somebody should know.
constexpr auto kSlowJob = std::chrono::milliseconds(250);

/// How often a group is run again, and how long it waits in between at most.
constexpr int kRetries = 6;
constexpr auto kLongestPause = std::chrono::milliseconds(100);
/// How often the database is asked about a commit in doubt, and for how long when the hub wants to stop.
constexpr auto kAskAgain = std::chrono::milliseconds(200);
constexpr auto kLastPatience = std::chrono::seconds(10);

thread_local bool is_writer_thread = false;

}  // namespace

struct GroupWriter::WriterBell final : Bell {
  void ring() noexcept override { wake.notify_one(); }
  std::condition_variable wake;
};

std::vector<std::function<void()>> WriterSession::take_undo(std::size_t keep) {
  std::vector<std::function<void()>> taken;
  for (std::size_t i = keep; i < undo_.size(); ++i) taken.push_back(std::move(undo_[i]));
  undo_.resize(keep);
  return taken;
}

Error for_callers(const Error& error, Trouble trouble) {
  Error told = error;
  switch (trouble) {
    case Trouble::none:
    case Trouble::fatal:
      return told;
    case Trouble::full:
      told = {Errc::unavailable, "store.full", "no space is left for the database; nothing is stored until there is"};
      told.retry_after = 5s;
      return told;
    case Trouble::retry:
      told = {Errc::overloaded, "store.busy", "the database is busy; try again in a moment"};
      break;
    case Trouble::io:
    case Trouble::in_doubt:
      told = {Errc::unavailable, "store.io_error", "the database cannot be used at the moment; try again soon"};
      break;
  }
  told.retry_after = 1s;
  return told;
}

void PendingJobs::remove() noexcept {
  std::uint64_t count = count_.load(std::memory_order_relaxed);
  while (count > 1) {
    if (count_.compare_exchange_weak(count, count - 1, std::memory_order_acq_rel)) return;
  }
  // Zero is reached under the lock, so that whoever waits for it cannot destroy this while it is being notified.
  const std::lock_guard lock(mutex_);
  if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) none_.notify_all();
}

void PendingJobs::wait_for_none() {
  std::unique_lock lock(mutex_);
  none_.wait(lock, [this] { return count_.load(std::memory_order_acquire) == 0; });
}

bool PendingJobs::wait_for_none(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return none_.wait_for(lock, patience, [this] { return count_.load(std::memory_order_acquire) == 0; });
}

GroupWriter::GroupWriter(std::unique_ptr<WriterSession> session, Settings settings, Logger& log, Metrics& metrics,
                         Health& health, OnFatal on_fatal)
    : session_(std::move(session)),
      settings_(settings),
      log_(log),
      health_(health),
      on_fatal_(std::move(on_fatal)),
      commits_(metrics.counter("qiao_store_commits_total", "Synced commits, each of a group of writes")),
      jobs_(metrics.counter("qiao_store_writes_total", "Writes that were committed")),
      job_errors_(metrics.counter("qiao_store_write_errors_total", "Writes that failed or could not be committed")),
      rollbacks_(metrics.counter("qiao_store_rollbacks_total", "Groups of writes that were undone")),
      refused_total_(metrics.counter("qiao_store_refused_total", "Writes refused because the queue was full")),
      commit_seconds_(metrics.histogram("qiao_store_group_seconds", "From begin to synced commit of a group")),
      bell_(std::make_shared<WriterBell>()),
      queue_(settings.queue_capacity) {
  thread_ = std::thread([this] { run(); });
}

GroupWriter::~GroupWriter() { stop(); }

bool GroupWriter::on_writer_thread() noexcept { return is_writer_thread; }

std::size_t GroupWriter::queued(Priority priority) const {
  const std::lock_guard lock(mutex_);
  return queue_.size(priority);
}

void GroupWriter::submit(Job job) {
  std::unique_lock lock(mutex_);
  if (stopping_) {
    lock.unlock();
    finish(job, Error{Errc::cancelled, "store.stopping", "the hub is stopping and takes no more writes"});
    return;
  }
  if (!queue_.push(job)) {
    refused_total_.add();
    Error error{Errc::overloaded, "store.overloaded",
                "too many writes are waiting for the disk; try again in a moment"};
    error.retry_after = 1s;
    refused_.emplace_back(std::move(job), std::move(error));
  }
  const bool wake = std::exchange(sleeping_, false);
  lock.unlock();
  if (wake) ring_soon(bell_);
}

void GroupWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    sleeping_ = false;
  }
  bell_->ring();
  if (thread_.joinable()) thread_.join();
}

void GroupWriter::run() {
  is_writer_thread = true;
  name_thread("qiao-writer");
  set_thread_role(ThreadRole::io);
  while (wait_for_jobs()) {
    if (!group_.empty()) run_group();
  }
}

/// Fills the group; false at the end. Nothing waiting is the moment to tidy up.
bool GroupWriter::wait_for_jobs() {
  std::vector<std::pair<Job, Error>> refused;
  {
    std::unique_lock lock(mutex_);
    const auto something = [this] { return !queue_.empty() || !refused_.empty() || stopping_; };
    while (!something()) {
      sleeping_ = true;
      const auto patience = idle_done_ ? session_->probe_every() : kIdleAfter;
      if (patience.count() == 0) {
        bell_->wake.wait(lock);
      } else if (bell_->wake.wait_for(lock, patience) == std::cv_status::timeout && !something()) {
        lock.unlock();
        if (std::exchange(idle_done_, true)) {
          probe();
        } else if (auto done = session_->housekeep(true); !done) {
          enter(State::failed, done.error());
        }
        lock.lock();
      }
    }
    sleeping_ = false;
    if (queue_.empty() && refused_.empty()) return false;
    queue_.take(settings_.group_max, group_);
    refused.swap(refused_);
  }
  refuse_all(refused);
  return true;
}

void GroupWriter::refuse_all(std::vector<std::pair<Job, Error>>& refused) {
  for (auto& [job, error] : refused) {
    job_errors_.add();
    finish(job, std::move(error));
  }
}

/// Nobody writes: the state would otherwise stay what the last write met.
void GroupWriter::probe() {
  if (state() == State::failed) return;
  if (auto there = session_->probe(); !there) {
    enter(State::broken, there.error());
  } else if (state() == State::broken) {
    recovered();
  }
}

void GroupWriter::run_group() {
  idle_done_ = false;
  const auto started = SteadyClock::now();
  retries_ = 0;
  if (fatal_) {
    results_.assign(group_.size(), *fatal_);
  } else {
    bool isolated = false;
    for (Attempt came = attempt(isolated); came == Attempt::again || came == Attempt::needs_isolation;) {
      isolated = isolated || came == Attempt::needs_isolation;
      came = attempt(isolated);
    }
  }
  commit_seconds_.observe(std::chrono::duration<double>(SteadyClock::now() - started).count());
  finish_group();
  if (fatal_) return;
  if (auto tidy = session_->housekeep(false); !tidy) enter(State::failed, tidy.error());
}

GroupWriter::Attempt GroupWriter::attempt(bool isolated) {
  results_.clear();
  if (auto begun = session_->begin(); !begun) return transaction_failed(begun.error());
  for (Job& job : group_) {
    const std::uint64_t before = session_->changes();
    results_.push_back(isolated ? run_isolated(job) : run_job(job));
    if (session_->trouble() != Trouble::none) {
      results_.pop_back();  // this job's own view of what concerns all
      return transaction_failed(session_->trouble_error());
    }
    if (!isolated && !results_.back() && session_->changes() != before) {
      session_->rollback();
      rollbacks_.add();
      undo(0);
      return Attempt::needs_isolation;
    }
  }
  if (auto committed = session_->commit(); !committed) return transaction_failed(committed.error());
  session_->forget_undo();
  commits_.add();
  if (state() != State::ok) recovered();
  return Attempt::committed;
}

GroupWriter::Attempt GroupWriter::transaction_failed(const Error& error) {
  const Trouble trouble = session_->trouble();
  if (trouble == Trouble::in_doubt) return resolve_doubt(error);
  if (trouble != Trouble::retry || retries_ == kRetries) {
    fail_group(error, trouble);
    return Attempt::failed;
  }
  session_->rollback();
  rollbacks_.add();
  undo(0);
  // At once the first time; then others get time to finish what this group met.
  std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(kLongestPause, (1 << retries_) * retries_ * 2ms));
  ++retries_;
  return Attempt::again;
}

/// Nothing else may be written, and nobody of the group be told, before this is known.
GroupWriter::Attempt GroupWriter::resolve_doubt(const Error& error) {
  enter(State::broken, error);
  std::optional<SteadyClock::time_point> end;
  for (;;) {
    const auto happened = session_->was_committed();
    if (happened && *happened) {
      session_->forget_undo();
      commits_.add();
      recovered();
      return Attempt::committed;
    }
    if (happened) {
      rollbacks_.add();
      undo(0);
      return Attempt::again;
    }
    std::unique_lock lock(mutex_);
    if (stopping_ && !end) end = SteadyClock::now() + kLastPatience;
    if (end && SteadyClock::now() >= *end) {
      lock.unlock();
      fail_group(error, Trouble::io);
      return Attempt::failed;
    }
    bell_->wake.wait_for(lock, kAskAgain);
    lock.unlock();
    refuse_waiting(for_callers(error, Trouble::in_doubt));
  }
}

void GroupWriter::refuse_waiting(const Error& error) {
  std::vector<Job> waiting;
  std::vector<std::pair<Job, Error>> refused;
  {
    const std::lock_guard lock(mutex_);
    queue_.take(queue_.size(), waiting);
    refused.swap(refused_);
  }
  for (Job& job : waiting) refused.emplace_back(std::move(job), error);
  refuse_all(refused);
}

Result<void> GroupWriter::run_job(Job& job) {
  const TraceScope scope(job.trace.trace, job.trace.message);
  const auto started = SteadyClock::now();
  Result<void> result;
  try {
    result = job.work(*session_);
  } catch (const std::exception& thrown) {
    result = Error{Errc::internal, "store.work_threw", fmt::format("a write threw: {}", thrown.what())};
  } catch (...) {
    result = Error{Errc::internal, "store.work_threw", "a write threw something that is no std::exception"};
  }
  const auto took = SteadyClock::now() - started;
  if (took > kSlowJob) {
    log_.warn("a write of {} held up all others for {} ms; it should prepare before it writes",
              job.owner ? job.owner->instance() : "the hub",
              std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  }
  return result;
}

Result<void> GroupWriter::run_isolated(Job& job) {
  const std::size_t keep = session_->undo_size();
  if (auto begun = session_->begin_nested(); !begun) return begun.error();
  Result<void> result = run_job(job);
  if (session_->trouble() != Trouble::none) return result;
  if (result) {
    if (auto kept = session_->commit_nested(); !kept) result = kept.error();
  } else {
    if (auto back = session_->rollback_nested(); !back) return back.error();
    undo(keep);
  }
  return result;
}

void GroupWriter::undo(std::size_t keep) {
  auto taken = session_->take_undo(keep);
  for (auto it = taken.rbegin(); it != taken.rend(); ++it) {
    try {
      (*it)();
    } catch (const std::exception& thrown) {
      log_.error("an undo function threw: {}", thrown.what());
    }
  }
}

void GroupWriter::fail_group(const Error& error, Trouble trouble) {
  session_->rollback();
  rollbacks_.add();
  undo(0);
  // The failures of single jobs that came before are theirs; everything else shares this one.
  const Error told = for_callers(error, trouble);
  for (Result<void>& result : results_) {
    if (result) result = told;
  }
  results_.resize(group_.size(), told);
  switch (trouble) {
    case Trouble::full:
      return enter(State::full, error);
    case Trouble::fatal:
      return enter(State::failed, error);
    case Trouble::retry:
      return;  // others were in the way, again and again; the database itself is well
    case Trouble::none:
    case Trouble::io:
    case Trouble::in_doubt:
      return enter(State::broken, error);
  }
}

void GroupWriter::enter(State next, const Error& error) {
  if (state() == State::failed || state() == next) return;
  if (next == State::failed) fatal_ = error;
  state_.store(next, std::memory_order_relaxed);
  log_.error("{}: {}", error.name(), error.message);
  health_.report(Health::State::failed, fmt::format("{}: {}", error.name(), error.message));
  if (next == State::failed && on_fatal_) on_fatal_(error);
}

void GroupWriter::recovered() {
  state_.store(State::ok, std::memory_order_relaxed);
  log_.info("writing to the database works again");
  health_.report(Health::State::ok);
}

void GroupWriter::finish_group() {
  const auto failed = static_cast<std::uint64_t>(
      std::count_if(results_.begin(), results_.end(), [](const Result<void>& result) { return !result; }));
  jobs_.add(group_.size() - failed);  // first: whoever is told may look
  if (failed > 0) job_errors_.add(failed);
  const Round round;
  for (std::size_t i = 0; i < group_.size(); ++i) finish(group_[i], std::move(results_[i]));
  group_.clear();
}

void GroupWriter::finish(Job& job, Result<void> result) {
  if (job.done) {
    const TraceScope scope(job.trace.trace, job.trace.message);
    try {
      job.done(std::move(result));
    } catch (const std::exception& thrown) {
      log_.error("what follows a write threw: {}", thrown.what());
    }
  }
  // The functions are code of a plugin: they go before the plugin may.
  job.work = nullptr;
  job.done = nullptr;
  if (job.owner != nullptr) job.owner->remove();
}

}  // namespace qiao::core
