#pragma once

#include <memory>
#include <string>

#include "qiao/outbound.hpp"

namespace qiao::app {

/// Calls over HTTP/2 and TLS, many at once on one connection: APNs speaks nothing else. Only for addresses that stand
/// in the operator's settings: unlike OutboundClient it does not check where a name leads. No redirects, no proxy, at
/// most 64 KB of an answer. Any thread; errors as OutboundClient's.
class Http2Client {
 public:
  struct Settings {
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds timeout{10000};
    std::string ca_file;  ///< more trusted certificates, PEM
  };
  explicit Http2Client(Settings settings);
  ~Http2Client();
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  /// Waits for the answer. Blocking lanes. Sent once more when the connection broke, so only for what may be repeated.
  Result<OutboundResponse> send(const OutboundRequest& request);
  /// Wakes those who wait, with `cancelled`; later calls get the same.
  void close() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qiao::app
