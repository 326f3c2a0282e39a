#pragma once

#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "qiao/plugin.hpp"

namespace qiao::channel {

/// One part that the platform took.
struct SentPart {
  Id message;
  std::size_t part = 0;
  std::string platform_id;  ///< "" when the platform gave none
  Id conversation;
  std::int64_t seq = 0;
  bool last = false;  ///< of its message
  std::string user;
};

/// Which parts are with the platform, and under which ids: so that nothing is sent again and receipts find their
/// message. Kept for 30 days. Any thread; everything waits.
class SentParts {
 public:
  SentParts(Context& host, const std::string& plugin);
  /// The table's first migration.
  static std::string tables(const std::string& table, bool mysql);
  [[nodiscard]] const std::string& table() const { return table_; }

  /// Numbers of the parts of a message that were sent.
  std::vector<std::size_t> of(Id message);
  void add(const SentPart& part);
  std::optional<SentPart> find(const std::string& platform_id);
  Result<std::int64_t> forget(const std::string& user);
  void sweep();

 private:
  Context& host_;
  std::string table_;
  std::mutex mutex_;
  /// What was sent in the last minutes, newest first: receipts come at once.
  std::list<SentPart> recent_;
  std::unordered_map<std::string, std::list<SentPart>::iterator> by_id_;
};

}  // namespace qiao::channel
