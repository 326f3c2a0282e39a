#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qiao/result.hpp"

/// \file
/// The cryptography of webhooks and platform APIs, over OpenSSL. Digests are raw bytes; `hex` and `base64` write them.

namespace qiao::channel {

std::string md5(std::string_view data);
std::string sha1(std::string_view data);
std::string sha256(std::string_view data);
std::string hmac_sha1(std::string_view key, std::string_view data);
std::string hmac_sha256(std::string_view key, std::string_view data);
std::string hex(std::string_view bytes);  ///< lower case
std::string base64(std::string_view bytes);
/// Empty optional when it is not base64; `url` takes the URL alphabet; padding is optional.
Result<std::string> from_base64(std::string_view text, bool url = false);
std::string base64_url(std::string_view bytes);  ///< without padding
/// In constant time for equal lengths.
bool same(std::string_view a, std::string_view b);
/// SHA-1 over the sorted strings put together, as hex: how WeChat signs.
std::string sorted_sha1(std::vector<std::string> parts);

/// AES-CBC, 128 or 256 bits by the key. `padding` in bytes: 16 (PKCS#7) or 32 (WeChat's). Errors: `channel.decrypt`.
Result<std::string> aes_cbc_encrypt(std::string_view key, std::string_view iv, std::string_view plain,
                                    int padding = 16);
Result<std::string> aes_cbc_decrypt(std::string_view key, std::string_view iv, std::string_view sealed,
                                    int padding = 16);

/// JWT in compact form with RS256 or ES256, key in PEM; for FCM, APNs, service accounts. Errors: `channel.key`.
Result<std::string> sign_jwt(const std::string& algorithm, const std::string& header_json,
                             const std::string& claims_json, const std::string& private_key_pem);
Result<std::string> rsa_sha256_sign(std::string_view data, const std::string& private_key_pem);
Result<bool> rsa_sha256_verify(std::string_view data, std::string_view signature, const std::string& public_key_pem);

std::string random_bytes(std::size_t count);
std::string random_token(std::size_t length);  ///< A-Z a-z 0-9

}  // namespace qiao::channel
