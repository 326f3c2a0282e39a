#include "connectors/channel/wire.hpp"

#include <algorithm>

#include "qiao/utf8.hpp"

namespace qiao::channel {

std::string clip(std::string_view text, std::size_t bytes) { return std::string(utf8_head(text, bytes)); }

Time moment(std::int64_t value) {
  constexpr std::int64_t kLast = 4102444800;  // 2100 in seconds, 1970 in milliseconds
  if (value > kLast) return Time(std::chrono::milliseconds(std::min(value, kLast * 1000)));
  return Time(std::chrono::seconds(std::max<std::int64_t>(value, 0)));
}

bool is_final(const Error& error) {
  switch (error.code) {
    case Errc::unavailable:
    case Errc::timeout:
    case Errc::overloaded:
    case Errc::cancelled:
    case Errc::rate_limited:
    case Errc::internal:
    case Errc::would_deadlock:
      return false;
    default:
      return true;
  }
}

}  // namespace qiao::channel
