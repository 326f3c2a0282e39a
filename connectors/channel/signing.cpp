#include "connectors/channel/signing.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>

namespace qiao::channel {
namespace {

template <class T, void (*Free)(T*)>
struct Freed {
  void operator()(T* p) const noexcept { Free(p); }
};
using PKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX, EVP_MD_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string digest(const EVP_MD* method, std::string_view data) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(method)), '\0');
  if (EVP_Digest(data.data(), data.size(), bytes_of(out), nullptr, method, nullptr) != 1) {
    throw std::runtime_error("OpenSSL refused to hash");
  }
  return out;
}

std::string hmac(const EVP_MD* method, std::string_view key, std::string_view data) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(method)), '\0');
  if (HMAC(method, key.data(), static_cast<int>(key.size()), bytes_of(data), data.size(), bytes_of(out), nullptr) ==
      nullptr) {
    throw std::runtime_error("OpenSSL refused to sign");
  }
  return out;
}

PKey read_key(const std::string& pem, bool is_private) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                     &BIO_free);
  // Never asks anybody for a passphrase.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  return PKey(is_private ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr)
                         : PEM_read_bio_PUBKEY(in.get(), nullptr, no_passphrase, nullptr));
}

Result<std::string> sign_sha256(EVP_PKEY* key, std::string_view data) {
  const Error bad{Errc::internal, "channel.key", "OpenSSL could not sign with this key"};
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes_of(data), data.size()) != 1) {
    return bad;
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(data), data.size()) != 1) return bad;
  signature.resize(size);
  return signature;
}

/// JWT wants r and s beside each other, 32 bytes each, not OpenSSL's DER.
Result<std::string> plain_ecdsa(const std::string& der) {
  const unsigned char* at = bytes_of(std::string_view(der));
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), &ECDSA_SIG_free);
  std::string out(64, '\0');
  if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes_of(out), 32) != 32 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes_of(out) + 32, 32) != 32) {
    return Error{Errc::bad_value, "channel.key", "private key: expected an EC key on the curve P-256"};
  }
  return out;
}

Error bad_private_key(std::string_view kind) {
  return Error{Errc::bad_value, "channel.key",
               "private key: expected " + std::string(kind) + " in PEM, without a passphrase"};
}

}  // namespace

std::string md5(std::string_view data) { return digest(EVP_md5(), data); }
std::string sha1(std::string_view data) { return digest(EVP_sha1(), data); }
std::string sha256(std::string_view data) { return digest(EVP_sha256(), data); }
std::string hmac_sha1(std::string_view key, std::string_view data) { return hmac(EVP_sha1(), key, data); }
std::string hmac_sha256(std::string_view key, std::string_view data) { return hmac(EVP_sha256(), key, data); }

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  out.resize(static_cast<std::size_t>(EVP_EncodeBlock(bytes_of(out), bytes_of(bytes), static_cast<int>(bytes.size()))));
  return out;
}

std::string base64_url(std::string_view bytes) {
  std::string out = base64(bytes);
  while (out.ends_with('=')) out.pop_back();
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

Result<std::string> from_base64(std::string_view text, bool url) {
  const Error bad{Errc::bad_value, "channel.base64", "not base64"};
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return bad;
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<std::uint32_t>(c - 'a') + 26;
    } else if (c >= '0' && c <= '9') {
      value = static_cast<std::uint32_t>(c - '0') + 52;
    } else if (c == (url ? '-' : '+')) {
      value = 62;
    } else if (c == (url ? '_' : '/')) {
      value = 63;
    } else {
      return bad;
    }
    held = (held << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>((held >> bits) & 0xFF);
    }
  }
  return out;
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string sorted_sha1(std::vector<std::string> parts) {
  std::sort(parts.begin(), parts.end());
  std::string all;
  for (const std::string& part : parts) all += part;
  return hex(sha1(all));
}

namespace {

/// By the length of the key; null when there is none of that length.
const EVP_CIPHER* cbc_of(std::string_view key) {
  return key.size() == 32 ? EVP_aes_256_cbc() : key.size() == 16 ? EVP_aes_128_cbc() : nullptr;
}

}  // namespace

Result<std::string> aes_cbc_encrypt(std::string_view key, std::string_view iv, std::string_view plain, int padding) {
  const EVP_CIPHER* cipher = cbc_of(key);
  if (cipher == nullptr || iv.size() != 16) {
    return Error{Errc::bad_value, "channel.encrypt", "AES-CBC wants a key of 16 or 32 bytes and an IV of 16"};
  }
  std::string padded(plain);
  const auto block = static_cast<std::size_t>(padding);
  const std::size_t more = block - plain.size() % block;
  padded.append(more, static_cast<char>(more));
  std::string out(padded.size(), '\0');
  const CipherContext context(EVP_CIPHER_CTX_new());
  int size = 0;
  int tail = 0;
  if (EVP_EncryptInit_ex(context.get(), cipher, nullptr, bytes_of(key), bytes_of(iv)) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_EncryptUpdate(context.get(), bytes_of(out), &size, bytes_of(std::string_view(padded)),
                        static_cast<int>(padded.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), bytes_of(out) + size, &tail) != 1) {
    return Error{Errc::internal, "channel.encrypt", "OpenSSL could not encrypt"};
  }
  return out;
}

Result<std::string> aes_cbc_decrypt(std::string_view key, std::string_view iv, std::string_view sealed, int padding) {
  const Error bad{Errc::bad_value, "channel.decrypt", "the message cannot be decrypted: is the key the platform's?"};
  const EVP_CIPHER* cipher = cbc_of(key);
  if (cipher == nullptr || iv.size() != 16 || sealed.empty() || sealed.size() % 16 != 0) return bad;
  std::string out(sealed.size() + 16, '\0');
  const CipherContext context(EVP_CIPHER_CTX_new());
  int size = 0;
  int tail = 0;
  if (EVP_DecryptInit_ex(context.get(), cipher, nullptr, bytes_of(key), bytes_of(iv)) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_DecryptUpdate(context.get(), bytes_of(out), &size, bytes_of(sealed), static_cast<int>(sealed.size())) != 1 ||
      EVP_DecryptFinal_ex(context.get(), bytes_of(out) + size, &tail) != 1) {
    return bad;
  }
  out.resize(static_cast<std::size_t>(size + tail));
  const auto more = static_cast<unsigned char>(out.back());
  if (more == 0 || more > padding || more > out.size()) return bad;
  for (std::size_t i = out.size() - more; i < out.size(); ++i) {
    if (static_cast<unsigned char>(out[i]) != more) return bad;
  }
  out.resize(out.size() - more);
  return out;
}

Result<std::string> sign_jwt(const std::string& algorithm, const std::string& header_json,
                             const std::string& claims_json, const std::string& private_key_pem) {
  const bool elliptic = algorithm == "ES256";
  if (!elliptic && algorithm != "RS256") {
    return Error{Errc::bad_value, "channel.key", "algorithm: RS256 or ES256, got " + algorithm};
  }
  const PKey key = read_key(private_key_pem, true);
  if (!key || EVP_PKEY_get_base_id(key.get()) != (elliptic ? EVP_PKEY_EC : EVP_PKEY_RSA)) {
    return bad_private_key(elliptic ? "an EC key on the curve P-256" : "an RSA key");
  }
  std::string input = base64_url(header_json) + "." + base64_url(claims_json);
  auto signature = sign_sha256(key.get(), input);
  if (signature && elliptic) signature = plain_ecdsa(*signature);
  if (!signature) return signature.error();
  return input + "." + base64_url(*signature);
}

Result<std::string> rsa_sha256_sign(std::string_view data, const std::string& private_key_pem) {
  const PKey key = read_key(private_key_pem, true);
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return bad_private_key("an RSA key");
  return sign_sha256(key.get(), data);
}

Result<bool> rsa_sha256_verify(std::string_view data, std::string_view signature, const std::string& public_key_pem) {
  const PKey key = read_key(public_key_pem, false);
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return Error{Errc::bad_value, "channel.key", "public key: expected an RSA key in PEM"};
  }
  const DigestContext context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(data), data.size()) == 1;
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  if (RAND_bytes(bytes_of(out), static_cast<int>(count)) != 1) throw std::runtime_error("no random numbers");
  return out;
}

std::string random_token(std::size_t length) {
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  while (out.size() < length) {
    for (const char c : random_bytes(length - out.size())) {
      const auto value = static_cast<unsigned char>(c);
      if (value < 248) out += kLetters[value % kLetters.size()];  // 248 = 4 * 62: no letter is likelier
    }
  }
  return out;
}

}  // namespace qiao::channel
