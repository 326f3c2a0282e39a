#include "core/vault/crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

namespace qiao::core::crypto {
namespace {

struct Free {
  void operator()(EVP_CIPHER_CTX* c) const { EVP_CIPHER_CTX_free(c); }
  void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
  void operator()(EVP_KDF* k) const { EVP_KDF_free(k); }
  void operator()(EVP_KDF_CTX* c) const { EVP_KDF_CTX_free(c); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Free>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free>;

/// Looked up once: a lookup by name takes longer than sealing a message.
const EVP_CIPHER* aes_gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}
const EVP_MD* sha256() {
  static const EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return digest;
}

/// One context a thread and direction, which knows its cipher already.
EVP_CIPHER_CTX* context(bool sealing) {
  thread_local const auto make = [](int encrypt) {
    CipherContext made(EVP_CIPHER_CTX_new());
    if (!made || EVP_CipherInit_ex(made.get(), aes_gcm(), nullptr, nullptr, nullptr, encrypt) != 1) made.reset();
    return made;
  };
  thread_local const CipherContext seal = make(1);
  thread_local const CipherContext open = make(0);
  return sealing ? seal.get() : open.get();
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes(char* text) { return reinterpret_cast<unsigned char*>(text); }
int length(std::string_view text) { return static_cast<int>(text.size()); }

constexpr std::size_t kLargest = std::size_t{1} << 30U;

/// Random bytes in advance, because a call for 12 of them costs as much as one for a thousand. Used ones are wiped.
class NoncePool {
 public:
  bool take(char* out) {
    if (left_ < kNonceSize) {
      if (RAND_bytes(pool_.data(), static_cast<int>(pool_.size())) != 1) return false;
      left_ = pool_.size();
    }
    unsigned char* const from = pool_.data() + (pool_.size() - left_);
    std::memcpy(out, from, kNonceSize);
    std::memset(from, 0, kNonceSize);
    left_ -= kNonceSize;
    return true;
  }

 private:
  std::array<unsigned char, 85 * kNonceSize> pool_{};
  std::size_t left_ = 0;
};

}  // namespace

Key::Key(std::span<const unsigned char, kSize> bytes) { std::copy(bytes.begin(), bytes.end(), bytes_.begin()); }

Key::~Key() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

std::optional<Key> Key::random() {
  Key key;
  if (!random_bytes({key.data(), kSize})) return std::nullopt;
  return key;
}

bool gcm_seal(const Key& key, std::string_view nonce, std::string_view aad, std::string_view plain,
              char* out) noexcept {
  EVP_CIPHER_CTX* const c = context(true);
  if (c == nullptr || nonce.size() != kNonceSize || plain.size() > kLargest) return false;
  int written = 0;
  return EVP_EncryptInit_ex(c, nullptr, nullptr, key.data(), bytes(nonce)) == 1 &&
         (aad.empty() || EVP_EncryptUpdate(c, nullptr, &written, bytes(aad), length(aad)) == 1) &&
         (plain.empty() || EVP_EncryptUpdate(c, bytes(out), &written, bytes(plain), length(plain)) == 1) &&
         EVP_EncryptFinal_ex(c, bytes(out) + plain.size(), &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, kTagSize, out + plain.size()) == 1;
}

bool gcm_open(const Key& key, std::string_view nonce, std::string_view aad, std::string_view sealed,
              char* out) noexcept {
  EVP_CIPHER_CTX* const c = context(false);
  if (c == nullptr || nonce.size() != kNonceSize || sealed.size() < kTagSize || sealed.size() > kLargest) return false;
  const std::string_view cipher = sealed.substr(0, sealed.size() - kTagSize);
  std::array<unsigned char, kTagSize> tag;
  std::memcpy(tag.data(), sealed.data() + cipher.size(), kTagSize);
  int written = 0;
  const bool good =
      EVP_DecryptInit_ex(c, nullptr, nullptr, key.data(), bytes(nonce)) == 1 &&
      (aad.empty() || EVP_DecryptUpdate(c, nullptr, &written, bytes(aad), length(aad)) == 1) &&
      (cipher.empty() || EVP_DecryptUpdate(c, bytes(out), &written, bytes(cipher), length(cipher)) == 1) &&
      EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(c, bytes(out) + cipher.size(), &written) == 1;
  if (!good) OPENSSL_cleanse(out, cipher.size());
  return good;
}

bool seal_onto(std::string& out, const Key& key, std::string_view aad, std::string_view plain) {
  thread_local NoncePool nonces;
  const std::size_t start = out.size();
  out.resize(start + kSealSize + plain.size());
  char* const nonce = out.data() + start;
  if (nonces.take(nonce) && gcm_seal(key, {nonce, kNonceSize}, aad, plain, nonce + kNonceSize)) return true;
  out.resize(start);
  return false;
}

std::optional<std::string> open(const Key& key, std::string_view aad, std::string_view sealed) {
  if (sealed.size() < kSealSize) return std::nullopt;
  std::string plain(sealed.size() - kSealSize, '\0');
  if (!gcm_open(key, sealed.substr(0, kNonceSize), aad, sealed.substr(kNonceSize), plain.data())) return std::nullopt;
  return plain;
}

std::optional<Key> open_key(const Key& key, std::string_view aad, std::string_view sealed) {
  if (sealed.size() != kSealSize + Key::kSize) return std::nullopt;
  Key opened;
  if (!gcm_open(key, sealed.substr(0, kNonceSize), aad, sealed.substr(kNonceSize),
                reinterpret_cast<char*>(opened.data()))) {
    return std::nullopt;
  }
  return opened;
}

bool random_bytes(std::span<unsigned char> out) noexcept {
  return RAND_bytes(out.data(), static_cast<int>(out.size())) == 1;
}

bool hkdf(std::string_view secret, std::string_view salt, std::string_view info, std::span<unsigned char> out) {
  const std::unique_ptr<EVP_KDF, Free> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  const std::unique_ptr<EVP_KDF_CTX, Free> c(kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr);
  if (!c) return false;
  char digest[] = "SHA256";
  const auto octets = [](const char* name, std::string_view value) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(value.data()), value.size());
  };
  const OSSL_PARAM with_salt[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                                  octets(OSSL_KDF_PARAM_KEY, secret), octets(OSSL_KDF_PARAM_INFO, info),
                                  salt.empty() ? OSSL_PARAM_construct_end() : octets(OSSL_KDF_PARAM_SALT, salt),
                                  OSSL_PARAM_construct_end()};
  return EVP_KDF_derive(c.get(), out.data(), out.size(), with_salt) == 1;
}

std::optional<Key> derive(const Key& from, std::string_view info) {
  Key key;
  if (!hkdf(from.view(), {}, info, {key.data(), Key::kSize})) return std::nullopt;
  return key;
}

namespace {

constexpr std::size_t kBlock = 64;

EVP_MD_CTX* padded(const std::array<unsigned char, kBlock>& key, unsigned char with) {
  std::array<unsigned char, kBlock> pad;
  for (std::size_t i = 0; i < kBlock; ++i) pad[i] = key[i] ^ with;
  DigestContext c(EVP_MD_CTX_new());
  if (!c || EVP_DigestInit_ex(c.get(), sha256(), nullptr) != 1 || EVP_DigestUpdate(c.get(), pad.data(), kBlock) != 1) {
    throw std::runtime_error("SHA-256 is not available");
  }
  OPENSSL_cleanse(pad.data(), kBlock);
  return c.release();
}

void digest_onto(const void* prepared, std::string_view data, unsigned char* out) {
  thread_local const DigestContext c(EVP_MD_CTX_new());
  if (EVP_MD_CTX_copy_ex(c.get(), static_cast<const EVP_MD_CTX*>(prepared)) != 1 ||
      EVP_DigestUpdate(c.get(), data.data(), data.size()) != 1 || EVP_DigestFinal_ex(c.get(), out, nullptr) != 1) {
    throw std::runtime_error("SHA-256 failed");
  }
}

}  // namespace

Hmac::Hmac(std::string_view key) {
  std::array<unsigned char, kBlock> block{};
  if (key.size() > kBlock) {
    if (EVP_Digest(key.data(), key.size(), block.data(), nullptr, sha256(), nullptr) != 1) {
      throw std::runtime_error("SHA-256 failed");
    }
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  inner_ = padded(block, 0x36);
  outer_ = padded(block, 0x5c);
  OPENSSL_cleanse(block.data(), block.size());
}

Hmac::Hmac(Hmac&& other) noexcept
    : inner_(std::exchange(other.inner_, nullptr)), outer_(std::exchange(other.outer_, nullptr)) {}

Hmac::~Hmac() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(inner_));
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(outer_));
}

Digest Hmac::of(std::string_view data) const {
  Digest digest;
  digest_onto(inner_, data, digest.data());
  digest_onto(outer_, {reinterpret_cast<const char*>(digest.data()), digest.size()}, digest.data());
  return digest;
}

std::string hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char b : bytes) {
    text += kDigits[b >> 4U];
    text += kDigits[b & 15U];
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string base64url(std::span<const unsigned char> bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int have = 0;
  for (const unsigned char b : bytes) {
    bits = bits << 8U | b;
    for (have += 8; have >= 6; have -= 6) text += kAlphabet[bits >> static_cast<unsigned>(have - 6) & 63U];
  }
  if (have > 0) text += kAlphabet[bits << static_cast<unsigned>(6 - have) & 63U];
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<std::uint32_t>(c - 'a' + 26);
    } else if (c >= '0' && c <= '9') {
      value = static_cast<std::uint32_t>(c - '0' + 52);
    } else if (c == '+' || c == '-') {
      value = 62;
    } else if (c == '/' || c == '_') {
      value = 63;
    } else {
      return std::nullopt;
    }
    bits = bits << 6U | value;
    if ((have += 6) >= 8) {
      have -= 8;
      out += static_cast<char>(bits >> static_cast<unsigned>(have) & 255U);
    }
  }
  return out;
}

}  // namespace qiao::core::crypto
