#include "plugins/web/identity.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <stdexcept>

#include "qiao/json.hpp"

namespace qiao::web {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024;
constexpr auto kLongest = std::chrono::hours(24);
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string hmac_hex(std::string_view secret, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size) == nullptr) {
    throw std::runtime_error("HMAC-SHA256 failed");
  }
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
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

}  // namespace

Result<SiteIdentity> verify_identity(std::string_view text, std::string_view secret, Time now) {
  const auto bad = [](const char* what) { return Error{Errc::unauthorized, "web.bad_identity", what}; };
  if (secret.empty()) return bad("this site has no identify_secret, so nothing can be proven here");
  const auto dot = text.find('.');
  if (text.size() > kMostBytes || dot == std::string_view::npos) return bad("an identity is PAYLOAD.SIGNATURE");
  const std::string expected = hmac_hex(secret, text.substr(0, dot));
  const std::string_view given = text.substr(dot + 1);
  if (given.size() != expected.size() || CRYPTO_memcmp(given.data(), expected.data(), expected.size()) != 0) {
    return bad("the signature does not fit the payload and this site's secret");
  }
  auto identity = from_json<SiteIdentity>(decode(text.substr(0, dot)));
  if (!identity) return Error{Errc::bad_value, "web.bad_identity", "payload: " + identity.error().message};
  const Time until = from_micros(identity->exp * 1'000'000);
  if (until <= now) return Error{Errc::unauthorized, "web.identity_over", "this identity is over; sign a new one"};
  if (until > now + kLongest) return bad("exp: at most a day ahead");
  return identity;
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
