#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/gateway/limits.hpp"
#include "qiao/http.hpp"
#include "qiao/log.hpp"
#include "qiao/metrics.hpp"

namespace qiao::core {

struct GatewayOptions {
  std::vector<std::string> listen{"127.0.0.1:8080"};  ///< "address:port", "[::1]:port"; port 0 takes a free one
  std::vector<std::string> listen_tls;                ///< the same, over TLS
  std::string certificate;                            ///< PEM chain, for `listen_tls`
  std::string private_key;                            ///< PEM
  unsigned threads = 1;

  std::vector<std::string> trusted_proxies;  ///< networks whose X-Forwarded-For and X-Forwarded-Proto are believed
  std::vector<std::string> unlimited{"127.0.0.0/8", "::1"};  ///< networks that the limits by address leave alone
  LimitOptions limits;
  unsigned max_connections = 0;  ///< 0: what the descriptor limit allows
  unsigned max_blocking = 512;   ///< requests waiting for or running on the pool; beyond: 503

  std::chrono::milliseconds header_timeout{5000};
  std::chrono::milliseconds body_grace{5000};  ///< before `body_rate` counts
  std::size_t body_rate = 1024;                ///< bytes a second
  std::chrono::milliseconds keep_alive{60000};
  std::chrono::milliseconds answer_timeout{30000};  ///< a handler that has not answered by then: 504
  std::chrono::milliseconds write_timeout{30000};   ///< for the client to take something of what is being sent
  std::chrono::milliseconds close_timeout{2000};    ///< for the other side of a closing connection
  std::chrono::milliseconds tick{250};              ///< how exact all these are
  std::size_t max_head = 16 * 1024;
  std::size_t max_fields = 100;
  std::size_t body_memory = 256u << 20;  ///< of all bodies that are being received or handled; beyond: 503
  std::size_t socket_queue = 1 << 20;    ///< bytes queued to a WebSocket before it closes with 1013
};

/// What the gateway borrows; all of it outlives the gateway.
struct GatewayServices {
  Logger& log;
  Metrics& metrics;
  /// Runs work that may wait on another thread; false when there is no room.
  std::function<bool(std::function<void()>)> blocking;
  /// First thing on each I/O thread, to mark it.
  std::function<void()> on_thread_start{};
};

/// One instance's registrations. The controller thread registers, activates and revokes; see qiao::Http.
class InstanceHttp : public Http {
 public:
  /// Makes what was registered reachable, all at once, on every thread when it returns. Fails, changing nothing, when a
  /// route is wrong or another instance has it.
  virtual Result<void> activate() = 0;
  /// Takes it back: no handler starts any more, open WebSockets close with 1012, and running handlers, `on_close` of
  /// the sockets included, have returned; then all that the plugin handed over is destroyed. Idempotent. False: a
  /// handler was still running after `wait`; then nothing is destroyed, and the plugin's code must stay mapped. Not on
  /// an I/O thread.
  virtual bool revoke(std::chrono::milliseconds wait = std::chrono::seconds(10)) = 0;
};

/// The hub's public HTTP front.
class Gateway {
 public:
  /// Requests in flight when `stop` is called have so long to finish.
  static constexpr std::chrono::milliseconds kStopWait{5000};

  Gateway(GatewayOptions options, GatewayServices services);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Binds and serves. Errors name the listener: `http.bind`, `http.tls`, `http.bad_option`.
  Result<void> start();
  /// Takes nothing new, finishes what runs, closes WebSockets with 1001, joins the threads. Idempotent.
  void stop(std::chrono::milliseconds wait = kStopWait);
  /// "127.0.0.1:43211" of each listener, plain ones first, with the ports really bound.
  [[nodiscard]] std::vector<std::string> addresses() const;
  [[nodiscard]] std::uint16_t port(std::size_t listener = 0) const;

  /// A door for one instance; it is destroyed before the gateway, and revoked by its destructor if it was not before.
  std::unique_ptr<InstanceHttp> attach(const std::string& instance);
  /// `fresh` takes over from `old` between two requests. `old` keeps what it is doing; revoke it afterwards.
  Result<void> replace(InstanceHttp& old, InstanceHttp& fresh);

  [[nodiscard]] std::size_t open_connections() const;
  /// The OpenAPI document of what is reachable now.
  [[nodiscard]] std::string openapi() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace qiao::core
