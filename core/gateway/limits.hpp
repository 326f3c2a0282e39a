#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "qiao/id.hpp"

namespace qiao::core {

/// Grants `rate` a second and saves up to `burst`.
struct TokenBucket {
  using Clock = std::chrono::steady_clock;
  double tokens = -1;  ///< below zero: fresh, full
  Clock::time_point last{};
  /// Zero: granted. Otherwise how long until one is.
  std::chrono::milliseconds take(Clock::time_point now, double rate, double burst);
  [[nodiscard]] bool full(Clock::time_point now, double rate, double burst) const;
};

/// An IPv4 or IPv6 address; IPv4 is kept as IPv4-mapped IPv6.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  static std::optional<Address> parse(std::string_view text);
  [[nodiscard]] std::string str() const;
  [[nodiscard]] bool v4() const noexcept;
  /// What limits count by: the address, for IPv6 its /64, which one household has.
  [[nodiscard]] Address limit_key() const noexcept;
  bool operator==(const Address&) const = default;
};

/// A list of networks such as 10.0.0.0/8, fe80::/10 or a single address.
class Networks {
 public:
  /// False, and unchanged, when `text` is not a network.
  bool add(std::string_view text);
  [[nodiscard]] bool contains(const Address& address) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return list_.empty(); }

 private:
  struct Network {
    Address address;
    unsigned bits;
  };
  std::vector<Network> list_;
};

struct ClientAddress {
  Address address;
  bool secure = false;
};
/// Who is really asking. A proxy's X-Forwarded-For is read from the right, past further trusted proxies; headers of
/// anybody else change nothing.
ClientAddress client_address(const Address& peer, bool tls, const Networks& trusted, std::string_view forwarded_for,
                             std::string_view forwarded_proto);

struct LimitOptions {
  unsigned connections_per_address = 1024;
  double connections_per_second = 100;  ///< new ones, an address; twice that at once
  double requests_per_second = 100;     ///< an address; twice that at once
  double session_requests_per_second = 50;
};

/// What one address and one session may take. Any thread; sharded.
class Limits {
 public:
  Limits(LimitOptions options, Networks exempt);
  ~Limits();
  using Now = TokenBucket::Clock::time_point;
  /// False: too many open or too fast. True must be paired with `disconnected`.
  bool connected(const Address& peer, Now now);
  void disconnected(const Address& peer);
  /// Zero, or how long to wait.
  std::chrono::milliseconds request(const Address& client, Now now);
  std::chrono::milliseconds session_request(Id session, Now now);
  [[nodiscard]] bool exempt(const Address& address) const noexcept { return exempt_.contains(address); }

 private:
  struct Shard;
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kMostEntries = 8192;  ///< a shard
  LimitOptions options_;
  Networks exempt_;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace qiao::core
