#include "core/app/dead_letter_store.hpp"

namespace qiao::core {
namespace {

constexpr Migration kMigrations[] = {{1, "dead letters", R"(
  CREATE TABLE hub_dead_letter (
    id BIGINT NOT NULL PRIMARY KEY,
    message_id BIGINT NOT NULL,
    trace BIGINT NOT NULL,
    message VARCHAR(200) NOT NULL,
    version INT NOT NULL,
    body BLOB NOT NULL,
    partition_id BIGINT NOT NULL,
    source VARCHAR(200) NOT NULL,
    instance VARCHAR(200) NOT NULL,
    priority INT NOT NULL,
    error VARCHAR(200) NOT NULL,
    reason BLOB NOT NULL,
    at BIGINT NOT NULL);
)"}};

constexpr std::string_view kColumns =
    "id, message_id, trace, message, version, body, partition_id, source, instance, priority, error, reason, at";
constexpr std::chrono::milliseconds kPatience{5000};

/// A message is of whoever wrote it, which the kernel cannot know: its key is the hub's own.
constexpr Id kHub{};

SealedPlace place(std::string_view column, Id key) { return {"hub_dead_letter", column, key.value}; }

}  // namespace

DeadLetterStore::DeadLetterStore(std::unique_ptr<InstanceStore> database, Vault& vault, Logger& log)
    : database_(std::move(database)), vault_(vault), log_(log) {}

Result<DeadLetterStore::Kept> DeadLetterStore::read(Session& session, const Rows& row) {
  Kept kept;
  kept.key = row.id(0);
  DeadLetter& letter = kept.letter;
  letter.id = row.id(1);
  letter.trace = row.id(2);
  letter.message = row.str(3);
  letter.version = static_cast<int>(row.integer(4));
  auto body = vault_.open(session, place("body", kept.key), row.text(5));
  if (!body) return body.error();
  letter.body = std::move(*body);
  letter.partition = static_cast<std::uint64_t>(row.integer(6));
  letter.source = row.str(7);
  letter.instance = row.str(8);
  letter.priority = static_cast<Priority>(row.integer(9));
  letter.error = row.str(10);
  auto reason = vault_.open(session, place("reason", kept.key), row.text(11));
  if (!reason) return reason.error();
  letter.reason = std::move(*reason);
  letter.at = row.time(12);
  return kept;
}

Result<void> DeadLetterStore::open() {
  if (auto done = database_->migrate(kMigrations); !done) return done;
  return database_->read([this](Session& session) -> Result<void> {
    auto rows = session.query("SELECT COUNT(*) FROM hub_dead_letter");
    if (rows->next()) count_ = rows->integer(0);
    return rows->status();
  });
}

void DeadLetterStore::add(DeadLetter letter) noexcept {
  try {
    auto kept = std::make_shared<const DeadLetter>(std::move(letter));
    const bool full = count_.fetch_add(1, std::memory_order_relaxed) >= kMost;
    const auto work = [this, kept, key = new_id(), full](Session& session) -> Result<void> {
      const DeadLetter& l = *kept;
      auto body = vault_.seal(session, kHub, place("body", key), l.body);
      if (!body) return body.error();
      auto reason = vault_.seal(session, kHub, place("reason", key), l.reason);
      if (!reason) return reason.error();
      auto done = session.run(
          "INSERT INTO hub_dead_letter (id, message_id, trace, message, version, body, partition_id, source, instance, "
          "priority, error, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          key, l.id.value, l.trace.value, l.message, l.version, SqlArg::blob(*body),
          static_cast<std::int64_t>(l.partition), l.source, l.instance, l.priority, l.error, SqlArg::blob(*reason),
          l.at);
      if (!done) return done.error();
      if (!full) return {};
      auto oldest = session.run("DELETE FROM hub_dead_letter WHERE id = (SELECT MIN(id) FROM hub_dead_letter)");
      return oldest ? Result<void>() : Result<void>(oldest.error());
    };
    const auto done = [this, kept, full](const Result<void>& stored) {
      if (!stored || full) count_.fetch_sub(1, std::memory_order_relaxed);
      if (!stored) {
        log_.error("a dead letter was not stored: {}, message={} instance={} message_id={}", stored.error().message,
                   kept->message, kept->instance, kept->id.value);
      }
    };
    database_->write(0, work, done, Priority::background);
  } catch (const std::exception& e) {
    log_.error("a dead letter was lost: {}", e.what());
  }
}

Result<std::vector<DeadLetterStore::Kept>> DeadLetterStore::list(std::size_t most) {
  database_->wait_written(kPatience);
  std::vector<Kept> letters;
  auto done = database_->read([&](Session& session) -> Result<void> {
    auto rows = session.query(fmt::format("SELECT {} FROM hub_dead_letter ORDER BY id LIMIT ?", kColumns), most);
    while (rows->next()) {
      auto letter = read(session, *rows);
      if (!letter) return letter.error();
      letters.push_back(std::move(*letter));
    }
    return rows->status();
  });
  if (!done) return done.error();
  return letters;
}

Result<DeadLetterStore::Kept> DeadLetterStore::find(Id key) {
  database_->wait_written(kPatience);
  std::optional<Kept> found;
  auto done = database_->read([&](Session& session) -> Result<void> {
    auto rows = session.query(fmt::format("SELECT {} FROM hub_dead_letter WHERE id = ?", kColumns), key);
    if (rows->next()) {
      auto letter = read(session, *rows);
      if (!letter) return letter.error();
      found = std::move(*letter);
    }
    return rows->status();
  });
  if (!done) return done.error();
  if (!found)
    return Error{Errc::not_found, "dead_letters.unknown", fmt::format("there is no dead letter {}", key.value)};
  return *found;
}

Result<std::int64_t> DeadLetterStore::drop(const std::vector<Id>& keys) {
  std::int64_t dropped = 0;
  auto done = database_->write_and_wait([&](Session& session) -> Result<void> {
    dropped = 0;
    for (const Id key : keys) {
      auto deleted = session.run("DELETE FROM hub_dead_letter WHERE id = ?", key);
      if (!deleted) return deleted.error();
      dropped += *deleted;
    }
    return {};
  });
  if (!done) return done.error();
  count_.fetch_sub(dropped, std::memory_order_relaxed);
  return dropped;
}

void DeadLetterStore::drop_before(Time at) {
  auto dropped = std::make_shared<std::int64_t>(0);
  database_->write(
      0,
      [at, dropped](Session& session) -> Result<void> {
        auto deleted = session.run("DELETE FROM hub_dead_letter WHERE at < ?", at);
        if (!deleted) return deleted.error();
        *dropped = *deleted;
        return {};
      },
      [this, dropped](const Result<void>& done) {
        if (!done) return log_.warn("old dead letters were not removed: {}", done.error().message);
        if (*dropped == 0) return;
        count_.fetch_sub(*dropped, std::memory_order_relaxed);
        log_.info("removed {} dead letters that were older than they are kept", *dropped);
      },
      Priority::background);
}

}  // namespace qiao::core
