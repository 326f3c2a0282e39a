#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "plugins/partners/config.hpp"
#include "plugins/partners/key_ring.hpp"
#include "plugins/partners/key_store.hpp"
#include "qiao/audit.hpp"
#include "qiao/http.hpp"

namespace qiao::partners {

/// What may be said about a key when it is made or changed; what is left out stays as it is.
struct KeySettings {
  std::optional<std::string> name;
  std::optional<std::vector<std::string>> scopes;
  std::optional<std::vector<std::string>> origins;
  std::optional<std::vector<std::string>> skus;
  std::optional<std::int32_t> per_minute;
  std::optional<std::int64_t> per_day;
  std::optional<Time> expires_at;
  bool never_expires = false;
};

struct FreshKey {
  Id id;
  std::string secret;
};

/// Keys in the database and in memory, and what they were used for. Any thread that may wait. `changing_` is taken
/// first, the ring's lock after it.
class KeyService {
 public:
  /// `changed` runs after keys changed in memory: what is open is looked at again.
  KeyService(const PartnersConfig& config, Database& db, Audit& audit, const Clock& clock, KeyRing& ring,
             std::function<void()> changed);

  Result<void> load();
  /// What others changed: the generation before this one, or another node.
  Result<void> refresh();

  Result<FreshKey> create(const HttpRequest& by, KeyKind kind, const KeySettings& settings);
  Result<void> change(const HttpRequest& by, Id key, const KeySettings& settings);
  /// The former secret works until `grace` is over.
  Result<FreshKey> rotate(const HttpRequest& by, Id key, std::chrono::minutes grace);
  /// Once more changes nothing.
  Result<void> revoke(const HttpRequest& by, Id key);

  /// Writes down what was counted; keeps it when that fails.
  Result<void> save_usage();
  /// Errors: `partners.unknown_key`, `partners.bad_day`.
  Result<std::vector<store::DayCount>> usage(Id key, const std::string& from, const std::string& to);

 private:
  Result<std::vector<KeyRecord>> read();
  Result<KeyRecord> living(Id key) const;
  Result<void> commit(KeyRecord key, bool fresh, const AuditEntry& entry);

  const PartnersConfig& config_;
  Database& db_;
  Audit& audit_;
  const Clock& clock_;
  KeyRing& ring_;
  const std::function<void()> changed_;
  std::mutex changing_;
  std::string purged_;  ///< the day on which old counts were last thrown away; only `save_usage`, one at a time
  std::mutex saving_;
};

}  // namespace qiao::partners
