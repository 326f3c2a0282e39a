#include "connectors/channel/wechat_crypt.hpp"

#include <cstdint>
#include <utility>

#include "connectors/channel/signing.hpp"

namespace qiao::channel {

namespace {

constexpr std::size_t kRandom = 16;
constexpr std::size_t kHead = kRandom + 4;
constexpr std::size_t kIv = 16;
constexpr int kBlock = 32;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Error broken() { return {Errc::bad_value, "channel.decrypt", "the message cannot be decrypted: another key?"}; }

}  // namespace

WechatCrypt::WechatCrypt(std::string token, std::string key, std::string receiver)
    : token_(std::move(token)), key_(std::move(key)), receiver_(std::move(receiver)) {}

Result<WechatCrypt> WechatCrypt::make(std::string token, std::string_view aes_key, std::string receiver) {
  const Error wrong{Errc::bad_value, "channel.key",
                    "the EncodingAESKey must be the 43 letters and digits that the platform's console shows"};
  if (aes_key.size() != 43) return wrong;
  // 43 characters are 258 bits; consoles fill the two bits that are too many with anything.
  std::string text(aes_key);
  const std::size_t last = kAlphabet.find(text.back());
  if (last == std::string_view::npos) return wrong;
  text.back() = kAlphabet[last & ~std::size_t{3}];
  auto key = from_base64(text + "=");
  if (!key || key->size() != 32) return wrong;
  return WechatCrypt(std::move(token), std::move(*key), std::move(receiver));
}

std::string WechatCrypt::sign(std::string_view timestamp, std::string_view nonce, std::string_view sealed) const {
  return sorted_sha1({token_, std::string(timestamp), std::string(nonce), std::string(sealed)});
}

Result<std::string> WechatCrypt::open(std::string_view signature, std::string_view timestamp, std::string_view nonce,
                                      std::string_view sealed) const {
  if (sealed.empty() || !same(sign(timestamp, nonce, sealed), signature)) {
    return Error{Errc::unauthorized, "channel.signature", "the signature does not fit: another token?"};
  }
  return decrypt(sealed);
}

Result<std::string> WechatCrypt::decrypt(std::string_view sealed) const {
  auto bytes = from_base64(sealed);
  if (!bytes || bytes->empty()) return broken();
  auto plain = aes_cbc_decrypt(key_, std::string_view(key_).substr(0, kIv), *bytes, kBlock);
  if (!plain || plain->size() < kHead) return broken();
  std::uint32_t length = 0;
  for (std::size_t i = kRandom; i < kHead; ++i) length = length << 8 | static_cast<unsigned char>((*plain)[i]);
  if (length > plain->size() - kHead) return broken();
  if (std::string_view(*plain).substr(kHead + length) != receiver_) {
    return Error{Errc::forbidden, "channel.receiver", "the message is for another account than this one"};
  }
  return plain->substr(kHead, length);
}

Result<std::string> WechatCrypt::encrypt(std::string_view message) const {
  return encrypt(message, random_bytes(kRandom));
}

Result<std::string> WechatCrypt::encrypt(std::string_view message, std::string_view random) const {
  const auto length = static_cast<std::uint32_t>(message.size());
  std::string plain(random);
  for (int shift = 24; shift >= 0; shift -= 8) plain += static_cast<char>(length >> shift & 0xFF);
  plain.append(message).append(receiver_);
  auto sealed = aes_cbc_encrypt(key_, std::string_view(key_).substr(0, kIv), plain, kBlock);
  if (!sealed) return sealed.error();
  return base64(*sealed);
}

}  // namespace qiao::channel
