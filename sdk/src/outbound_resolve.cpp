#include "outbound_resolve.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

namespace qiao::detail {
namespace {

using namespace std::chrono_literals;

constexpr int kMaxResolving = 4;

/// The system's resolver knows no deadline, so it runs on a thread that is left behind when it hangs.
struct Resolving {
  std::mutex mutex;
  std::condition_variable ready;
  bool done = false;
  int error = 0;
  std::vector<Address> found;
};

std::shared_ptr<Resolving> start_resolving(const std::string& host, const std::shared_ptr<std::atomic<int>>& count) {
  auto state = std::make_shared<Resolving>();
  std::thread([state, host, count] {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    std::vector<Address> found;
    for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
      Address address;
      std::memcpy(&address.storage, a->ai_addr, a->ai_addrlen);
      address.size = a->ai_addrlen;
      found.push_back(address);
    }
    if (list != nullptr) ::freeaddrinfo(list);
    const std::lock_guard lock(state->mutex);
    state->done = true;
    state->error = error;
    state->found = std::move(found);
    state->ready.notify_all();
    count->fetch_sub(1);
  }).detach();
  return state;
}

}  // namespace

std::string Address::text(std::uint16_t port) const {
  char host[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr, host, sizeof host);
    return fmt::format("{}:{}", host, port);
  }
  ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr, host, sizeof host);
  return fmt::format("[{}]:{}", host, port);
}

std::optional<Address> numeric_address(const std::string& text) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    address.size = sizeof(sockaddr_in);
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    address.size = sizeof(sockaddr_in6);
  } else {
    return std::nullopt;
  }
  return address;
}

void set_port(Address& address, std::uint16_t port) {
  if (address.storage.ss_family == AF_INET) {
    reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = htons(port);
  }
}

Result<std::vector<Address>> resolve_host(const std::string& host, SteadyClock::time_point deadline,
                                          const std::shared_ptr<std::atomic<int>>& hanging,
                                          const std::function<bool()>& closed) {
  const auto unresolved = [&](std::string_view why) {
    return Error{Errc::unavailable, "outbound.unresolved", fmt::format("cannot find the address of {}: {}", host, why)};
  };
  if (const auto literal = numeric_address(host)) return std::vector<Address>{*literal};
  if (hanging->fetch_add(1) >= kMaxResolving) {
    hanging->fetch_sub(1);
    return unresolved("the name server does not answer");
  }
  const auto state = start_resolving(host, hanging);
  std::unique_lock lock(state->mutex);
  // Woken in slices, so that closing is noticed.
  while (!state->done && SteadyClock::now() < deadline && !closed()) {
    state->ready.wait_until(lock, std::min(deadline, SteadyClock::now() + 50ms));
  }
  if (closed()) return Error{Errc::cancelled, "the client was closed"};
  if (!state->done) return unresolved("the name server does not answer in time");
  if (state->error != 0) return unresolved(::gai_strerror(state->error));
  if (state->found.empty()) return unresolved("it has none");
  return state->found;
}

int connect_to_any(const std::vector<Address>& addresses, SteadyClock::time_point until, int wake, Ended& ended) {
  int fd = -1;
  for (auto address = addresses.begin(); address != addresses.end() && fd < 0; ++address) {
    // Later addresses get their part of the time, even when an earlier one swallows everything.
    const auto share = (until - SteadyClock::now()) / (addresses.end() - address);
    fd = connect_to(address->get(), address->size, SteadyClock::now() + share, wake, ended);
    if (ended == Ended::cancelled) return -1;
  }
  return fd;
}

}  // namespace qiao::detail
