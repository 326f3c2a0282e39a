#include "core/archive/backup_runner.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "core/archive/row_source.hpp"

namespace qiao::core {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kLookEvery = 5s;
constexpr auto kRetryAfter = 10min;
constexpr int kNice = 10;

double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

BackupRunner::BackupRunner(Settings settings, Host host)
    : settings_(std::move(settings)),
      host_(host),
      database_(host.store.for_instance("backup")),
      begun_(host.clock.now()),
      taken_total_(host.metrics.counter("qiao_backups_total", "Backups that were taken")),
      failed_total_(host.metrics.counter("qiao_backup_failures_total", "Backups that failed")),
      age_(host.metrics.gauge("qiao_backup_age_seconds", "Age of the newest backup; -1: there is none")),
      bytes_(host.metrics.gauge("qiao_backup_bytes", "Size of the newest backup that this process took")),
      duration_(host.metrics.gauge("qiao_backup_milliseconds", "How long that took")) {}

BackupRunner::~BackupRunner() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void BackupRunner::start() {
  thread_ = std::thread([this] { run(); });
}

void BackupRunner::run() {
  // Compressing is work for idle moments; without the permission it is merely quicker than it should be.
  static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice));
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    look();
    lock.lock();
    wake_.wait_for(lock, kLookEvery, [this] { return stopping_.load(); });
  }
}

void BackupRunner::look() {
  const Time now = host_.clock.now();
  std::vector<Time> before = taken();
  const Time due = before.empty() ? begun_ : next_backup(settings_.times, before.back());
  if (now >= due && now >= retry_at_) {
    const SteadyTime from = host_.clock.steady();
    auto report = take(now, before);
    if (report) {
      failure_.reset();
      taken_total_.add();
      bytes_.set(static_cast<std::int64_t>(report->bytes));
      const auto took = host_.clock.steady() - from;
      duration_.set(std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
      host_.log.info("took a backup in {:.1f} s, folder={} rows={} files={} bytes={}", seconds(took),
                     report->folder.string(), report->rows, report->files, report->bytes);
      remove_superfluous();
      before = taken();
    } else if (report.error().code != Errc::cancelled) {
      failure_ = report.error();
      failed_total_.add();
      retry_at_ = now + kRetryAfter;
      host_.log.error("a backup failed: {}, id={}", report.error().message, report.error().name());
    }
  }
  tell(now, before);
}

/// Oldest first.
std::vector<Time> BackupRunner::taken() const {
  std::vector<Time> times;
  std::error_code error;
  for (fs::directory_iterator it(settings_.folder, error), end; !error && it != end; it.increment(error)) {
    if (const auto at = backup_time(it->path().filename().string())) times.push_back(*at);
  }
  std::sort(times.begin(), times.end());
  return times;
}

Result<BackupReport> BackupRunner::take(Time now, const std::vector<Time>& before) {
  BackupOrder order;
  order.target = settings_.folder / backup_name(now);
  order.files = settings_.instances;
  if (!before.empty()) order.previous = settings_.folder / backup_name(before.back());
  order.hub_version = settings_.hub_version;
  order.now = now;
  order.give_up = [this] { return stopping_.load(); };
  std::optional<Result<BackupReport>> report;
  auto read = database_->read([&](Session& session) -> Result<void> {
    auto source = SessionSource::open(session, std::string(host_.store.engine()));
    if (!source) return source.error();
    report = write_archive(*source, order);
    return {};
  });
  if (!read) return read.error();
  return std::move(*report);
}

void BackupRunner::remove_superfluous() {
  for (const Time at : superfluous(taken(), settings_.keep)) {
    // Renamed first, so that what an interruption leaves does not look like a backup.
    const fs::path folder = settings_.folder / backup_name(at);
    const fs::path leaving = folder.string() + ".part";
    std::error_code error;
    fs::rename(folder, leaving, error);
    if (!error) fs::remove_all(leaving, error);
    if (error) host_.log.warn("cannot remove the old backup {}: {}", folder.string(), error.message());
  }
}

void BackupRunner::tell(Time now, const std::vector<Time>& before) {
  age_.set(before.empty() ? -1 : std::chrono::duration_cast<std::chrono::seconds>(now - before.back()).count());
  if (failure_) return host_.health.report(Health::State::degraded, "the last backup failed: " + failure_->message);
  const Time newest = before.empty() ? begun_ : before.back();
  if (now - newest > longest_gap(settings_.times)) {
    return host_.health.report(
        Health::State::degraded,
        fmt::format("the newest backup is {} hours old; is {} writable, and has it space?",
                    std::chrono::duration_cast<std::chrono::hours>(now - newest).count(), settings_.folder.string()));
  }
  host_.health.report(Health::State::ok);
}

}  // namespace qiao::core
