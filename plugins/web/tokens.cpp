#include "plugins/web/tokens.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <charconv>
#include <stdexcept>

namespace qiao::web {
namespace {

std::string base64url(const unsigned char* data, std::size_t size) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  out.reserve((size * 4 + 2) / 3);
  unsigned bits = 0;
  int have = 0;
  for (std::size_t i = 0; i < size; ++i) {
    bits = (bits << 8) | data[i];
    have += 8;
    while (have >= 6) {
      have -= 6;
      out += kAlphabet[(bits >> have) & 63];
    }
  }
  if (have > 0) out += kAlphabet[(bits << (6 - have)) & 63];
  return out;
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool to_number(std::string_view text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

}  // namespace

Tokens::Tokens(std::string secret) : secret_(std::move(secret)) {}

std::string Tokens::sign(std::string_view text) const {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size) == nullptr) {
    throw std::runtime_error("HMAC-SHA256 failed");
  }
  return base64url(digest, size);
}

std::string Tokens::visitor_token(const VisitorPass& pass) const {
  // The site is signed but not carried: a token of another site fails the signature.
  const std::string text = fmt::format("v1.{}.{}", pass.visitor.value, to_micros(pass.issued) / 1000000);
  return text + "." + sign(fmt::format("visitor|{}|{}", text, pass.site));
}

Result<VisitorPass> Tokens::verify_visitor(std::string_view token, std::string_view site, Time now,
                                           std::chrono::seconds life) const {
  const Error bad{Errc::unauthorized, "web.bad_token", "this visitor token is not valid here; say hello without one"};
  const std::size_t last = token.rfind('.');
  if (token.size() > 200 || !token.starts_with("v1.") || last == std::string_view::npos || last < 4) return bad;
  const std::string_view text = token.substr(0, last);
  if (!same(token.substr(last + 1), sign(fmt::format("visitor|{}|{}", text, site)))) return bad;
  const std::size_t middle = text.find('.', 3);
  std::int64_t visitor = 0;
  std::int64_t issued = 0;
  if (middle == std::string_view::npos || !to_number(text.substr(3, middle - 3), visitor) ||
      !to_number(text.substr(middle + 1), issued)) {
    return bad;
  }
  const Time at = from_micros(issued * 1000000);
  if (now > at + life)
    return Error{Errc::unauthorized, "web.token_over", "this visitor token is over; say hello without one"};
  return VisitorPass{Id{visitor}, std::string(site), at};
}

std::string Tokens::file_link(Id file, Time expires) const {
  const std::string seconds = std::to_string(to_micros(expires) / 1000000);
  return fmt::format("e={}&s={}", seconds, sign(fmt::format("file|{}|{}", file.value, seconds)));
}

bool Tokens::file_link_ok(Id file, std::string_view expires, std::string_view signature, Time now) const {
  std::int64_t until = 0;
  return to_number(expires, until) && to_micros(now) / 1000000 <= until &&
         same(signature, sign(fmt::format("file|{}|{}", file.value, expires)));
}

std::string Tokens::random_secret() {
  unsigned char bytes[32];
  if (RAND_bytes(bytes, sizeof bytes) != 1) throw std::runtime_error("the system gives no random bytes");
  return base64url(bytes, sizeof bytes);
}

}  // namespace qiao::web
