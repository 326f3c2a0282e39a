#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "qiao/result.hpp"

namespace qiao::detail {

/// The parts of an absolute http(s) URL. Only one spelling of a host is taken: a DNS name in ASCII, a dotted quad, or
/// an IPv6 address in brackets. What other programs might read as an address (octal, hex, short forms, a trailing dot,
/// percent signs, user names) is refused, so that nobody can mean something else by it.
struct UrlParts {
  bool tls = false;
  std::string host;  ///< lower case, without brackets
  bool literal = false;
  std::uint16_t port = 0;
  std::string path;  ///< with the query; at least "/"

  [[nodiscard]] std::string host_port() const;
  /// What stands in the Host header.
  [[nodiscard]] std::string authority() const;
};
Result<UrlParts> parse_url(std::string_view url);

/// Why this address must not be called by what came from outside ("private", "loopback", …); empty when it may.
std::string_view special_address(const sockaddr* address);

}  // namespace qiao::detail
