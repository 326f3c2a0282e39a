#pragma once

#include <string>
#include <string_view>

namespace qiao::llm {

struct Tc3 {
  std::string secret_id;
  std::string secret_key;
  std::string host;     ///< e.g. "hunyuan.tencentcloudapi.com"
  std::string service;  ///< its first part
};

/// The Authorization header of Tencent Cloud's TC3-HMAC-SHA256 for a POST to "/" with the content type
/// application/json. `timestamp` in seconds since 1970, the same as in X-TC-Timestamp.
[[nodiscard]] std::string tc3_authorization(const Tc3& who, std::int64_t timestamp, std::string_view body);

}  // namespace qiao::llm
