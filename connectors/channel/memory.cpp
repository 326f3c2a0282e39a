#include "connectors/channel/memory.hpp"

#include <fmt/format.h>

namespace qiao::channel {
namespace {

constexpr std::size_t kMostValue = 64 * 1024;

/// The upper end of all names with this prefix.
std::string after(std::string prefix) { return prefix + "\xF4\x8F\xBF\xBF"; }

std::int64_t row_of(std::string_view channel, std::string_view name) {
  std::uint64_t hash = 0xCBF29CE484222325ull;  // FNV-1a: only tells places apart
  for (const std::string_view part : {channel, std::string_view("\0", 1), name}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  }
  return static_cast<std::int64_t>(hash >> 1);
}

}  // namespace

Memory::Memory(Context& host, const std::string& plugin)
    : Memory(host.store(), host.vault(), host.clock(), host.instance(), plugin) {}

Memory::Memory(Database& store, Vault& vault, const Clock& clock, std::string instance, const std::string& plugin)
    : store_(store), vault_(vault), clock_(clock), instance_(std::move(instance)), table_(plugin + "_memory") {
  for (char& c : table_) {
    if (c == '-') c = '_';
  }
  get_ = fmt::format("SELECT value, until FROM {} WHERE channel = ? AND name = ?", table_);
  update_ = fmt::format("UPDATE {} SET value = ?, until = ? WHERE channel = ? AND name = ?", table_);
  insert_ = fmt::format("INSERT INTO {} (channel, name, value, until) VALUES (?, ?, ?, ?)", table_);
  erase_ = fmt::format("DELETE FROM {} WHERE channel = ? AND name = ?", table_);
}

std::string Memory::tables(const std::string& table, bool mysql) {
  const char* text = mysql ? "COLLATE utf8mb4_bin " : "";
  return fmt::format(
      "CREATE TABLE {0} (channel VARCHAR(64) {1}NOT NULL, name VARCHAR(255) {1}NOT NULL, value BLOB NOT NULL, until "
      "BIGINT "
      "NOT NULL, PRIMARY KEY (channel, name)); CREATE INDEX {0}_until ON {0} (until)",
      table, text);
}

Result<std::optional<std::string>> Memory::get(const std::string& name) {
  std::optional<std::string> found;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto rows = session.query(get_, instance_, name);
    if (!rows->next()) return rows->status();
    if (rows->integer(1) != 0 && rows->time(1) <= clock_.now()) return {};
    auto opened = open_value(session, name, rows->text(0));
    if (!opened) return opened.error();
    found = std::move(*opened);
    return {};
  });
  if (!read) return read.error();
  return found;
}

Result<std::string> Memory::open_value(Session& session, const std::string& name, std::string_view sealed) const {
  return vault_.open(session, {table_, "value", row_of(instance_, name)}, sealed);
}

Result<void> Memory::put(const std::string& name, const std::string& value, std::chrono::seconds life) {
  if (value.size() > kMostValue) {
    return Error{Errc::too_large, fmt::format("{}: at most {} bytes, got {}", name, kMostValue, value.size())};
  }
  const Time until = life.count() == 0 ? Time{} : clock_.now() + life;
  return store_.write_and_wait([&](Session& session) -> Result<void> {
    auto sealed = vault_.seal(session, {}, {table_, "value", row_of(instance_, name)}, value);
    if (!sealed) return sealed.error();
    auto changed = session.run(update_, SqlArg::blob(*sealed), until, instance_, name);
    if (!changed) return changed.error();
    if (*changed > 0) return {};
    auto added = session.run(insert_, instance_, name, SqlArg::blob(*sealed), until);
    // Another node was faster, with a value as new as this one.
    if (!added && added.error().code != Errc::conflict) return added.error();
    return {};
  });
}

Result<void> Memory::erase(const std::string& name) {
  return store_.write_and_wait([&](Session& session) -> Result<void> {
    auto gone = session.run(erase_, instance_, name);
    if (!gone) return gone.error();
    return {};
  });
}

Result<std::int64_t> Memory::erase_all(const std::string& prefix) {
  std::int64_t count = 0;
  auto done = store_.write_and_wait([&](Session& session) -> Result<void> {
    auto gone = session.run(fmt::format("DELETE FROM {} WHERE channel = ? AND name >= ? AND name < ?", table_),
                            instance_, prefix, after(prefix));
    if (!gone) return gone.error();
    count = *gone;
    return {};
  });
  if (!done) return done.error();
  return count;
}

Result<std::vector<std::pair<std::string, std::string>>> Memory::list(const std::string& prefix, int limit) {
  std::vector<std::pair<std::string, std::string>> found;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto rows = session.query(
        fmt::format(
            "SELECT name, value FROM {} WHERE channel = ? AND name >= ? AND name < ? AND (until = 0 OR until > ?) "
            "ORDER BY name LIMIT ?",
            table_),
        instance_, prefix, after(prefix), clock_.now(), limit);
    while (rows->next()) {
      const std::string name = rows->str(0);
      auto opened = open_value(session, name, rows->text(1));
      if (!opened) return opened.error();
      found.emplace_back(name, std::move(*opened));
    }
    return rows->status();
  });
  if (!read) return read.error();
  return found;
}

Result<bool> Memory::claim(const std::string& name, const std::string& value, std::chrono::seconds life) {
  bool ours = false;
  auto done = store_.write_and_wait([&](Session& session) -> Result<void> {
    ours = false;
    const Time now = clock_.now();
    const Time until = life.count() == 0 ? Time{} : now + life;
    auto gone =
        session.run(fmt::format("DELETE FROM {} WHERE channel = ? AND name = ? AND until <> 0 AND until <= ?", table_),
                    instance_, name, now);
    if (!gone) return gone.error();
    auto sealed = vault_.seal(session, {}, {table_, "value", row_of(instance_, name)}, value);
    if (!sealed) return sealed.error();
    auto added = session.run(insert_, instance_, name, SqlArg::blob(*sealed), until);
    if (!added && added.error().code != Errc::conflict) return added.error();
    ours = added.ok();
    return {};
  });
  if (!done) return done.error();
  return ours;
}

Result<void> Memory::sweep() {
  return store_.write_and_wait([&](Session& session) -> Result<void> {
    auto gone = session.run(fmt::format("DELETE FROM {} WHERE until <> 0 AND until <= ?", table_), clock_.now());
    if (!gone) return gone.error();
    return {};
  });
}

}  // namespace qiao::channel
