#include "plugins/partners/gatekeeper.hpp"

#include <fmt/format.h>

#include "plugins/partners/secret.hpp"

namespace qiao::partners {

Result<void> Gatekeeper::check_place(const KeyRecord& key, std::string_view origin) {
  if (key.kind == KeyKind::server) {
    if (origin.empty()) return {};
    return Error{Errc::forbidden, "partners.origin",
                 "This is a server key, but the request comes from a page, where everybody can read it. Revoke it if "
                 "it stands in a page, and use a browser key there."};
  }
  if (key.has_origin(origin)) return {};
  return Error{Errc::forbidden, "partners.origin",
               origin.empty() ? std::string("This is a browser key; it works on the pages that are listed for it only.")
                              : fmt::format("This key is not meant for pages of {}.", origin)};
}

Result<void> Gatekeeper::admit(std::string_view secret, std::string_view origin, std::string_view address,
                               std::string_view scope, Visit& visit) const {
  if (secret.empty()) {
    return Error{Errc::unauthorized, "partners.no_key", "Send a partner key: Authorization: Bearer qk_…"};
  }
  if (!looks_like_secret(secret)) {
    return Error{Errc::unauthorized, "partners.wrong_key", "This is no partner key; they begin with qk_."};
  }
  visit.hash = secret_hash(secret);
  const Time now = clock_.now();
  if (auto known = ring_.find(visit.hash, now, visit.key); !known) return known;
  const KeyRecord& key = *visit.key.record;
  if (auto placed = check_place(key, origin); !placed) return placed;
  if (!key.has_scope(scope))
    return Error{Errc::forbidden, "partners.scope", fmt::format("This key has no scope {}.", scope)};
  visit.quota = visit.key.activity->quota.take(
      now, {key.per_minute, key.per_day, key.kind == KeyKind::browser ? per_visitor_minute_ : 0}, address);
  if (visit.quota.granted) return {};
  Error slow{Errc::rate_limited, "partners.quota",
             fmt::format("The limit of {} requests is reached; it begins anew in {} seconds.", visit.quota.limit,
                         visit.quota.reset_seconds)};
  slow.retry_after = std::chrono::seconds(visit.quota.reset_seconds);
  return slow;
}

Result<void> Gatekeeper::still_admitted(const std::string& hash, std::string_view origin, HeldKey& key) const {
  HeldKey now_held;
  if (auto known = ring_.find(hash, clock_.now(), now_held); !known) return known;
  key = std::move(now_held);
  if (auto placed = check_place(*key.record, origin); !placed) return placed;
  if (!key.record->has_scope(kStockRead))
    return Error{Errc::forbidden, "partners.scope", fmt::format("This key has no scope {}.", kStockRead)};
  return {};
}

}  // namespace qiao::partners
