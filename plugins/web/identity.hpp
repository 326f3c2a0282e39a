#pragma once

#include <map>
#include <string>
#include <string_view>

#include "qiao/contract/contacts.hpp"

namespace qiao::web {

/// Who a site says that its visitor is.
struct SiteIdentity {
  std::string user;  ///< the site's own id of the customer
  std::string name;
  std::string phone;
  std::string email;
  std::string unionid;
  std::map<std::string, std::string> attributes;
  std::int64_t exp = 0;  ///< seconds since 1970 until which the signature counts
};
QIAO_FIELDS(SiteIdentity, user, name, phone, email, unionid, attributes, exp)

/// Reads what a site's server signed: base64url(JSON) "." hex(HMAC-SHA256(secret, the part before the dot)), the JSON
/// with the fields of SiteIdentity; or a JWT (HS256) with `sub` for the user. `unauthorized` (web.bad_identity,
/// web.identity_over) when it is forged, of another site, over, or good for longer than a day; nothing of it counts
/// then.
[[nodiscard]] Result<SiteIdentity> verify_identity(std::string_view text, std::string_view secret, Time now);

/// Whether `hash` is hex(HMAC-SHA256(secret, user)): proves the user's id and nothing else, for as long as the secret
/// lasts.
[[nodiscard]] Result<void> verify_user_hash(std::string_view user, std::string_view hash, std::string_view secret);

/// The identity in a JWT whose signature was checked; claims that the hub has no use for are passed over.
[[nodiscard]] Result<SiteIdentity> read_jwt(std::string_view header, std::string_view claims);

/// The same from the other side, for tests and examples.
[[nodiscard]] std::string sign_identity(const SiteIdentity& identity, std::string_view secret);

/// The claims of an identity; `verified` says whether a signature was behind it.
[[nodiscard]] std::vector<contract::Claim> claims_of(const SiteIdentity& identity, bool verified);

}  // namespace qiao::web
