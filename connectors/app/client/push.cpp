#include "connectors/app/client/push.hpp"

#include <charconv>

#include "connectors/channel/signing.hpp"

namespace qiao::app {

std::string token_name(std::string_view service, std::initializer_list<std::string_view> credentials) {
  std::string all;
  for (const std::string_view one : credentials) all.append(one) += '\n';
  return std::string(service) + "-token-" + channel::hex(channel::sha256(all)).substr(0, 12);
}

Error busy(std::string_view service, const OutboundResponse& response, std::chrono::milliseconds otherwise) {
  const std::string_view header = response.header("retry-after");
  std::int64_t seconds = 0;
  const auto [end, bad] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  const bool read = bad == std::errc{} && end != header.data() && seconds > 0 && seconds <= 86400;
  Error error{Errc::rate_limited, "push.busy", std::string(service) + " wants fewer pushes"};
  error.retry_after = read ? std::chrono::milliseconds(seconds * 1000) : otherwise;
  return error;
}

}  // namespace qiao::app
