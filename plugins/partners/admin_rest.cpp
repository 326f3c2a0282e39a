#include "plugins/partners/admin_rest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::partners {
namespace {

struct PartnerKey {
  Id id;
  std::string name;
  KeyKind kind = KeyKind::server;
  KeyState state = KeyState::active;
  std::string prefix;
  std::vector<std::string> scopes;
  std::vector<std::string> origins;
  std::vector<std::string> skus;
  std::int32_t per_minute = 0;
  std::int64_t per_day = 0;
  Time created_at;
  std::string created_by;
  std::optional<Time> expires_at;
  std::optional<Time> revoked_at;
  std::optional<Time> last_used_at;
  std::optional<Time> previous_until;
  std::int64_t used_today = 0;
  std::int64_t live = 0;
};
QIAO_FIELDS(PartnerKey, id, name, kind, state, prefix, scopes, origins, skus, per_minute, per_day, created_at,
            created_by, expires_at, revoked_at, last_used_at, previous_until, used_today, live)

struct PartnerKeyList {
  std::vector<PartnerKey> keys;
};
QIAO_FIELDS(PartnerKeyList, keys)

struct NewPartnerKey {
  std::string name;
  KeyKind kind = KeyKind::server;
  std::optional<std::vector<std::string>> scopes;
  std::optional<std::vector<std::string>> origins;
  std::optional<std::vector<std::string>> skus;
  std::optional<std::int32_t> per_minute;
  std::optional<std::int64_t> per_day;
  std::optional<Time> expires_at;
};
QIAO_FIELDS(NewPartnerKey, name, kind, scopes, origins, skus, per_minute, per_day, expires_at)

struct PartnerKeyPatch {
  Id id;
  std::optional<std::string> name;
  std::optional<std::vector<std::string>> scopes;
  std::optional<std::vector<std::string>> origins;
  std::optional<std::vector<std::string>> skus;
  std::optional<std::int32_t> per_minute;
  std::optional<std::int64_t> per_day;
  std::optional<Time> expires_at;
  bool never_expires = false;
};
QIAO_FIELDS(PartnerKeyPatch, id, name, scopes, origins, skus, per_minute, per_day, expires_at, never_expires)

struct PartnerKeySecret {
  PartnerKey key;
  std::string secret;
};
QIAO_FIELDS(PartnerKeySecret, key, secret)

struct PartnerKeyPath {
  Id id;
};
QIAO_FIELDS(PartnerKeyPath, id)

struct PartnerKeyRotation {
  Id id;
  std::int32_t grace_minutes = 0;
};
QIAO_FIELDS(PartnerKeyRotation, id, grace_minutes)

struct PartnerUsageParams {
  Id id;
  std::string from;
  std::string to;
};
QIAO_FIELDS(PartnerUsageParams, id, from, to)

struct PartnerUsageDay {
  std::string day;
  std::int64_t total = 0;
  std::int64_t ok = 0;
  std::int64_t not_modified = 0;
  std::int64_t refused = 0;
  std::int64_t limited = 0;
  std::int64_t failed = 0;
  std::int64_t live = 0;
  std::map<std::string, std::int64_t> statuses;
};
QIAO_FIELDS(PartnerUsageDay, day, total, ok, not_modified, refused, limited, failed, live, statuses)

struct PartnerUsage {
  Id id;
  std::string name;
  std::string from;
  std::string to;
  std::int64_t total = 0;
  std::vector<PartnerUsageDay> days;
};
QIAO_FIELDS(PartnerUsage, id, name, from, to, total, days)

std::optional<Time> given(Time at) { return at == Time{} ? std::nullopt : std::optional(at); }

std::int64_t& slot(PartnerUsageDay& day, int status) {
  if (status == 101) return day.live;
  if (status == 304) return day.not_modified;
  if (status == 429) return day.limited;
  return status < 300 ? day.ok : status < 500 ? day.refused : day.failed;
}

class AdminRest {
 public:
  AdminRest(KeyService& keys, const KeyRing& ring, const Clock& clock) : keys_(keys), ring_(ring), clock_(clock) {}

  [[nodiscard]] PartnerKeyList list() const {
    PartnerKeyList out;
    for (const HeldKey& key : ring_.all()) out.keys.push_back(view(key));
    return out;
  }

  [[nodiscard]] Result<PartnerKey> one(Id id) const {
    const HeldKey key = ring_.of(id);
    if (!key.record) return Error{Errc::not_found, "partners.unknown_key", "There is no such key."};
    return view(key);
  }

  [[nodiscard]] Result<PartnerKey> after(Id id, const Result<void>& done) const {
    if (!done) return done.error();
    return one(id);
  }

  [[nodiscard]] Result<PartnerKeySecret> secret(const Result<FreshKey>& fresh) const {
    if (!fresh) return fresh.error();
    auto key = one(fresh->id);
    if (!key) return key.error();
    return PartnerKeySecret{std::move(*key), fresh->secret};
  }

  Result<PartnerUsage> usage(PartnerUsageParams in) const {
    if (in.to.empty()) in.to = day_of(clock_.now());
    if (in.from.empty()) in.from = day_of(clock_.now() - std::chrono::hours(24 * 29));
    auto counts = keys_.usage(in.id, in.from, in.to);
    if (!counts) return counts.error();
    PartnerUsage out{in.id, ring_.of(in.id).record->name, in.from, in.to, 0, {}};
    for (const store::DayCount& count : *counts) {
      if (out.days.empty() || out.days.back().day != count.day) out.days.emplace_back().day = count.day;
      PartnerUsageDay& day = out.days.back();
      slot(day, count.status) += count.count;
      day.total += count.count;
      day.statuses[std::to_string(count.status)] += count.count;
      out.total += count.count;
    }
    return out;
  }

 private:
  [[nodiscard]] PartnerKey view(const HeldKey& held) const {
    const KeyRecord& key = *held.record;
    const Time now = clock_.now();
    PartnerKey out{key.id,
                   key.name,
                   key.kind,
                   key.state(now),
                   key.prefix,
                   key.scopes,
                   key.origins,
                   key.skus,
                   key.per_minute,
                   key.per_day,
                   key.created_at,
                   key.created_by,
                   given(key.expires_at),
                   given(key.revoked_at),
                   given(std::max(key.last_used_at, held.activity->usage.last_used())),
                   key.previous_until > now ? given(key.previous_until) : std::nullopt,
                   held.activity->quota.used_today(now),
                   held.activity->live.load()};
    return out;
  }

  KeyService& keys_;
  const KeyRing& ring_;
  const Clock& clock_;
};

using RestRef = std::shared_ptr<const AdminRest>;

Route admin_route(std::string method, const std::string& path, std::string summary) {
  return {.method = std::move(method),
          .path = "/api/v1/partner-keys" + path,
          .access = Access::needs(kManagePartners),
          .summary = std::move(summary),
          .max_body = 64 * 1024,
          .tag = "partner-keys"};
}

void add_changes(Http& http, KeyService& keys, const RestRef& rest) {
  http.route<NewPartnerKey, PartnerKeySecret>(
      admin_route("POST", "", "Make a key; the answer is the only place that ever shows its secret"),
      [&keys, rest](const NewPartnerKey& in, const HttpRequest& by) {
        return rest->secret(keys.create(
            by, in.kind, {in.name, in.scopes, in.origins, in.skus, in.per_minute, in.per_day, in.expires_at, false}));
      });
  http.route<PartnerKeyPatch, PartnerKey>(
      admin_route("PATCH", "/{id}", "Change what a key opens"),
      [&keys, rest](const PartnerKeyPatch& in, const HttpRequest& by) {
        return rest->after(in.id, keys.change(by, in.id,
                                              {in.name, in.scopes, in.origins, in.skus, in.per_minute, in.per_day,
                                               in.expires_at, in.never_expires}));
      });
  http.route<PartnerKeyRotation, PartnerKeySecret>(
      admin_route("POST", "/{id}/rotate", "Give a key a new secret; the former one works for grace_minutes more"),
      [&keys, rest](const PartnerKeyRotation& in, const HttpRequest& by) -> Result<PartnerKeySecret> {
        if (in.grace_minutes < 0 || in.grace_minutes > 7 * 24 * 60)
          return Error{Errc::bad_value, "partners.bad_key", "grace_minutes: expected 0 to 10080"};
        return rest->secret(keys.rotate(by, in.id, std::chrono::minutes(in.grace_minutes)));
      });
  http.route<PartnerKeyPath, PartnerKey>(
      admin_route("POST", "/{id}/revoke", "End a key at once, on open live connections too"),
      [&keys, rest](const PartnerKeyPath& in, const HttpRequest& by) {
        return rest->after(in.id, keys.revoke(by, in.id));
      });
}

void add_reports(Http& http, const RestRef& rest) {
  http.route<PartnerUsageParams, PartnerUsage>(
      admin_route("GET", "/{id}/usage", "What a key was used for, by day (UTC) and status"),
      [rest](const PartnerUsageParams& in, const HttpRequest&) { return rest->usage(in); });
  http.route_reply<PartnerUsageParams, Nothing>(
      admin_route("GET", "/{id}/usage.csv", "The same as CSV"),
      [rest](const PartnerUsageParams& in, const std::shared_ptr<const HttpRequest>&, const HttpReply& reply) {
        auto usage = rest->usage(in);
        if (!usage) return reply(HttpResponse::problem(usage.error()));
        HttpResponse response;
        response.content_type = "text/csv; charset=utf-8";
        response.headers.emplace_back("Content-Disposition",
                                      fmt::format("attachment; filename=\"partner-key-{}.csv\"", usage->id.str()));
        response.body = "day,status,count\r\n";
        for (const PartnerUsageDay& day : usage->days) {
          for (const auto& [status, count] : day.statuses)
            response.body += fmt::format("{},{},{}\r\n", day.day, status, count);
        }
        reply(std::move(response));
      });
}

}  // namespace

void add_admin_routes(Http& http, KeyService& keys, const KeyRing& ring, const Clock& clock, const Embed& embed) {
  const auto rest = std::make_shared<const AdminRest>(keys, ring, clock);
  http.route<Nothing, PartnerKeyList>(
      admin_route("GET", "", "All keys, newest first"),
      [rest](const Nothing&, const HttpRequest&) -> Result<PartnerKeyList> { return rest->list(); });
  http.route<PartnerKeyPath, PartnerKey>(
      admin_route("GET", "/{id}", "One key"),
      [rest](const PartnerKeyPath& in, const HttpRequest&) { return rest->one(in.id); });
  http.route<Nothing, Embed>(admin_route("GET", "/embed", "Where the script of <qiao-stock> is, and its integrity"),
                             [embed](const Nothing&, const HttpRequest&) -> Result<Embed> { return embed; });
  add_changes(http, keys, rest);
  add_reports(http, rest);
}

}  // namespace qiao::partners
