#pragma once

#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "core/vault/data_keys.hpp"

namespace qiao::core {

/// The small keys, one a person, in the table `hub_subject_key`, wrapped by a data key; the latest used are kept open
/// in memory. Any thread.
///
/// A key that a transaction has just made is given to that transaction's session only, until somebody else finds it
/// committed: what another session would seal with it could outlive the key.
class SubjectKeys {
 public:
  struct Settings {
    std::size_t cached = 16'384;
    /// How long a key is used without looking whether it still exists; with one hub on the database: for ever.
    std::optional<Duration> trusted = std::nullopt;
  };
  struct Found {
    Id id;
    crypto::Key key;
  };

  SubjectKeys(DataKeys& data_keys, Settings settings, const Clock& clock)
      : data_keys_(data_keys), settings_(settings), clock_(clock) {}

  /// The key of a person; made when there is none yet. In a write.
  Result<Found> of(Session& session, Id subject);
  /// A key by its own id. Errors: `vault.erased`.
  Result<crypto::Key> find(Session& session, Id id);
  /// Destroys keys.
  Result<void> forget(Session& session, std::span<const Id> subjects);
  /// Wraps up to `most` keys anew that an older data key wraps, and returns how many that were. Waits.
  Result<std::size_t> rewrap(Database& database, std::size_t most);
  [[nodiscard]] std::size_t cached() const;

 private:
  struct Entry {
    Id id;
    Id subject;
    crypto::Key key;
    const Session* maker;  ///< null: known to be committed
    SteadyTime read_at;
  };
  using Entries = std::list<Entry>;

  [[nodiscard]] std::optional<Found> cached_of(const Session& session, Id subject);
  [[nodiscard]] std::optional<crypto::Key> cached_key(const Session& session, Id id);
  [[nodiscard]] bool usable(const Entry& entry, const Session& session) const;
  void keep(Id id, Id subject, const crypto::Key& key, const Session* maker);
  void drop(Id id);
  void erase_locked(Entries::iterator entry);
  [[nodiscard]] bool forgotten(Id id) const;
  Result<std::optional<Found>> read(Session& session, Id subject);
  Result<crypto::Key> unwrap(Session& session, Id id, Id subject, Id data_key, std::string_view wrapped);

  DataKeys& data_keys_;
  const Settings settings_;
  const Clock& clock_;

  mutable std::mutex mutex_;  // innermost
  Entries order_;             // latest used last
  std::unordered_map<Id, Entries::iterator> by_id_;
  std::unordered_map<Id, Entries::iterator> by_subject_;
  std::unordered_set<Id> forgotten_;  ///< so that a reader's older snapshot does not bring a destroyed key back
};

}  // namespace qiao::core
