#include "core/vault/audit_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>

#include "qiao/utf8.hpp"

namespace qiao::core {
namespace {

constexpr Migration kMigrations[] = {{1, "audit log", R"(
  CREATE TABLE hub_audit (
    seq BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    action VARCHAR(100) NOT NULL,
    object VARCHAR(200) NOT NULL,
    detail VARCHAR(1000) NOT NULL,
    actor_type INT NOT NULL,
    actor BIGINT NOT NULL,
    actor_name VARCHAR(200) NOT NULL,
    remote VARCHAR(64) NOT NULL,
    mac VARCHAR(64) NOT NULL);
  CREATE INDEX hub_audit_at ON hub_audit (at);
  CREATE TABLE hub_audit_head (
    id INT NOT NULL PRIMARY KEY,
    turn BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    mac VARCHAR(64) NOT NULL);
  INSERT INTO hub_audit_head (id, turn, seq, mac) VALUES (1, 0, 0, ''))"}};

constexpr std::string_view kColumns = "seq, at, action, object, detail, actor_type, actor, actor_name, remote, mac";
constexpr const char* kTypes[] = {"hub", "visitor", "agent", "partner"};
constexpr std::int64_t kPage = 1000;

void shorten(std::string& text, std::size_t most) { text.resize(utf8_head(text, most).size()); }

AuditRecord read(const Rows& row) {
  AuditRecord r;
  r.seq = row.integer(0);
  r.at = row.time(1);
  r.action = row.str(2);
  r.object = row.str(3);
  r.detail = row.str(4);
  const std::int64_t type = row.integer(5);
  r.actor_type = type >= 0 && type < 4 ? kTypes[type] : fmt::format("{}", type);
  r.actor = row.id(6);
  r.actor_name = row.str(7);
  r.remote = row.str(8);
  r.mac = row.str(9);
  return r;
}

}  // namespace

AuditLog::AuditLog(std::unique_ptr<InstanceStore> database, const FieldVault& vault, std::filesystem::path heads,
                   Logger& log, const Clock& clock)
    : database_(std::move(database)), vault_(vault), heads_(std::move(heads)), log_(log), clock_(clock) {}

Result<std::unique_ptr<AuditLog>> AuditLog::open(std::unique_ptr<InstanceStore> database, const FieldVault& vault,
                                                 std::filesystem::path heads, Logger& log, const Clock& clock) {
  std::unique_ptr<AuditLog> audit(new AuditLog(std::move(database), vault, std::move(heads), log, clock));
  if (auto done = audit->database_->migrate(kMigrations); !done) return done.error();
  for (const AuditHead& head : audit->noted_heads()) audit->noted_ = std::max(audit->noted_, head.seq);
  return audit;
}

/// Every field with its length before it, so that no two entries have the same bytes.
std::string AuditLog::mac_of(std::string_view previous, const AuditRecord& r) const {
  std::string bytes;
  const auto add = [&bytes](std::string_view text) {
    fmt::format_to(std::back_inserter(bytes), "{}:{}", text.size(), text);
  };
  add(previous);
  add(fmt::format("{}", r.seq));
  add(fmt::format("{}", to_micros(r.at)));
  for (const std::string* text : {&r.action, &r.object, &r.detail, &r.actor_type}) add(*text);
  add(fmt::format("{}", r.actor.value));
  add(r.actor_name);
  add(r.remote);
  return crypto::hex(vault_.mac("hub/audit", bytes));
}

Result<AuditHead> AuditLog::head(Session& session) {
  AuditHead head;
  auto rows = session.query("SELECT seq, mac FROM hub_audit_head WHERE id = 1");
  if (rows->next()) head = {rows->integer(0), rows->str(1)};
  if (auto status = rows->status(); !status) return status.error();
  return head;
}

Result<void> AuditLog::record(Session& session, const AuditEntry& entry) {
  // First, so that this transaction is alone with the chain until it ends, and sees its newest state.
  auto turn = session.run("UPDATE hub_audit_head SET turn = turn + 1 WHERE id = 1");
  if (!turn) return turn.error();
  auto last = head(session);
  if (!last) return last.error();
  AuditRecord r;
  r.seq = last->seq + 1;
  r.at = clock_.now();
  r.action = entry.action;
  r.object = entry.object;
  r.detail = entry.detail;
  r.actor_type = kTypes[static_cast<std::size_t>(entry.actor_type)];
  r.actor = entry.actor;
  r.actor_name = entry.actor_name;
  r.remote = entry.remote;
  shorten(r.action, 100);
  shorten(r.object, 200);
  shorten(r.detail, 1000);
  shorten(r.actor_name, 200);
  shorten(r.remote, 64);
  r.mac = mac_of(last->mac, r);
  auto added = session.run(
      "INSERT INTO hub_audit (seq, at, action, object, detail, actor_type, actor, actor_name, remote, mac) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      r.seq, r.at, r.action, r.object, r.detail, entry.actor_type, r.actor.value, r.actor_name, r.remote, r.mac);
  if (!added) return added.error();
  auto moved = session.run("UPDATE hub_audit_head SET seq = ?, mac = ? WHERE id = 1", r.seq, r.mac);
  if (!moved) return moved.error();
  return {};
}

void AuditLog::record(AuditEntry entry, std::function<void(Result<void>)> done) {
  auto shared = std::make_shared<const AuditEntry>(std::move(entry));
  database_->write(
      0, [this, shared](Session& session) { return record(session, *shared); }, std::move(done), Priority::service);
}

Result<void> AuditLog::record_and_wait(AuditEntry entry) {
  return database_->write_and_wait([this, shared = std::make_shared<const AuditEntry>(std::move(entry))](
                                       Session& session) { return record(session, *shared); });
}

Result<AuditPage> AuditLog::list(const AuditFilter& filter) {
  std::string sql = fmt::format("SELECT {} FROM hub_audit WHERE 1 = 1", kColumns);
  std::vector<SqlArg> args;
  const auto also = [&](std::string_view condition, SqlArg value) {
    sql.append(" AND ").append(condition);
    args.push_back(value);
  };
  std::string behind;  // the first action after all that begin with the prefix
  if (filter.action.ends_with('.')) {
    behind = filter.action.substr(0, filter.action.size() - 1) + "/";
    also("action >= ?", filter.action);
    also("action < ?", behind);
  } else if (!filter.action.empty()) {
    also("action = ?", filter.action);
  }
  if (!filter.object.empty()) also("object = ?", filter.object);
  if (filter.actor) also("actor = ?", filter.actor);
  if (filter.since != Time{}) also("at >= ?", filter.since);
  if (filter.until != Time{}) also("at < ?", filter.until);
  if (filter.before > 0) also("seq < ?", filter.before);
  sql += " ORDER BY seq DESC LIMIT ?";
  args.emplace_back(filter.limit + 1);
  AuditPage page;
  auto done = database_->read([&](Session& session) -> Result<void> {
    auto rows = session.select(sql, args);
    while (rows->next()) page.entries.push_back(read(*rows));
    return rows->status();
  });
  if (!done) return done.error();
  if (page.entries.size() > static_cast<std::size_t>(filter.limit)) {
    page.entries.pop_back();
    page.more = true;
  }
  return page;
}

Result<AuditVerdict> AuditLog::verify() {
  const std::vector<AuditHead> noted = noted_heads();
  AuditVerdict verdict;
  auto done = database_->read([&](Session& session) { return verify(session, noted, verdict); });
  if (!done) return done.error();
  return verdict;
}

Result<void> AuditLog::verify(Session& session, const std::vector<AuditHead>& noted, AuditVerdict& verdict) {
  auto at_end = head(session);
  if (!at_end) return at_end.error();
  verdict.head = *at_end;
  const auto wrong = [&verdict](std::string problem) -> Result<void> {
    verdict.problem = std::move(problem);
    return {};
  };
  auto next_noted = noted.begin();
  std::string previous;
  for (bool more = true; more;) {
    more = false;
    auto rows = session.query(
        "SELECT seq, at, action, object, detail, actor_type, actor, actor_name, remote, mac FROM hub_audit "
        "WHERE seq > ? ORDER BY seq LIMIT ?",
        verdict.entries, kPage);
    while (rows->next()) {
      more = true;
      const AuditRecord record = read(*rows);
      const std::int64_t expected = verdict.entries + 1;
      if (record.seq != expected) return wrong(fmt::format("entry {} is missing", expected));
      if (mac_of(previous, record) != record.mac) {
        return wrong(fmt::format("entry {} was changed, or the one before it was replaced", record.seq));
      }
      previous = record.mac;
      verdict.entries = record.seq;
      for (; next_noted != noted.end() && next_noted->seq == record.seq; ++next_noted) {
        if (next_noted->mac != record.mac) {
          return wrong(fmt::format("entry {} is not the one that was noted when it was written", record.seq));
        }
        ++verdict.heads;
      }
    }
    if (auto status = rows->status(); !status) return status;
  }
  if (at_end->seq != verdict.entries || at_end->mac != previous) {
    return wrong(fmt::format("the log ends at entry {}, but {} were written", verdict.entries, at_end->seq));
  }
  if (next_noted != noted.end()) {
    return wrong(
        fmt::format("the log ends at entry {}, but entry {} was noted: the latest are missing, as they are "
                    "after an older backup was restored",
                    verdict.entries, noted.back().seq));
  }
  return {};
}

std::vector<AuditHead> AuditLog::noted_heads() const {
  std::vector<AuditHead> heads;
  if (heads_.empty()) return heads;
  std::ifstream in(heads_);
  std::string time;
  for (AuditHead head; in >> time >> head.seq >> head.mac;) heads.push_back(head);
  std::stable_sort(heads.begin(), heads.end(), [](const AuditHead& a, const AuditHead& b) { return a.seq < b.seq; });
  return heads;
}

Result<void> AuditLog::note_head() {
  AuditHead end;
  auto done = database_->read([&](Session& session) -> Result<void> {
    auto found = head(session);
    if (!found) return found.error();
    end = std::move(*found);
    return {};
  });
  if (!done) return done;
  const std::lock_guard lock(mutex_);
  if (end.seq == noted_) return {};
  log_.info("the audit log ends at seq={} mac={}", end.seq, end.mac);
  noted_ = end.seq;
  if (heads_.empty()) return {};
  const std::string line = fmt::format("{} {} {}\n", to_iso8601(clock_.now()), end.seq, end.mac);
  const int fd = ::open(heads_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const bool written =
      fd >= 0 && ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (written) return {};
  return Error{Errc::unavailable, "audit.cannot_note",
               fmt::format("the end of the audit log could not be written to {}", heads_.string())};
}

}  // namespace qiao::core
