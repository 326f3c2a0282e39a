#include "connectors/channel/platform.hpp"

namespace qiao::channel {

namespace failure {

Error token(std::string says) { return {Errc::unauthorized, "channel.token", std::move(says)}; }

Error window_closed(std::string says) { return {Errc::forbidden, "channel.window_closed", std::move(says)}; }

Error user_rate(std::string says, std::chrono::milliseconds retry_after) {
  Error error{Errc::rate_limited, "channel.user_rate", std::move(says)};
  error.retry_after = retry_after;
  return error;
}

Error quota(std::string says, std::chrono::milliseconds retry_after) {
  Error error{Errc::rate_limited, "channel.quota", std::move(says)};
  error.retry_after = retry_after;
  return error;
}

Error unsupported(std::string says) { return {Errc::unsupported, "channel.unsupported", std::move(says)}; }

}  // namespace failure

Result<void> Platform::typing(const std::string&, bool) { return {}; }

Result<void> Platform::seen(const std::string&, const std::string&) { return {}; }

Result<std::int64_t> Platform::forget(const std::string&) { return 0; }

}  // namespace qiao::channel
