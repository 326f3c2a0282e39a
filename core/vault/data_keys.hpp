#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "core/store/store.hpp"
#include "core/vault/master_key.hpp"
#include "qiao/time.hpp"

namespace qiao::core {

/// A data key as operators see it.
struct DataKeyInfo {
  Id id;
  std::string master;  ///< the master key that wraps it
  Time created_at;
  Time retired_at;                ///< 1970: it is the one in use
  std::int64_t subject_keys = 0;  ///< how many it wraps
};

/// The keys between the master key and the small keys of people, in the table `hub_data_key`, wrapped. Held in memory
/// open. The newest wraps what is new; older ones open what they wrapped until all of it is wrapped anew.
///
/// One row besides is the root of the keyed hashes: it never rotates, because every stored hash follows from it. Any
/// thread.
class DataKeys {
 public:
  struct DataKey {
    Id id;
    crypto::Key key;
  };

  /// Finds the master key, opens what is stored, makes what is missing, and wraps anew what an earlier master key
  /// wraps. Errors: `vault.wrong_key` (with the id that is expected), `vault.no_key`, `vault.bad_key`, `vault.damaged`.
  static Result<std::unique_ptr<DataKeys>> open(Database& database, const MasterKeys& masters, const Clock& clock);

  /// The one that wraps new keys.
  [[nodiscard]] DataKey current() const;
  /// By id; one that another node has made is read. Errors: `vault.damaged`.
  Result<crypto::Key> find(Session& session, Id id);
  [[nodiscard]] const crypto::Key& root() const noexcept { return root_; }
  [[nodiscard]] const std::string& master_id() const noexcept { return master_.id; }
  /// The master key lies in the data folder, because no other was named.
  [[nodiscard]] bool master_in_data_folder() const noexcept { return in_data_folder_; }
  /// Earlier master keys whose data keys were wrapped anew when this was opened.
  [[nodiscard]] const std::vector<std::string>& rewrapped_from() const noexcept { return rewrapped_from_; }

  /// Makes a new data key; from its commit on it is the one in use. Waits.
  Result<Id> rotate(Database& database);
  /// Reads what other nodes have made since. Waits.
  Result<void> refresh(Database& database);
  /// Deletes retired keys that wrap nothing and were retired before `before`. Their ids.
  Result<std::vector<Id>> drop_unused(Database& database, Time before);
  Result<std::vector<DataKeyInfo>> list(Session& session) const;

 private:
  struct Row;
  explicit DataKeys(const Clock& clock) : clock_(clock) {}
  static Result<std::vector<Row>> rows(Session& session);
  Result<void> choose_master(const MasterKeys& masters, const std::vector<Row>& rows);
  Result<void> make_missing(Database& database, const std::vector<Row>& rows);
  Result<void> take(const std::vector<Row>& rows);
  Result<void> rewrap(Database& database, const std::vector<Row>& rows);
  [[nodiscard]] std::string wrap(const crypto::Key& key, Id id, int kind) const;
  [[nodiscard]] std::optional<crypto::Key> unwrap(const Row& row) const;
  Result<void> insert(Session& session, Id id, int kind, const crypto::Key& key) const;

  const Clock& clock_;
  MasterKey master_;
  std::vector<MasterKey> previous_;
  bool in_data_folder_ = false;
  std::vector<std::string> rewrapped_from_;
  crypto::Key root_;

  mutable std::shared_mutex mutex_;
  std::map<Id, crypto::Key> keys_;
  Id current_;
};

}  // namespace qiao::core
