#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "connectors/channel/token_keeper.hpp"
#include "connectors/platform/http_answer.hpp"

/// \file
/// Waking devices: what every push service is told, and how their failures are told apart.

namespace qiao::app {

/// Where a customer's app can be woken.
struct Device {
  std::string provider{};  ///< apns, fcm, jpush, getui
  std::string token{};
  bool sandbox = false;  ///< a debug build on APNs
  std::string language{};
  std::int32_t utc_offset = 0;  ///< minutes
};
QIAO_FIELDS(Device, provider, token, sandbox, language, utc_offset)

struct Notice {
  std::string key{};  ///< the same in every try for this device; 24 characters of 0-9 a-f
  std::string conversation{};
  std::string title{};
  std::string body{};
  int badge = 0;
  bool silent = false;  ///< shown, without a sound
  std::chrono::seconds life{3600};
};

/// Failures that decide what happens next. `unavailable`, `timeout` and `rate_limited` (after `retry_after`) are tried
/// again; any other code drops this push.
namespace failure {
inline constexpr const char* kGone = "push.gone";
inline constexpr const char* kCredentials = "push.credentials";
/// The access token is over; heals once, see `with_token`.
inline constexpr const char* kTokenOver = "push.token_over";
/// The service does not know this token any more: the device is forgotten.
inline Error gone() { return {Errc::not_found, kGone, "the service does not know this device any more"}; }
/// The operator must act; `says` what to do.
inline Error credentials(std::string says) { return {Errc::unauthorized, kCredentials, std::move(says)}; }
}  // namespace failure

/// One push service. Calls wait; any thread.
class PushService {
 public:
  virtual ~PushService() = default;
  virtual Result<void> push(const Device& device, const Notice& notice) = 0;
  /// Tries address and credentials without waking anybody; a sentence for the operator.
  virtual Result<std::string> test() = 0;
};

/// Under which name of Memory the access token of these credentials lies: with others it is another one, so that what
/// was made with a wrong key is not used after the operator has put in the right one.
std::string token_name(std::string_view service, std::initializer_list<std::string_view> credentials);

/// A rate or load answer: `retry_after` from the header, or `otherwise`.
Error busy(std::string_view service, const OutboundResponse& response, std::chrono::milliseconds otherwise);

/// `call(token)`; when the service says that the token is over, once more with a new one.
template <class F>
Result<void> with_token(channel::TokenKeeper& tokens, F call) {
  Result<void> result;
  for (int tries = 0; tries < 2; ++tries) {
    auto token = tokens.get();
    if (!token && token.error().id == "channel.token") return failure::credentials(token.error().message);
    if (!token) return token.error();
    result = call(*token);
    if (result || result.error().id != failure::kTokenOver) return result;
    tokens.reject(*token);
  }
  return result;
}

}  // namespace qiao::app
