#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// \file
/// The few primitives that the vault is made of, by OpenSSL. Any thread; contexts are kept a thread.

namespace qiao::core::crypto {

/// 256 bits that are wiped from memory with the object.
class Key {
 public:
  static constexpr std::size_t kSize = 32;
  Key() = default;
  explicit Key(std::span<const unsigned char, kSize> bytes);
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key();
  /// Fresh from the system's random numbers; nullopt when it has none.
  static std::optional<Key> random();

  [[nodiscard]] const unsigned char* data() const noexcept { return bytes_.data(); }
  [[nodiscard]] unsigned char* data() noexcept { return bytes_.data(); }
  [[nodiscard]] std::string_view view() const noexcept { return {reinterpret_cast<const char*>(bytes_.data()), kSize}; }

 private:
  std::array<unsigned char, kSize> bytes_{};
};

inline constexpr std::size_t kNonceSize = 12;
inline constexpr std::size_t kTagSize = 16;
/// What sealing adds to a text.
inline constexpr std::size_t kSealSize = kNonceSize + kTagSize;

/// AES-256-GCM with a given nonce: writes the ciphertext (as long as `plain`) and the tag behind it. `out` has room for
/// both. False: OpenSSL failed.
[[nodiscard]] bool gcm_seal(const Key& key, std::string_view nonce, std::string_view aad, std::string_view plain,
                            char* out) noexcept;
/// Takes ciphertext and tag; writes the plain text. False: it is not what was sealed, and `out` holds nothing of it.
[[nodiscard]] bool gcm_open(const Key& key, std::string_view nonce, std::string_view aad, std::string_view sealed,
                            char* out) noexcept;

/// Appends random nonce, ciphertext and tag to `out`.
[[nodiscard]] bool seal_onto(std::string& out, const Key& key, std::string_view aad, std::string_view plain);
/// Opens nonce, ciphertext and tag; nullopt when they are not what was sealed.
[[nodiscard]] std::optional<std::string> open(const Key& key, std::string_view aad, std::string_view sealed);
/// The same for a key within; nullopt also when it is no key.
[[nodiscard]] std::optional<Key> open_key(const Key& key, std::string_view aad, std::string_view sealed);

[[nodiscard]] bool random_bytes(std::span<unsigned char> out) noexcept;

/// HKDF-SHA256 (RFC 5869); `out` is at most 255 times 32 bytes.
[[nodiscard]] bool hkdf(std::string_view secret, std::string_view salt, std::string_view info,
                        std::span<unsigned char> out);
/// A key for one purpose, derived from another.
[[nodiscard]] std::optional<Key> derive(const Key& from, std::string_view info);

using Digest = std::array<unsigned char, 32>;
/// HMAC-SHA256 with the key's work done once. Any thread.
class Hmac {
 public:
  explicit Hmac(std::string_view key);
  Hmac(Hmac&& other) noexcept;
  Hmac& operator=(Hmac&&) = delete;
  ~Hmac();
  [[nodiscard]] Digest of(std::string_view data) const;

 private:
  void* inner_ = nullptr;  // EVP_MD_CTX after the padded key
  void* outer_ = nullptr;
};

[[nodiscard]] std::string hex(std::span<const unsigned char> bytes);
/// Bytes of hexadecimal digits; nullopt when it is something else.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);
/// RFC 4648 with the URL alphabet, without padding.
[[nodiscard]] std::string base64url(std::span<const unsigned char> bytes);
/// Either alphabet, with or without padding; nullopt when it is something else.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace qiao::core::crypto
