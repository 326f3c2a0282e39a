#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/channel/wire.hpp"
#include "connectors/platform/json_answer.hpp"

/// \file
/// What the shop platform (千帆, Ark) speaks: signed calls and pushes. Knows no hub.

namespace qiao::xiaohongshu {

using channel::clip;
using channel::moment;

/// `sign` of a call: only these four and the secret are signed.
std::string ark_sign(std::string_view method, std::string_view app_id, std::string_view timestamp,
                     std::string_view version, std::string_view app_secret);

/// System parameters and the method's own side by side.
std::string ark_body(std::string_view method, const std::string& app_id, const std::string& app_secret,
                     std::string_view timestamp, const std::string& access_token, platform::Json parameters);

/// Signature of a push: MD5 of secret, sorted "k=v" joined with "&", secret. The signature itself is left out.
std::string ark_push_sign(std::vector<std::pair<std::string, std::string>> query, std::string_view signature_name,
                          std::string_view app_secret);

struct ArkPush {
  std::string tag;
  std::string seller;
  platform::Json data;
};
struct ArkPushes {
  bool test = false;  ///< the probe when the address is set
  std::vector<ArkPush> list;
};
/// Errors: `xiaohongshu.bad_answer`.
Result<ArkPushes> read_ark_pushes(std::string_view body);

/// The `data` of an answer, or its error.
Result<platform::Json> ark_data(std::string_view body);

/// What stands at a path like /a/b; null when nothing does.
const platform::Json& at_path(const platform::Json& value, const std::string& path);
/// The path as a text, at most `most` bytes.
std::string text_at(const platform::Json& value, const std::string& path, std::size_t most = 500);

}  // namespace qiao::xiaohongshu
