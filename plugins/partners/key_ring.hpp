#pragma once

#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/partners/key.hpp"
#include "plugins/partners/key_usage.hpp"
#include "plugins/partners/quota.hpp"

namespace qiao::partners {

/// What one key did; stays the same object while its settings change.
struct KeyActivity {
  Quota quota;
  KeyUsage usage;
  std::atomic<std::int64_t> live{0};  ///< open live connections
};

/// A key as somebody holds it in the hand: the settings at that moment, and where it is counted.
struct HeldKey {
  std::shared_ptr<const KeyRecord> record;
  std::shared_ptr<KeyActivity> activity;
};

/// All keys in memory: asked for every request. Any thread; one lock, held for a look-up.
class KeyRing {
 public:
  /// Adds it or replaces its settings; the same settings once more change nothing.
  void put(KeyRecord record);
  /// The key of a secret's hash, if it opens anything now. Errors (401): `partners.wrong_key`, `partners.revoked`,
  /// `partners.expired`, `partners.replaced`. `held` is set for the last three as well, so that they are counted.
  Result<void> find(const std::string& hash, Time now, HeldKey& held) const;
  [[nodiscard]] HeldKey of(Id key) const;
  /// Newest first.
  [[nodiscard]] std::vector<HeldKey> all() const;
  /// Whether any key, a revoked one too, lists this origin: its pages may read why they were refused.
  [[nodiscard]] bool knows_origin(std::string_view origin) const;

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<Id, HeldKey> keys_;
  std::unordered_map<std::string, Id> by_hash_;  ///< of present and previous secrets
  std::unordered_map<std::string, int> origins_;
};

}  // namespace qiao::partners
