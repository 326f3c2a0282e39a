#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/fields.hpp"
#include "qiao/result.hpp"

namespace qiao::partners {

enum class KeyKind : std::uint8_t {
  server,   ///< secret, on a partner's server
  browser,  ///< public, in a page: only from listed origins, only stock of listed SKUs
};
QIAO_ENUM(KeyKind, server, browser)

enum class KeyState : std::uint8_t { active, expired, revoked };
QIAO_ENUM(KeyState, active, expired, revoked)

inline constexpr std::string_view kStockRead = "stock.read";
inline constexpr std::string_view kProductRead = "product.read";

/// A key as it is stored. A time of 1970 is none.
struct KeyRecord {
  Id id;
  std::string name;
  KeyKind kind = KeyKind::server;
  std::string hash;           ///< of the secret
  std::string prefix;         ///< of the secret, to be shown
  std::string previous_hash;  ///< of the secret before the last rotation
  Time previous_until;        ///< until when that one works
  std::vector<std::string> scopes;
  std::vector<std::string> origins;
  std::vector<std::string> skus;  ///< a SKU, or a beginning and "*"; none: all
  std::int32_t per_minute = 0;
  std::int64_t per_day = 0;
  Time created_at;
  std::string created_by;
  Time expires_at;
  Time revoked_at;
  Time last_used_at;

  [[nodiscard]] KeyState state(Time now) const;
  [[nodiscard]] bool has_scope(std::string_view scope) const;
  [[nodiscard]] bool has_origin(std::string_view origin) const;
  [[nodiscard]] bool allows_sku(std::string_view sku) const;
  bool operator==(const KeyRecord&) const = default;
};

/// Whether a key may be as it is; brings origins into the form in which browsers send them. Errors: `partners.bad_key`,
/// which names the field.
Result<void> check_key(KeyRecord& key);

/// "https://Shop.Example.org:443/" as "https://shop.example.org"; nothing when it is no origin.
std::optional<std::string> normal_origin(std::string_view text);

/// What may be asked for as a SKU or a warehouse: 1–64 bytes without control characters; a warehouse may be empty.
bool usable_code(std::string_view text);

}  // namespace qiao::partners
