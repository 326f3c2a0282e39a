#pragma once

#include <string>
#include <string_view>

#include "qiao/result.hpp"

namespace qiao::channel {

/// The signed and encrypted callbacks of WeChat, which WeCom and several others took over: AES-256-CBC over
/// `16 random bytes | length of the message, 4 bytes, big-endian | message | receiver`, padded to 32 bytes, and a SHA-1
/// over token, timestamp, nonce and ciphertext. Immutable; any thread.
class WechatCrypt {
 public:
  /// `aes_key`: the console's EncodingAESKey, 43 characters. `receiver`: whom callbacks are for: the app id, the corp
  /// id. Errors: `channel.key`.
  static Result<WechatCrypt> make(std::string token, std::string_view aes_key, std::string receiver);

  /// `msg_signature` over ciphertext (an echostr is ciphertext too).
  [[nodiscard]] std::string sign(std::string_view timestamp, std::string_view nonce, std::string_view sealed) const;
  /// Checks the signature, decrypts and checks the receiver. Errors: `channel.signature` (unauthorized),
  /// `channel.decrypt`, `channel.receiver` (forbidden).
  [[nodiscard]] Result<std::string> open(std::string_view signature, std::string_view timestamp, std::string_view nonce,
                                         std::string_view sealed) const;
  /// `open` without a signature, for what carries none.
  [[nodiscard]] Result<std::string> decrypt(std::string_view sealed) const;
  [[nodiscard]] Result<std::string> encrypt(std::string_view message) const;
  /// `random`: 16 bytes, for known answers in tests.
  [[nodiscard]] Result<std::string> encrypt(std::string_view message, std::string_view random) const;

 private:
  WechatCrypt(std::string token, std::string key, std::string receiver);
  std::string token_;
  std::string key_;
  std::string receiver_;
};

}  // namespace qiao::channel
