#pragma once

#include "plugins/partners/key_ring.hpp"

namespace qiao::partners {

/// One use of a key. `key` is set as soon as it is known whose key it is, for the report; `quota` once it was counted.
struct Visit {
  std::string hash;
  HeldKey key;
  QuotaState quota;
};

/// Decides whether a key may do something now. Any thread; memory only.
class Gatekeeper {
 public:
  Gatekeeper(const KeyRing& ring, const Clock& clock, std::int64_t per_visitor_minute)
      : ring_(ring), clock_(clock), per_visitor_minute_(per_visitor_minute) {}

  /// One request with this secret, from a page of `origin` (empty: no page), counted against the quota. Errors:
  /// `partners.no_key`, `partners.wrong_key` and its kin (401), `partners.origin`, `partners.scope` (403),
  /// `partners.quota` (429, with when to come back).
  Result<void> admit(std::string_view secret, std::string_view origin, std::string_view address, std::string_view scope,
                     Visit& visit) const;
  /// The same without counting, for a connection that is open already; `key` becomes the settings of now.
  Result<void> still_admitted(const std::string& hash, std::string_view origin, HeldKey& key) const;

  [[nodiscard]] const KeyRing& ring() const { return ring_; }
  [[nodiscard]] Time now() const { return clock_.now(); }

 private:
  static Result<void> check_place(const KeyRecord& key, std::string_view origin);

  const KeyRing& ring_;
  const Clock& clock_;
  const std::int64_t per_visitor_minute_;
};

}  // namespace qiao::partners
