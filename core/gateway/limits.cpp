#include "core/gateway/limits.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace qiao::core {
namespace {

struct AddressHash {
  std::size_t operator()(const Address& a) const noexcept {
    std::uint64_t parts[2];
    std::memcpy(parts, a.bytes.data(), 16);
    return static_cast<std::size_t>((parts[0] ^ (parts[1] * 0x9E3779B97F4A7C15ull)) * 0xff51afd7ed558ccdull >> 7);
  }
};

struct PerAddress {
  TokenBucket requests;
  TokenBucket connections;
  unsigned open = 0;
};

/// Forgets those that have nothing to remember; when all have, an arbitrary quarter, which errs towards the client.
template <class Map, class Idle>
void make_room(Map& map, std::size_t most, Idle idle) {
  if (map.size() < most) return;
  std::erase_if(map, [&](const auto& item) { return idle(item.second); });
  std::size_t drop = map.size() < most ? 0 : most / 4;
  for (auto it = map.begin(); it != map.end() && drop > 0; --drop) it = map.erase(it);
}

}  // namespace

std::chrono::milliseconds TokenBucket::take(Clock::time_point now, double rate, double burst) {
  if (rate <= 0) return std::chrono::milliseconds(0);
  if (tokens < 0) {
    tokens = burst;
  } else {
    // Another thread may have come later and been served first.
    now = std::max(now, last);
    tokens = std::min(burst, tokens + std::chrono::duration<double>(now - last).count() * rate);
  }
  last = now;
  if (tokens >= 1) {
    tokens -= 1;
    return std::chrono::milliseconds(0);
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>((1 - tokens) / rate * 1000) + 1);
}

bool TokenBucket::full(Clock::time_point now, double rate, double burst) const {
  return tokens < 0 || tokens + std::chrono::duration<double>(now - last).count() * rate >= burst;
}

std::optional<Address> Address::parse(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  const std::string copy(text);
  Address out;
  if (inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) return out;
  out = {};
  out.bytes[10] = out.bytes[11] = 0xff;
  if (inet_pton(AF_INET, copy.c_str(), out.bytes.data() + 12) == 1) return out;
  return std::nullopt;
}

bool Address::v4() const noexcept {
  static constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(bytes.data(), kMapped, sizeof kMapped) == 0;
}

std::string Address::str() const {
  char text[INET6_ADDRSTRLEN];
  return v4() ? inet_ntop(AF_INET, bytes.data() + 12, text, sizeof text)
              : inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
}

Address Address::limit_key() const noexcept {
  Address key = *this;
  if (!v4()) std::fill(key.bytes.begin() + 8, key.bytes.end(), std::uint8_t{0});
  return key;
}

bool Networks::add(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (!address) return false;
  unsigned bits = address->v4() ? 32 : 128;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    unsigned given = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), given);
    if (failed != std::errc() || end != digits.data() + digits.size() || given > bits) return false;
    bits = given;
  }
  list_.push_back({*address, address->v4() ? bits + 96 : bits});
  return true;
}

bool Networks::contains(const Address& address) const noexcept {
  return std::any_of(list_.begin(), list_.end(), [&](const Network& n) {
    const std::size_t whole = n.bits / 8;
    if (!std::equal(address.bytes.begin(), address.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                    n.address.bytes.begin())) {
      return false;
    }
    const unsigned rest = n.bits % 8;
    return rest == 0 || ((address.bytes[whole] ^ n.address.bytes[whole]) >> (8 - rest)) == 0;
  });
}

ClientAddress client_address(const Address& peer, bool tls, const Networks& trusted, std::string_view forwarded_for,
                             std::string_view forwarded_proto) {
  ClientAddress out{peer, tls};
  if (!trusted.contains(peer)) return out;
  if (!forwarded_proto.empty()) out.secure = forwarded_proto == "https";
  while (!forwarded_for.empty()) {
    const std::size_t comma = forwarded_for.rfind(',');
    std::string_view last = comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1);
    forwarded_for = comma == std::string_view::npos ? std::string_view() : forwarded_for.substr(0, comma);
    while (!last.empty() && last.front() == ' ') last.remove_prefix(1);
    while (!last.empty() && last.back() == ' ') last.remove_suffix(1);
    const auto address = Address::parse(last);
    if (!address) break;
    out.address = *address;
    if (!trusted.contains(*address)) break;
  }
  return out;
}

struct Limits::Shard {
  std::mutex mutex;
  std::unordered_map<Address, PerAddress, AddressHash> addresses;
  std::unordered_map<Id, TokenBucket> sessions;
};

Limits::Limits(LimitOptions options, Networks exempt)
    : options_(options), exempt_(std::move(exempt)), shards_(std::make_unique<Shard[]>(kShards)) {}
Limits::~Limits() = default;

bool Limits::connected(const Address& peer, Now now) {
  if (exempt(peer)) return true;
  const Address key = peer.limit_key();
  Shard& shard = shards_[AddressHash{}(key) % kShards];
  std::lock_guard lock(shard.mutex);
  make_room(shard.addresses, kMostEntries, [&](const PerAddress& a) {
    return a.open == 0 && a.requests.full(now, options_.requests_per_second, 2 * options_.requests_per_second) &&
           a.connections.full(now, options_.connections_per_second, 2 * options_.connections_per_second);
  });
  PerAddress& entry = shard.addresses[key];
  if (entry.open >= options_.connections_per_address) return false;
  if (entry.connections.take(now, options_.connections_per_second, 2 * options_.connections_per_second).count() > 0) {
    return false;
  }
  ++entry.open;
  return true;
}

void Limits::disconnected(const Address& peer) {
  if (exempt(peer)) return;
  const Address key = peer.limit_key();
  Shard& shard = shards_[AddressHash{}(key) % kShards];
  std::lock_guard lock(shard.mutex);
  const auto found = shard.addresses.find(key);
  if (found != shard.addresses.end() && found->second.open > 0) --found->second.open;
}

std::chrono::milliseconds Limits::request(const Address& client, Now now) {
  if (exempt(client)) return std::chrono::milliseconds(0);
  const Address key = client.limit_key();
  Shard& shard = shards_[AddressHash{}(key) % kShards];
  std::lock_guard lock(shard.mutex);
  return shard.addresses[key].requests.take(now, options_.requests_per_second, 2 * options_.requests_per_second);
}

std::chrono::milliseconds Limits::session_request(Id session, Now now) {
  if (!session) return std::chrono::milliseconds(0);
  Shard& shard = shards_[std::hash<Id>{}(session) >> 32 & (kShards - 1)];
  std::lock_guard lock(shard.mutex);
  const double burst = 2 * options_.session_requests_per_second;
  make_room(shard.sessions, kMostEntries,
            [&](const TokenBucket& b) { return b.full(now, options_.session_requests_per_second, burst); });
  return shard.sessions[session].take(now, options_.session_requests_per_second, burst);
}

}  // namespace qiao::core
