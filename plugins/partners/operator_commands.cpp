#include "plugins/partners/operator_commands.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "qiao/contract/partners.hpp"

namespace qiao::partners {
namespace {

using contract::ListPartnerKeys;
using contract::MadePartnerKey;
using contract::MakePartnerKey;
using contract::PartnerKeyView;
using contract::PartnerKeyViews;
using contract::RevokePartnerKey;

/// Whoever may open the control socket is nobody's account.
HttpRequest operator_request() {
  HttpRequest request;
  request.principal.name = "qiao partner-key";
  return request;
}

PartnerKeyView view(const HeldKey& held, Time now) {
  static constexpr const char* kStates[] = {"active", "expired", "revoked"};
  const KeyRecord& key = *held.record;
  return {key.id,
          key.name,
          key.kind == KeyKind::browser ? "browser" : "server",
          kStates[static_cast<std::size_t>(key.state(now))],
          key.prefix,
          key.skus,
          key.origins,
          key.created_at,
          std::max(key.last_used_at, held.activity->usage.last_used())};
}

Result<HeldKey> named(const KeyRing& ring, const std::string& name) {
  HeldKey found;
  for (const HeldKey& held : ring.all()) {
    if (held.record->id.str() != name && (name.size() < 5 || !held.record->prefix.starts_with(name))) continue;
    if (found.record)
      return Error{Errc::conflict, "partners.ambiguous", fmt::format("{} is the beginning of several keys", name)};
    found = held;
  }
  if (!found.record) return Error{Errc::not_found, "partners.unknown_key", fmt::format("there is no key {}", name)};
  return found;
}

}  // namespace

void serve_operator(Bus& bus, const Lane& lane, KeyService& keys, const KeyRing& ring, const Clock& clock) {
  bus.serve<ListPartnerKeys>(lane, [&](const ListPartnerKeys& q, const Headers&) -> Result<PartnerKeyViews> {
    PartnerKeyViews out;
    for (const HeldKey& held : ring.all()) {
      if (q.revoked || held.record->revoked_at == Time{}) out.keys.push_back(view(held, clock.now()));
    }
    return out;
  });
  bus.serve<MakePartnerKey>(lane, [&](const MakePartnerKey& q, const Headers&) -> Result<MadePartnerKey> {
    KeySettings settings;
    settings.name = q.name;
    if (!q.scopes.empty()) settings.scopes = q.scopes;
    settings.origins = q.origins;
    settings.skus = q.skus;
    auto fresh = keys.create(operator_request(), q.browser ? KeyKind::browser : KeyKind::server, settings);
    if (!fresh) return fresh.error();
    return MadePartnerKey{fresh->id, fresh->secret};
  });
  bus.serve<RevokePartnerKey>(lane, [&](const RevokePartnerKey& q, const Headers&) -> Result<PartnerKeyView> {
    auto key = named(ring, q.key);
    if (!key) return key.error();
    if (auto done = keys.revoke(operator_request(), key->record->id); !done) return done.error();
    return view(ring.of(key->record->id), clock.now());
  });
}

}  // namespace qiao::partners
