#include "connectors/channel/sent_parts.hpp"

#include <fmt/format.h>

#include "connectors/channel/signing.hpp"

namespace qiao::channel {
namespace {

constexpr std::size_t kMostRecent = 4096;
constexpr auto kKeep = std::chrono::hours(24 * 30);
constexpr std::size_t kLongestId = 190;

/// Ids that are longer than the table keeps stay different from each other.
std::string fitting_id(const std::string& id) { return id.size() <= kLongestId ? id : "sha256:" + hex(sha256(id)); }

}  // namespace

SentParts::SentParts(Context& host, const std::string& plugin) : host_(host), table_(plugin + "_part") {
  for (char& c : table_) {
    if (c == '-') c = '_';
  }
}

std::string SentParts::tables(const std::string& table, bool mysql) {
  const char* text = mysql ? "COLLATE utf8mb4_bin " : "";
  return fmt::format(
      "CREATE TABLE {0} (message BIGINT NOT NULL, part INT NOT NULL, channel VARCHAR(64) {1}NOT NULL, platform_id "
      "VARCHAR(190) {1}NOT NULL, conversation BIGINT NOT NULL, seq BIGINT NOT NULL, last INT NOT NULL, user_key "
      "VARCHAR(128) {1}NOT NULL, sent_at BIGINT NOT NULL, PRIMARY KEY (message, part)); CREATE INDEX {0}_platform_id "
      "ON {0} "
      "(platform_id); CREATE INDEX {0}_user ON {0} (user_key); CREATE INDEX {0}_sent_at ON {0} (sent_at)",
      table, text);
}

std::vector<std::size_t> SentParts::of(Id message) {
  std::vector<std::size_t> parts;
  auto read = host_.store().read([&](Session& session) -> Result<void> {
    auto rows = session.query(fmt::format("SELECT part FROM {} WHERE message = ?", table_), message);
    while (rows->next()) parts.push_back(static_cast<std::size_t>(rows->integer(0)));
    return rows->status();
  });
  if (!read) host_.log().warn("cannot read which parts were sent: {}", read.error().message);
  return parts;
}

void SentParts::add(const SentPart& part) {
  if (!part.platform_id.empty()) {
    const std::lock_guard lock(mutex_);
    recent_.push_front(part);
    by_id_[part.platform_id] = recent_.begin();
    if (recent_.size() > kMostRecent) {
      const auto found = by_id_.find(recent_.back().platform_id);
      if (found != by_id_.end() && found->second == std::prev(recent_.end())) by_id_.erase(found);
      recent_.pop_back();
    }
  }
  auto written = host_.store().write_and_wait([&](Session& session) -> Result<void> {
    auto added = session.run(
        fmt::format("INSERT INTO {} (message, part, channel, platform_id, conversation, seq, last, user_key, sent_at) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    table_),
        part.message, part.part, host_.instance(), fitting_id(part.platform_id), part.conversation, part.seq, part.last,
        part.user, host_.clock().now());
    if (!added && added.error().code != Errc::conflict) return added.error();
    return {};
  });
  if (!written) host_.log().warn("a sent part could not be noted: {}", written.error().message);
}

std::optional<SentPart> SentParts::find(const std::string& platform_id) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(platform_id);
    if (found != by_id_.end()) return *found->second;
  }
  std::optional<SentPart> part;
  auto read = host_.store().read([&](Session& session) -> Result<void> {
    auto rows =
        session.query(fmt::format("SELECT message, part, conversation, seq, last, user_key FROM {} WHERE platform_id "
                                  "= ? AND channel = ?",
                                  table_),
                      fitting_id(platform_id), host_.instance());
    if (rows->next()) {
      part = SentPart{rows->id(0),      static_cast<std::size_t>(rows->integer(1)),
                      platform_id,      rows->id(2),
                      rows->integer(3), rows->integer(4) != 0,
                      rows->str(5)};
    }
    return rows->status();
  });
  if (!read) host_.log().warn("cannot read what a receipt is for: {}", read.error().message);
  return part;
}

Result<std::int64_t> SentParts::forget(const std::string& user) {
  std::int64_t count = 0;
  auto done = host_.store().write_and_wait([&](Session& session) -> Result<void> {
    auto gone =
        session.run(fmt::format("DELETE FROM {} WHERE user_key = ? AND channel = ?", table_), user, host_.instance());
    if (!gone) return gone.error();
    count = *gone;
    return {};
  });
  if (!done) return done.error();
  return count;
}

void SentParts::sweep() {
  auto done = host_.store().write_and_wait([&](Session& session) -> Result<void> {
    auto gone = session.run(fmt::format("DELETE FROM {} WHERE sent_at < ?", table_), host_.clock().now() - kKeep);
    if (!gone) return gone.error();
    return {};
  });
  if (!done) host_.log().warn("old receipts could not be removed: {}", done.error().message);
}

}  // namespace qiao::channel
