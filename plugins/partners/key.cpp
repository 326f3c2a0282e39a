#include "plugins/partners/key.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::partners {
namespace {

constexpr std::size_t kMostOrigins = 50;
constexpr std::size_t kMostSkus = 500;
constexpr std::size_t kLongestCode = 64;

Error bad_key(std::string_view field, std::string_view why) {
  return {Errc::bad_value, "partners.bad_key", fmt::format("{}: {}", field, why)};
}

bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    return host.size() > 3 && host.ends_with(']') &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdef:.") == std::string_view::npos;
  }
  return !host.empty() && host.size() <= 253 && host.front() != '.' && host.front() != '-' &&
         host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string_view::npos;
}

bool is_port(std::string_view port) {
  return !port.empty() && port.size() <= 5 && port.front() != '0' &&
         port.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<void> check_skus(const KeyRecord& key) {
  if (key.skus.size() > kMostSkus) return bad_key("skus", fmt::format("at most {}", kMostSkus));
  if (key.skus.empty() && key.kind == KeyKind::browser)
    return bad_key("skus", "a browser key is public, so it needs a list of the SKUs that it opens");
  for (const std::string& sku : key.skus) {
    const bool beginning = sku.ends_with('*');
    const std::string_view fixed = std::string_view(sku).substr(0, sku.size() - (beginning ? 1 : 0));
    if (!usable_code(fixed) || fixed.find('*') != std::string_view::npos)
      return bad_key("skus", fmt::format("\"{}\" is neither a SKU nor a beginning of SKUs followed by *", sku));
  }
  return {};
}

Result<void> check_origins(KeyRecord& key) {
  if (key.kind == KeyKind::server && !key.origins.empty())
    return bad_key("origins", "a server key is not used from pages; leave them away, or make a browser key");
  if (key.kind == KeyKind::browser && key.origins.empty())
    return bad_key("origins", "a browser key needs the origins of the pages that it stands in");
  if (key.origins.size() > kMostOrigins) return bad_key("origins", fmt::format("at most {}", kMostOrigins));
  for (std::string& origin : key.origins) {
    auto normal = normal_origin(origin);
    if (!normal)
      return bad_key("origins", fmt::format("\"{}\" is no origin; expected https://host or https://host:port", origin));
    origin = std::move(*normal);
  }
  return {};
}

}  // namespace

KeyState KeyRecord::state(Time now) const {
  if (revoked_at != Time{}) return KeyState::revoked;
  return expires_at != Time{} && now >= expires_at ? KeyState::expired : KeyState::active;
}

bool KeyRecord::has_scope(std::string_view scope) const {
  return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

bool KeyRecord::has_origin(std::string_view origin) const {
  return std::find(origins.begin(), origins.end(), origin) != origins.end();
}

bool KeyRecord::allows_sku(std::string_view sku) const {
  if (skus.empty()) return kind == KeyKind::server;
  return std::any_of(skus.begin(), skus.end(), [&](std::string_view entry) {
    return entry.ends_with('*') ? sku.starts_with(entry.substr(0, entry.size() - 1)) : sku == entry;
  });
}

Result<void> check_key(KeyRecord& key) {
  if (key.name.empty() || key.name.size() > 100) return bad_key("name", "expected 1 to 100 bytes");
  if (key.scopes.empty()) return bad_key("scopes", "expected stock.read, product.read or both");
  for (const std::string& scope : key.scopes) {
    if (scope != kStockRead && scope != kProductRead)
      return bad_key("scopes", fmt::format("\"{}\" does not exist; there are stock.read and product.read", scope));
    if (scope == kProductRead && key.kind == KeyKind::browser)
      return bad_key("scopes", "a browser key reads stock only");
  }
  std::sort(key.scopes.begin(), key.scopes.end());
  key.scopes.erase(std::unique(key.scopes.begin(), key.scopes.end()), key.scopes.end());
  if (auto done = check_origins(key); !done) return done;
  if (auto done = check_skus(key); !done) return done;
  if (key.per_minute < 1 || key.per_minute > 1'000'000) return bad_key("per_minute", "expected 1 to 1000000");
  if (key.per_day < 1 || key.per_day > 1'000'000'000) return bad_key("per_day", "expected 1 to 1000000000");
  return {};
}

std::optional<std::string> normal_origin(std::string_view text) {
  std::string origin(text);
  for (char& c : origin) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (origin.ends_with('/')) origin.pop_back();
  const bool secure = origin.starts_with("https://");
  if (!secure && !origin.starts_with("http://")) return std::nullopt;
  const std::size_t begin = secure ? 8 : 7;
  std::string_view host = std::string_view(origin).substr(begin);
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    if (!is_port(port) || !is_host(host.substr(0, colon))) return std::nullopt;
    if (port == (secure ? "443" : "80")) origin.resize(begin + colon);
    return origin;
  }
  if (!is_host(host)) return std::nullopt;
  return origin;
}

bool usable_code(std::string_view text) {
  return !text.empty() && text.size() <= kLongestCode &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

}  // namespace qiao::partners
