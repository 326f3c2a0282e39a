#include "plugins/llm/client/tc3.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "connectors/channel/signing.hpp"

namespace qiao::llm {

using channel::hex;
using channel::hmac_sha256;
using channel::sha256;

std::string tc3_authorization(const Tc3& who, std::int64_t timestamp, std::string_view body) {
  const std::string date = fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(timestamp)));
  const std::string scope = fmt::format("{}/{}/tc3_request", date, who.service);
  const std::string canonical = fmt::format(
      "POST\n/\n\ncontent-type:application/json\nhost:{}\n\ncontent-type;host\n{}", who.host, hex(sha256(body)));
  const std::string to_sign = fmt::format("TC3-HMAC-SHA256\n{}\n{}\n{}", timestamp, scope, hex(sha256(canonical)));
  const std::string key =
      hmac_sha256(hmac_sha256(hmac_sha256("TC3" + who.secret_key, date), who.service), "tc3_request");
  return fmt::format("TC3-HMAC-SHA256 Credential={}/{}, SignedHeaders=content-type;host, Signature={}", who.secret_id,
                     scope, hex(hmac_sha256(key, to_sign)));
}

}  // namespace qiao::llm
