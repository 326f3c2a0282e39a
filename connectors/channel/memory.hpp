#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "qiao/plugin.hpp"

namespace qiao::channel {

/// What a channel instance must still know after a restart, by name: cursors, windows, the comment that an answer goes
/// under, tokens. Values are sealed and at most 64 KB, names at most 255 bytes. What belongs to one customer is named
/// "user:ID:…" and goes when they are erased. On a database that several nodes use they share it. Its table is opened
/// by the Channel. Any thread; everything waits (blocking lanes only).
class Memory {
 public:
  /// The table carries the plugin's name as prefix; instances of one plugin share it.
  Memory(Context& host, const std::string& plugin);
  Memory(Database& store, Vault& vault, const Clock& clock, std::string instance, const std::string& plugin);

  /// Empty when it is not there or has expired.
  Result<std::optional<std::string>> get(const std::string& name);
  /// `life` 0: for ever. Kept when it returns.
  Result<void> put(const std::string& name, const std::string& value, std::chrono::seconds life = {});
  Result<void> erase(const std::string& name);
  /// Everything whose name begins with `prefix`; how many.
  Result<std::int64_t> erase_all(const std::string& prefix);
  /// Names and values that begin with `prefix`, by name, at most `limit`.
  Result<std::vector<std::pair<std::string, std::string>>> list(const std::string& prefix, int limit = 1000);
  /// Puts only when the name is not there (or expired); false: somebody else was first. A lock between nodes when
  /// `life` is its lease.
  Result<bool> claim(const std::string& name, const std::string& value, std::chrono::seconds life);
  /// Removes what has expired; the channel calls it hourly.
  Result<void> sweep();

  /// Its first migration.
  static std::string tables(const std::string& table, bool mysql);
  [[nodiscard]] const std::string& table() const { return table_; }

 private:
  Result<std::string> open_value(Session& session, const std::string& name, std::string_view sealed) const;

  Database& store_;
  Vault& vault_;
  const Clock& clock_;
  const std::string instance_;
  std::string table_;
  std::string get_, update_, insert_, erase_;
};

}  // namespace qiao::channel
