#include "core/store/mysql/session.hpp"

#include <fmt/format.h>

#include <random>

#include "core/store/failed_rows.hpp"

namespace qiao::core::mysql {
namespace {

constexpr int kLockWaitTimeout = 1205;

std::int64_t random_writer() {
  std::random_device device;
  const std::uint64_t bits = (std::uint64_t{device()} << 32) | device();
  return static_cast<std::int64_t>(bits >> 1);
}

}  // namespace

Result<std::unique_ptr<WriterSession>> MysqlWriter::open(const Settings& settings) {
  std::unique_ptr<MysqlWriter> writer(new MysqlWriter(settings));
  if (auto connected = writer->link_.ensure(); !connected) return connected.error();
  // Rows of writers that ended long ago; a writer whose row went away makes a new one.
  if (auto done = writer->own("DELETE FROM qiao_commit WHERE marked_at < UNIX_TIMESTAMP() - 30 * 86400"); !done)
    return done.error();
  if (auto done = writer->own("COMMIT"); !done) return done.error();
  return std::unique_ptr<WriterSession>(std::move(writer));
}

MysqlWriter::MysqlWriter(const Settings& settings) : link_(settings, Role::writer), writer_(random_writer()) {}

Error MysqlWriter::gone() const {
  if (trouble() != Trouble::none) return trouble_error();
  return {Errc::unavailable, "store.io_error", "there is no connection to the database"};
}

Result<void> MysqlWriter::own(const std::string& sql) {
  if (link_.get() == nullptr) return gone();
  used_ = true;
  return link_->exec(sql);
}

Result<std::int64_t> MysqlWriter::execute(std::string_view sql, std::span<const SqlArg> args) {
  if (link_.get() == nullptr) return gone();
  used_ = true;
  auto done = link_->execute(sql, args);
  if (done) changes_ += static_cast<std::uint64_t>(*done);
  return done;
}

std::unique_ptr<Rows> MysqlWriter::select(std::string_view sql, std::span<const SqlArg> args) {
  if (link_.get() == nullptr) return std::make_unique<FailedRows>(gone());
  used_ = true;
  return link_->select(sql, args);
}

Result<void> MysqlWriter::begin() {
  link_.troubles().clear();
  link_.drop_if_lost();
  if (auto connected = link_.ensure(); !connected) return connected;
  used_ = false;
  changes_at_begin_ = changes_;
  return {};
}

Result<void> MysqlWriter::mark() {
  const SqlArg args[] = {group_ + 1, writer_};
  auto counted =
      link_->execute_own("UPDATE qiao_commit SET group_no = ?, marked_at = UNIX_TIMESTAMP() WHERE writer = ?", args);
  if (counted && *counted == 0) {
    counted = link_->execute_own(
        "INSERT INTO qiao_commit (group_no, writer, marked_at) VALUES (?, ?, UNIX_TIMESTAMP())", args);
  }
  if (!counted) return counted.error();
  ++group_;
  return {};
}

Result<void> MysqlWriter::commit() {
  if (link_.get() == nullptr) return gone();
  if (!used_) return {};
  const bool changed = changes_ != changes_at_begin_;
  if (changed) {
    if (auto marked = mark(); !marked) return marked;
  }
  auto done = link_->exec("COMMIT");
  if (done) {
    used_ = false;
    return {};
  }
  if (changed && link_->lost()) {
    doubtful_connection_ = link_->id();
    link_.troubles().add(Trouble::in_doubt, done.error());
    return done;
  }
  // Refused by a server that is there: whatever the reason, the transaction is no more.
  if (!link_->lost()) link_.troubles().add(Trouble::io, done.error());
  return done;
}

Result<bool> MysqlWriter::was_committed() {
  link_.troubles().clear();
  link_.drop_if_lost();
  if (auto connected = link_.ensure(); !connected) return connected.error();
  const SqlArg args[] = {writer_};
  std::int64_t found = 0;
  Result<void> read;
  {
    // A lock on the row is had when the transaction in doubt has ended, one way or the other.
    auto rows = link_->select_own("SELECT group_no FROM qiao_commit WHERE writer = ? FOR UPDATE", args);
    if (rows->next()) found = rows->integer(0);
    read = rows->status();
  }
  if (!read) {
    if (link_->last_code() == kLockWaitTimeout) {
      // The server has not noticed that the connection is gone. It has not been restarted since, so the number is
      // still that connection's; whatever of the commit was done by then stays done.
      const auto killed = link_->exec(fmt::format("KILL {}", doubtful_connection_));
      static_cast<void>(killed);  // it may just have ended
    }
    return read.error();
  }
  if (auto ended = link_->exec("COMMIT"); !ended) return ended.error();
  link_.troubles().clear();
  return found == group_;
}

void MysqlWriter::rollback() noexcept {
  link_.drop_if_lost();
  if (link_.get() == nullptr || !used_) return;
  // A session that cannot go back is of no use; the server undoes what a connection leaves behind.
  if (const auto done = link_->exec("ROLLBACK"); !done) link_.drop();
  used_ = false;
}

Result<void> MysqlWriter::run_script(std::string_view) {
  return Error{Errc::internal, "store.sql", "tables are changed by a schema session"};
}

Result<void> MysqlWriter::probe() {
  if (auto begun = begin(); !begun) return begun;
  auto asked = link_->exec("DO 1");
  if (!asked && link_->lost()) {  // it broke while nobody used it: a new one tells how things are now
    if (auto again = begin(); !again) return again;
    asked = link_->exec("DO 1");
  }
  rollback();
  return asked;
}

Result<std::unique_ptr<ReaderSession>> MysqlReader::open(const Settings& settings) {
  return std::unique_ptr<ReaderSession>(new MysqlReader(settings));
}

Result<std::int64_t> MysqlReader::execute(std::string_view sql, std::span<const SqlArg> args) {
  return link_->execute(sql, args);
}

std::unique_ptr<Rows> MysqlReader::select(std::string_view sql, std::span<const SqlArg> args) {
  return link_->select(sql, args);
}

Result<void> MysqlReader::begin_snapshot() {
  Result<void> begun;
  for (int attempt = 0; attempt < 2; ++attempt) {  // the first may find a connection that broke while it was idle
    link_.troubles().clear();
    link_.drop_if_lost();
    if (auto connected = link_.ensure(); !connected) return connected;
    begun = link_->exec("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
    if (begun || !link_->lost()) return begun;
  }
  return begun;
}

void MysqlReader::end_snapshot() noexcept {
  if (const auto done = link_->exec("COMMIT"); !done) link_.drop();
}

}  // namespace qiao::core::mysql
