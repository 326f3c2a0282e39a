#include "plugins/partners/key_service.hpp"

#include <fmt/format.h>

#include "plugins/partners/secret.hpp"

namespace qiao::partners {
namespace {

constexpr auto kUsageKept = std::chrono::hours(24 * 400);

void apply(const KeySettings& settings, KeyRecord& key) {
  if (settings.name) key.name = *settings.name;
  if (settings.scopes) key.scopes = *settings.scopes;
  if (settings.origins) key.origins = *settings.origins;
  if (settings.skus) key.skus = *settings.skus;
  if (settings.per_minute) key.per_minute = *settings.per_minute;
  if (settings.per_day) key.per_day = *settings.per_day;
  if (settings.expires_at) key.expires_at = *settings.expires_at;
  if (settings.never_expires) key.expires_at = {};
}

/// Which settings an order names, for the log; their values may be long.
std::string named(const KeySettings& settings) {
  std::string out;
  const auto add = [&out](bool is, std::string_view name) {
    if (is) out += fmt::format("{}{}", out.empty() ? "" : ", ", name);
  };
  add(settings.name.has_value(), "name");
  add(settings.scopes.has_value(), "scopes");
  add(settings.origins.has_value(), "origins");
  add(settings.skus.has_value(), "skus");
  add(settings.per_minute.has_value(), "per_minute");
  add(settings.per_day.has_value(), "per_day");
  add(settings.expires_at.has_value() || settings.never_expires, "expires_at");
  return out;
}

std::string object_of(Id key) { return "partner_key:" + key.str(); }

std::string set_secret(KeyRecord& key) {
  std::string secret = new_secret();
  key.hash = secret_hash(secret);
  key.prefix = secret.substr(0, kShownLength);
  return secret;
}

Result<void> check_end(const KeySettings& settings, Time now) {
  if (!settings.expires_at || *settings.expires_at > now) return {};
  return Error{Errc::bad_value, "partners.bad_key", "expires_at: lies in the past; to end a key now, revoke it"};
}

}  // namespace

KeyService::KeyService(const PartnersConfig& config, Database& db, Audit& audit, const Clock& clock, KeyRing& ring,
                       std::function<void()> changed)
    : config_(config), db_(db), audit_(audit), clock_(clock), ring_(ring), changed_(std::move(changed)) {}

Result<std::vector<KeyRecord>> KeyService::read() {
  std::vector<KeyRecord> keys;
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto found = store::keys(db);
    if (!found) return found.error();
    keys = std::move(*found);
    return {};
  });
  if (!done) return done.error();
  return keys;
}

Result<void> KeyService::load() {
  if (auto done = db_.migrate(store::migrations()); !done) return done;
  auto keys = read();
  if (!keys) return keys.error();
  for (KeyRecord& key : *keys) ring_.put(std::move(key));
  return db_.read([&](Session& db) -> Result<void> {
    auto used = store::used_on(db, day_of(clock_.now()));
    if (!used) return used.error();
    for (const auto& [id, count] : *used) {
      if (const HeldKey key = ring_.of(id); key.record) key.activity->quota.start_day(clock_.now(), count);
    }
    return {};
  });
}

Result<void> KeyService::refresh() {
  {
    const std::lock_guard lock(changing_);
    auto keys = read();
    if (!keys) return keys.error();
    for (KeyRecord& key : *keys) ring_.put(std::move(key));
  }
  changed_();
  return {};
}

Result<KeyRecord> KeyService::living(Id key) const {
  const HeldKey held = ring_.of(key);
  if (!held.record) return Error{Errc::not_found, "partners.unknown_key", "There is no such key."};
  if (held.record->revoked_at != Time{})
    return Error{Errc::conflict, "partners.revoked", "This key was revoked; make a new one."};
  return *held.record;
}

Result<void> KeyService::commit(KeyRecord key, bool fresh, const AuditEntry& entry) {
  auto done = db_.write_and_wait([&](Session& db) -> Result<void> {
    if (auto stored = fresh ? store::insert(db, key) : store::update(db, key); !stored) return stored;
    return audit_.record(db, entry);
  });
  if (done) ring_.put(std::move(key));
  return done;
}

Result<FreshKey> KeyService::create(const HttpRequest& by, KeyKind kind, const KeySettings& settings) {
  KeyRecord key;
  key.id = new_id();
  key.kind = kind;
  key.scopes = {std::string(kStockRead)};
  key.per_minute = config_.per_minute;
  key.per_day = config_.per_day;
  key.created_at = clock_.now();
  key.created_by = by.principal.name;
  apply(settings, key);
  if (auto fine = check_key(key); !fine) return fine.error();
  if (auto fine = check_end(settings, clock_.now()); !fine) return fine.error();
  FreshKey fresh{key.id, set_secret(key)};
  const AuditEntry entry = AuditEntry::by(by, "partner_key.create", object_of(key.id), key.prefix);
  const std::lock_guard lock(changing_);
  if (auto done = commit(std::move(key), true, entry); !done) return done.error();
  return fresh;
}

Result<void> KeyService::change(const HttpRequest& by, Id id, const KeySettings& settings) {
  {
    const std::lock_guard lock(changing_);
    auto key = living(id);
    if (!key) return key.error();
    apply(settings, *key);
    if (auto fine = check_key(*key); !fine) return fine;
    if (auto fine = check_end(settings, clock_.now()); !fine) return fine;
    const AuditEntry entry = AuditEntry::by(by, "partner_key.change", object_of(id), named(settings));
    if (auto done = commit(std::move(*key), false, entry); !done) return done;
  }
  changed_();
  return {};
}

Result<FreshKey> KeyService::rotate(const HttpRequest& by, Id id, std::chrono::minutes grace) {
  FreshKey fresh{id, {}};
  {
    const std::lock_guard lock(changing_);
    auto key = living(id);
    if (!key) return key.error();
    key->previous_hash = grace.count() > 0 ? key->hash : std::string();
    key->previous_until = grace.count() > 0 ? clock_.now() + grace : Time{};
    fresh.secret = set_secret(*key);
    const AuditEntry entry = AuditEntry::by(by, "partner_key.rotate", object_of(id),
                                            fmt::format("{}, grace {} min", key->prefix, grace.count()));
    if (auto done = commit(std::move(*key), false, entry); !done) return done.error();
  }
  changed_();
  return fresh;
}

Result<void> KeyService::revoke(const HttpRequest& by, Id id) {
  {
    const std::lock_guard lock(changing_);
    auto key = living(id);
    if (!key) return key.error().code == Errc::conflict ? Result<void>() : key.error();
    key->revoked_at = clock_.now();
    const AuditEntry entry = AuditEntry::by(by, "partner_key.revoke", object_of(id), key->prefix);
    if (auto done = commit(std::move(*key), false, entry); !done) return done;
  }
  changed_();
  return {};
}

Result<void> KeyService::save_usage() {
  const std::lock_guard lock(saving_);
  const std::string today = day_of(clock_.now());
  struct Counted {
    HeldKey key;
    std::map<int, std::int64_t> counts;
  };
  std::vector<Counted> all;
  for (HeldKey& key : ring_.all()) {
    auto counts = key.activity->usage.take();
    if (!counts.empty()) all.push_back({std::move(key), std::move(counts)});
  }
  const bool purge = purged_ != today;
  if (all.empty() && !purge) return {};
  auto done = db_.write_and_wait([&](Session& db) -> Result<void> {
    for (const Counted& one : all) {
      for (const auto& [status, count] : one.counts) {
        if (auto added = store::add_usage(db, one.key.record->id, today, status, count); !added) return added;
      }
      const Time used = one.key.activity->usage.last_used();
      if (auto set = store::set_last_used(db, one.key.record->id, used); !set) return set;
    }
    return purge ? store::forget_usage_before(db, day_of(clock_.now() - kUsageKept)) : Result<void>();
  });
  if (done) {
    purged_ = today;
  } else {
    for (const Counted& one : all) one.key.activity->usage.put_back(one.counts);
  }
  return done;
}

Result<std::vector<store::DayCount>> KeyService::usage(Id key, const std::string& from, const std::string& to) {
  if (!ring_.of(key).record) return Error{Errc::not_found, "partners.unknown_key", "There is no such key."};
  if (!is_day(from) || !is_day(to) || to < from)
    return Error{Errc::bad_value, "partners.bad_day", "from and to are days such as 2026-11-22, in their order"};
  if (auto saved = save_usage(); !saved) return saved.error();
  std::vector<store::DayCount> counts;
  auto done = db_.read([&](Session& db) -> Result<void> {
    auto found = store::usage(db, key, from, to);
    if (!found) return found.error();
    counts = std::move(*found);
    return {};
  });
  if (!done) return done.error();
  return counts;
}

}  // namespace qiao::partners
