#include "core/store/sqlite/session.hpp"

#include <sqlite3.h>

#include <fstream>
#include <vector>

#include "core/store/sqlite/wal_vfs.hpp"

namespace qiao::core::sqlite {
namespace {

constexpr int kShortBusyMillis = 100;
constexpr int kBusyMillis = 5000;

/// Gives the log the length that it will need anyway: a sync after writing over a file takes half of one after making
/// it longer. Zeros are no valid frames, so they end the log for whoever reads it. Nobody else writes yet.
void lengthen_log(const std::filesystem::path& log) {
  constexpr std::size_t kPages = (LogPlan::kRound + 2 * LogPlan::kShort) * std::size_t{1024} / kPageBytes;
  constexpr std::size_t kLength = kPages * (kPageBytes + 24) + 32;
  std::error_code missing;
  const auto size = std::filesystem::file_size(log, missing);
  if (missing || size >= kLength) return;
  std::ofstream file(log, std::ios::binary | std::ios::in | std::ios::out | std::ios::ate);
  const std::vector<char> zeros(kLength - static_cast<std::size_t>(size));
  file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
}

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
  // Reading opens the log, and plays what a crash left in it.
  if (auto opened = writer->connection_->number("SELECT count(*) FROM sqlite_schema"); !opened) return opened.error();
  const auto page_bytes = writer->connection_->number("PRAGMA page_size");
  if (!page_bytes) return page_bytes.error();
  writer->page_bytes_ = *page_bytes;
  lengthen_log(settings.file.string() + "-wal");
  return std::unique_ptr<WriterSession>(std::move(writer));
}

SqliteWriter::SqliteWriter(std::unique_ptr<Connection> connection, std::unique_ptr<Checkpointer> checkpointer)
    : connection_(std::move(connection)), checkpointer_(std::move(checkpointer)) {
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
    // The log keeps its length: writing over it syncs faster than making it longer.
    return log_pages_ == 0 ? Result<void>() : checkpoint(SQLITE_CHECKPOINT_PASSIVE);
  }
  switch (plan_.next(kib(log_pages_), checkpointer_->busy(), kib(checkpointer_->copied()))) {
    case LogPlan::Turn::nobody:
      return {};
    case LogPlan::Turn::checkpointer:
      checkpointer_->poke();
      return {};
    case LogPlan::Turn::writer:
      return checkpoint(SQLITE_CHECKPOINT_PASSIVE);
    case LogPlan::Turn::writer_waits:
      break;
  }
  sqlite3_busy_timeout(connection_->raw(), kShortBusyMillis);
  auto done = checkpoint(SQLITE_CHECKPOINT_RESTART);
  sqlite3_busy_timeout(connection_->raw(), kBusyMillis);
  return done;
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
