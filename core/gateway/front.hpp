#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "core/gateway/gateway.hpp"
#include "core/gateway/io_thread.hpp"
#include "core/gateway/limits.hpp"
#include "core/gateway/route_table.hpp"

namespace qiao::core {

/// Why something was refused; the label of qiao_http_refused_total.
enum class Refused : std::uint8_t {
  malformed,
  too_large,
  too_slow,
  connections,
  address_rate,
  session_rate,
  not_logged_in,
  not_allowed,
  cross_site,
  overloaded,
  origin,
  frame,
  frame_rate,
  idle,
  slow_reader,
  kCount,
};

/// The gateway's figures. References are taken once; using them is one atomic add.
struct FrontMetrics {
  explicit FrontMetrics(Metrics& metrics);
  std::array<Counter*, 6> answers;  ///< by first digit of the status
  std::array<Counter*, static_cast<std::size_t>(Refused::kCount)> refusals;
  Gauge& open_connections;
  Gauge& open_sockets;
  Counter& frames_in;
  Counter& frames_out;
  Counter& blocking_full;
  void refused(Refused reason) const { refusals[static_cast<std::size_t>(reason)]->add(); }
};

/// What all connections share. Outlives every open one, and the work that they handed to the pool.
struct Front : std::enable_shared_from_this<Front> {
  Front(GatewayOptions o, GatewayServices s, Networks exempt)
      : options(std::move(o)),
        services(std::move(s)),
        limits(options.limits, std::move(exempt)),
        metrics(services.metrics) {}

  GatewayOptions options;
  GatewayServices services;
  Networks trusted;
  Limits limits;
  FrontMetrics metrics;
  unsigned max_connections = 0;
  std::atomic<unsigned> connections{0};
  std::atomic<unsigned> blocking{0};
  std::atomic<std::size_t> body_bytes{0};
  std::atomic<bool> stopping{false};
};

/// An I/O thread and the routes that it sees; a new table is handed to each thread, so that looking up needs no lock.
struct Worker {
  std::shared_ptr<IoThread> io;
  std::shared_ptr<const RouteTable> table;  ///< on the thread
};

/// One place among the open connections, of the hub and of its address.
class ConnectionSlot {
 public:
  static std::unique_ptr<ConnectionSlot> take(Front& front, const Address& peer);
  ~ConnectionSlot();
  ConnectionSlot(const ConnectionSlot&) = delete;
  ConnectionSlot& operator=(const ConnectionSlot&) = delete;

 private:
  ConnectionSlot(Front& front, const Address& peer, bool counted) : front_(front), peer_(peer), counted_(counted) {}
  Front& front_;
  Address peer_;
  bool counted_;  ///< by its address
};

/// Who asks, by the authenticators of the active instances; on the I/O thread.
Result<Principal> authenticate(const RouteTable& table, const HttpRequest& request, Logger& log);
/// Nothing when `request` may use a route with `access`.
std::optional<HttpResponse> check_access(const Access& access, const HttpRequest& request, const Result<Principal>& who,
                                         FrontMetrics& metrics);
/// A browser sends cookies along with other sites' requests; those must not change anything.
bool is_cross_site(const HttpRequest& request);
/// Whether a WebSocket's Origin may connect. Programs that are no browsers send none.
bool origin_allowed(const HttpRequest& request, const std::vector<std::string>& origins);

}  // namespace qiao::core
