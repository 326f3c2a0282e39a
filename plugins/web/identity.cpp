#include "plugins/web/identity.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <stdexcept>

#include "qiao/json.hpp"

namespace qiao::web {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024;
constexpr auto kLongest = std::chrono::hours(24);
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string hmac(std::string_view secret, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size) == nullptr) {
    throw std::runtime_error("HMAC-SHA256 failed");
  }
  return {reinterpret_cast<const char*>(digest), size};
}

std::string hmac_hex(std::string_view secret, std::string_view text) {
  std::string hex;
  for (const char c : hmac(secret, text)) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// Empty: not base64url. Padding is allowed, because many libraries write it.
std::string decode(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  unsigned bits = 0;
  int have = 0;
  for (const char c : text) {
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) return {};
    bits = (bits << 6) | static_cast<unsigned>(value);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>((bits >> have) & 0xFF);
    }
  }
  return out;
}

std::string encode(std::string_view data) {
  std::string out;
  unsigned bits = 0;
  int have = 0;
  for (const char c : data) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    have += 8;
    while (have >= 6) {
      have -= 6;
      out += kAlphabet[(bits >> have) & 63];
    }
  }
  if (have > 0) out += kAlphabet[(bits << (6 - have)) & 63];
  return out;
}

Error bad(const char* what) { return {Errc::unauthorized, "web.bad_identity", what}; }

/// What stands in a text whose signature fits.
Result<SiteIdentity> read_signed(std::string_view text, std::string_view secret) {
  constexpr const char* kForged = "the signature does not fit the payload and this site's secret";
  const auto dot = text.find('.');
  if (text.size() > kMostBytes || dot == std::string_view::npos) {
    return bad("an identity is PAYLOAD.SIGNATURE or a JWT");
  }
  if (const auto second = text.find('.', dot + 1); second != std::string_view::npos) {
    if (!same(encode(hmac(secret, text.substr(0, second))), text.substr(second + 1))) return bad(kForged);
    return read_jwt(decode(text.substr(0, dot)), decode(text.substr(dot + 1, second - dot - 1)));
  }
  if (!same(hmac_hex(secret, text.substr(0, dot)), text.substr(dot + 1))) return bad(kForged);
  return from_json<SiteIdentity>(decode(text.substr(0, dot)));
}

}  // namespace

Result<SiteIdentity> verify_identity(std::string_view text, std::string_view secret, Time now) {
  if (secret.empty()) return bad("this site has no identify_secret, so nothing can be proven here");
  auto identity = read_signed(text, secret);
  if (!identity && identity.error().id == "web.bad_identity") return identity;
  if (!identity) return Error{Errc::bad_value, "web.bad_identity", "payload: " + identity.error().message};
  // A number that would overflow is as far away as anything can be.
  constexpr std::int64_t kFar = 4'102'444'800;
  const Time until = from_micros(std::clamp<std::int64_t>(identity->exp, 0, kFar) * 1'000'000);
  if (until <= now) return Error{Errc::unauthorized, "web.identity_over", "this identity is over; sign a new one"};
  if (until > now + kLongest) return bad("exp: at most a day ahead");
  return identity;
}

Result<void> verify_user_hash(std::string_view user, std::string_view hash, std::string_view secret) {
  if (secret.empty()) return bad("this site has no identify_secret, so nothing can be proven here");
  if (user.empty() || user.size() > 200) return bad("user: 1 to 200 bytes");
  if (!same(hmac_hex(secret, user), hash)) return bad("user_hash does not fit the user and this site's secret");
  return {};
}

std::string sign_identity(const SiteIdentity& identity, std::string_view secret) {
  const std::string payload = encode(to_json(identity));
  return payload + "." + hmac_hex(secret, payload);
}

std::vector<contract::Claim> claims_of(const SiteIdentity& identity, bool verified) {
  namespace kind = contract::identity_kind;
  std::vector<contract::Claim> claims;
  for (const auto& [which, value] :
       {std::pair{kind::kAppUser, &identity.user}, std::pair{kind::kPhone, &identity.phone},
        std::pair{kind::kEmail, &identity.email}, std::pair{kind::kUnionId, &identity.unionid}}) {
    if (!value->empty()) claims.push_back({which, *value, verified});
  }
  return claims;
}

}  // namespace qiao::web
