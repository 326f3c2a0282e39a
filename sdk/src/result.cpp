#include "qiao/result.hpp"

namespace qiao {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::bad_value:
      return "bad_value";
    case Errc::unauthorized:
      return "unauthorized";
    case Errc::forbidden:
      return "forbidden";
    case Errc::not_found:
      return "not_found";
    case Errc::conflict:
      return "conflict";
    case Errc::too_large:
      return "too_large";
    case Errc::rate_limited:
      return "rate_limited";
    case Errc::overloaded:
      return "overloaded";
    case Errc::unavailable:
      return "unavailable";
    case Errc::timeout:
      return "timeout";
    case Errc::would_deadlock:
      return "would_deadlock";
    case Errc::cancelled:
      return "cancelled";
    case Errc::unsupported:
      return "unsupported";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

int http_status(Errc code) noexcept {
  switch (code) {
    case Errc::bad_value:
      return 400;
    case Errc::unauthorized:
      return 401;
    case Errc::forbidden:
      return 403;
    case Errc::not_found:
      return 404;
    case Errc::conflict:
      return 409;
    case Errc::too_large:
      return 413;
    case Errc::rate_limited:
      return 429;
    case Errc::overloaded:
    case Errc::unavailable:
    case Errc::cancelled:
      return 503;
    case Errc::timeout:
      return 504;
    case Errc::unsupported:
      return 501;
    case Errc::would_deadlock:
    case Errc::internal:
      return 500;
  }
  return 500;
}

}  // namespace qiao
