#include "core/store/sqlite/session.hpp"

#include <sqlite3.h>

#include "core/store/sqlite/wal_vfs.hpp"

namespace qiao::core::sqlite {
namespace {

// In pages of 4 KiB. The checkpointer keeps up beside the writer, but the log can only start over when all of it has
// been copied and nobody writes: that is the writer's own turn, short because little is left to copy.
constexpr int kPokePages = 1000;
constexpr int kOwnPages = 4096;
constexpr int kForcedPages = 12288;  // 48 MiB: the promise is 64
constexpr int kTruncatePages = 4096;
constexpr int kShortBusyMillis = 100;
constexpr int kBusyMillis = 5000;

}  // namespace

Result<std::unique_ptr<WriterSession>> SqliteWriter::open(const ConnectionSettings& settings) {
  ConnectionSettings first = settings;
  first.vfs = gathering_vfs(settings.vfs);
  auto connection = Connection::open(first);
  if (!connection) return connection.error();
  ConnectionSettings second = settings;
  second.cache_kib = 64;
  auto checkpointer = Checkpointer::open(second);
  if (!checkpointer) return checkpointer.error();
  std::unique_ptr<SqliteWriter> writer(new SqliteWriter(std::move(*connection), std::move(*checkpointer)));
  if (auto ready = writer->prepare_all(); !ready) return ready.error();
  return std::unique_ptr<WriterSession>(std::move(writer));
}

SqliteWriter::SqliteWriter(std::unique_ptr<Connection> connection, std::unique_ptr<Checkpointer> checkpointer)
    : connection_(std::move(connection)),
      checkpointer_(std::move(checkpointer)),
      next_poke_(kPokePages),
      next_own_(kOwnPages) {
  // Also switches off the checkpoints that SQLite would run inside a commit.
  sqlite3_wal_hook(
      connection_->raw(),
      [](void* pages, sqlite3*, const char*, int count) {
        *static_cast<int*>(pages) = count;
        return SQLITE_OK;
      },
      &log_pages_);
}

SqliteWriter::~SqliteWriter() = default;

Result<void> SqliteWriter::prepare_all() {
  const std::pair<std::unique_ptr<Statement>*, std::string_view> own[] = {
      {&begin_, "BEGIN IMMEDIATE"},       {&commit_, "COMMIT"},           {&rollback_, "ROLLBACK"},
      {&savepoint_, "SAVEPOINT one_job"}, {&release_, "RELEASE one_job"}, {&rollback_to_, "ROLLBACK TO one_job"}};
  for (const auto& [slot, sql] : own) {
    auto made = connection_->prepare_own(sql);
    if (!made) return made.error();
    *slot = std::move(*made);
  }
  return {};
}

Result<void> SqliteWriter::begin() {
  connection_->clear_trouble();
  return connection_->step_own(*begin_);
}

Result<void> SqliteWriter::commit() { return connection_->step_own(*commit_); }

void SqliteWriter::rollback() noexcept {
  // After some errors SQLite has undone the transaction by itself.
  if (!connection_->in_transaction()) return;
  const auto result = connection_->step_own(*rollback_);
  static_cast<void>(result);  // the group has failed already; the next begin tells if this did too
}

Result<void> SqliteWriter::rollback_nested() {
  if (auto back = connection_->step_own(*rollback_to_); !back) return back;
  return connection_->step_own(*release_);
}

Result<void> SqliteWriter::checkpoint(int mode) {
  const int code = sqlite3_wal_checkpoint_v2(connection_->raw(), "main", mode, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  const Error error = connection_->fail(code, {});
  const bool fatal = connection_->trouble() == Trouble::fatal;
  connection_->clear_trouble();
  // Busy means that a reader or the checkpointer is at it, full that the log must stay: both pass.
  if (fatal) return error;
  return {};
}

Result<void> SqliteWriter::housekeep(bool idle) {
  if (auto failure = checkpointer_->failure()) return *failure;
  if (idle) {
    if (log_pages_ == 0) return {};
    const bool large = log_pages_ >= kTruncatePages;
    if (large) sqlite3_busy_timeout(connection_->raw(), kShortBusyMillis);
    auto done = checkpoint(large ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE);
    if (large) sqlite3_busy_timeout(connection_->raw(), kBusyMillis);
    return done;
  }
  if (log_pages_ < kPokePages) {  // the log has started over
    next_poke_ = kPokePages;
    next_own_ = kOwnPages;
    return {};
  }
  if (log_pages_ >= next_own_) {
    next_own_ = log_pages_ + kPokePages;
    const bool forced = log_pages_ >= kForcedPages;
    if (forced) sqlite3_busy_timeout(connection_->raw(), kShortBusyMillis);
    auto done = checkpoint(forced ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE);
    if (forced) sqlite3_busy_timeout(connection_->raw(), kBusyMillis);
    return done;
  }
  if (log_pages_ >= next_poke_) {
    next_poke_ = log_pages_ + kPokePages;
    checkpointer_->poke();
  }
  return {};
}

Result<std::unique_ptr<ReaderSession>> SqliteReader::open(const ConnectionSettings& settings) {
  ConnectionSettings reading = settings;
  reading.read_only = true;
  auto connection = Connection::open(reading);
  if (!connection) return connection.error();
  std::unique_ptr<SqliteReader> reader(new SqliteReader(std::move(*connection)));
  auto begin = reader->connection_->prepare_own("BEGIN");
  if (!begin) return begin.error();
  auto end = reader->connection_->prepare_own("COMMIT");
  if (!end) return end.error();
  reader->begin_ = std::move(*begin);
  reader->end_ = std::move(*end);
  return std::unique_ptr<ReaderSession>(std::move(reader));
}

Result<void> SqliteReader::begin_snapshot() {
  connection_->clear_trouble();
  return connection_->step_own(*begin_);
}

void SqliteReader::end_snapshot() noexcept {
  if (!connection_->in_transaction()) return;
  const auto result = connection_->step_own(*end_);
  static_cast<void>(result);  // it only read
}

}  // namespace qiao::core::sqlite
