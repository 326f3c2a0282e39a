#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "qiao/id.hpp"
#include "qiao/time.hpp"

namespace qiao::accounts {

struct SessionRecord {
  Id id;
  Id agent;
  std::string token_hash;
  std::string address;  ///< where it was opened
  std::string device;   ///< what the browser calls itself, at most 200 bytes
  Time created_at;
  Time seen_at;
};

/// The logins that are open, in memory: asked for every request. Any thread.
///
/// Ends are measured on the steady clock, so that a wall clock that jumps neither ends nor revives a login; the wall
/// times are for the database and for people.
class SessionTable {
 public:
  SessionTable(const Clock& clock, Duration idle, Duration length) : clock_(clock), idle_(idle), length_(length) {}

  /// False, and not kept, when it is over already. One that is there stays as it is.
  bool put(SessionRecord session);
  /// The session of a token, which counts as used now; nothing when it is unknown or over.
  std::optional<SessionRecord> use(std::string_view token);
  std::optional<SessionRecord> remove(Id session);
  /// Those that are over.
  std::vector<SessionRecord> take_expired();
  /// Those used since the last call, with the time for the database.
  std::vector<SessionRecord> take_used();
  [[nodiscard]] std::vector<Id> ids() const;
  /// Oldest first.
  [[nodiscard]] std::vector<SessionRecord> of(Id agent) const;
  /// When it ends at the latest.
  [[nodiscard]] Time ends_at(const SessionRecord& session) const {
    return session.created_at + std::chrono::duration_cast<std::chrono::microseconds>(length_);
  }
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    SessionRecord record;
    SteadyTime ends;
    SteadyTime used;
    bool changed = false;
  };
  [[nodiscard]] bool over(const Entry& entry, SteadyTime now) const {
    return now >= entry.ends || now - entry.used >= idle_;
  }

  const Clock& clock_;
  const Duration idle_;
  const Duration length_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> by_hash_;
  std::unordered_map<Id, std::string> hashes_;
};

}  // namespace qiao::accounts
