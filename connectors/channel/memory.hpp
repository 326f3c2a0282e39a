#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "qiao/plugin.hpp"

namespace qiao::channel {

/// What a channel instance must still know after a restart, by name: cursors, windows, the comment that an answer goes
/// under, tokens. Values are sealed and at most 64 KB. On a database that several nodes use they share it.
/// Any thread; everything waits (blocking lanes only).
class Memory {
 public:
  /// Tables carry the plugin's name as prefix; instances of one plugin share them. Call `open` in `start`.
  Memory(Context& host, std::string plugin);

  Result<void> open();
  /// Empty when it is not there or has expired.
  Result<std::optional<std::string>> get(const std::string& name);
  /// `life` 0: for ever. Kept when it returns.
  Result<void> put(const std::string& name, const std::string& value, std::chrono::seconds life = {});
  Result<void> erase(const std::string& name);
  /// Names and values that begin with `prefix`, by name, at most `limit`.
  Result<std::vector<std::pair<std::string, std::string>>> list(const std::string& prefix, int limit = 1000);
  /// Puts only when the name is not there (or expired); false: somebody else was first. A lock between nodes when
  /// `life` is its lease.
  Result<bool> claim(const std::string& name, const std::string& value, std::chrono::seconds life);
  /// Removes what has expired; the channel calls it hourly.
  Result<void> sweep();

 private:
  Context& host_;
  std::string plugin_;
};

}  // namespace qiao::channel
