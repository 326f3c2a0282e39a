#include "plugins/partners/secret.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace qiao::partners {
namespace {

constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kSecretLength = 3 + 43;

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string out(4 * ((size + 2) / 3) + 1, '\0');  // OpenSSL ends it with a NUL
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

template <std::size_t kSize>
std::array<unsigned char, kSize> digest(const EVP_MD* kind, std::string_view text) {
  std::array<unsigned char, kSize> hash{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), hash.data(), &size, kind, nullptr) != 1 || size != kSize)
    throw std::runtime_error("no digest from OpenSSL");
  return hash;
}

}  // namespace

std::string new_secret() {
  std::array<unsigned char, kRandomBytes> random{};
  if (RAND_bytes(random.data(), kRandomBytes) != 1) throw std::runtime_error("the system gives no random numbers");
  std::string text = base64(random.data(), random.size());
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(text.find_last_not_of('=') + 1);
  return std::string(kSecretPrefix) + text;
}

std::string secret_hash(std::string_view secret) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto hash = digest<32>(EVP_sha256(), secret);
  std::string out;
  out.reserve(2 * hash.size());
  for (const unsigned char byte : hash) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

bool looks_like_secret(std::string_view text) {
  return text.size() == kSecretLength && text.starts_with(kSecretPrefix);
}

std::string sha384_base64(std::string_view bytes) {
  const auto hash = digest<48>(EVP_sha384(), bytes);
  return base64(hash.data(), hash.size());
}

}  // namespace qiao::partners
