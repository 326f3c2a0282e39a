#pragma once

#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outbound_socket.hpp"

namespace qiao::detail {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  /// "1.2.3.4:80" or "[2001::1]:80".
  [[nodiscard]] std::string text(std::uint16_t port) const;
};

/// An address that is written in numbers; empty for names.
std::optional<Address> numeric_address(const std::string& text);
void set_port(Address& address, std::uint16_t port);

/// The addresses of a host, by the system's resolver; at least one. It waits until the deadline, and looks every 50 ms
/// whether `closed`. `hanging` counts look-ups that the resolver has not let go, of which there may be four.
Result<std::vector<Address>> resolve_host(const std::string& host, SteadyClock::time_point deadline,
                                          const std::shared_ptr<std::atomic<int>>& hanging,
                                          const std::function<bool()>& closed);

/// A socket connected to the first of them that accepts, or -1 with `ended` saying why.
int connect_to_any(const std::vector<Address>& addresses, SteadyClock::time_point until, int wake, Ended& ended);

}  // namespace qiao::detail
